package io.github.intruders.jobs.report;

import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.report.RunSummary.ForgettingSummary;
import java.util.List;

/**
 * What metrics say, as a person reads it in a terminal.
 *
 * @param lines the strongest correlations first
 * @param rejected how many files and entries were left out
 */
public record ForgettingReport(List<ForgettingSummary> lines, long rejected) {
  public ForgettingReport {
    lines = List.copyOf(lines);
  }

  /** The report as text. */
  public String render(TablePlace tables) {
    StringBuilder text = new StringBuilder(ConsoleReport.forgetting(lines));
    if (rejected > 0) {
      text.append(
          "Left out: %d; why: jobs/bin/intruders show rejects %s%n"
              .formatted(rejected, tables.options()));
    }
    return text.append("Tables in %s".formatted(tables.text())).toString();
  }
}
