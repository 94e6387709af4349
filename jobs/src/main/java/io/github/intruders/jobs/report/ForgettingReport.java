package io.github.intruders.jobs.report;

import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.report.RunSummary.ForgettingSummary;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What metrics say, as a person reads it in a terminal.
 *
 * @param lines the strongest correlations first
 * @param rejected how many files and entries were left out
 */
public record ForgettingReport(List<ForgettingSummary> lines, long rejected) {
  /** How many correlations are told at most. */
  static final int MAX_LINES = 200;

  private static final int LINES_SHOWN = 12;

  private static final Comparator<ForgettingSummary> STRONGEST_FIRST =
      Comparator.comparing(
              ForgettingReport::strength, Comparator.nullsLast(Comparator.<Double>reverseOrder()))
          .thenComparing(ForgettingSummary::metric)
          .thenComparing(ForgettingSummary::measure);

  public ForgettingReport {
    lines = List.copyOf(lines);
  }

  /**
   * What is told of correlations: the Spearman ones over all checkpoints, the strongest first, at
   * most {@value #MAX_LINES}.
   *
   * @param lines may hold any others too
   */
  public static List<ForgettingSummary> strongest(Stream<CorrelationLine> lines) {
    return lines
        .filter(CorrelationLine::isTold)
        .map(ForgettingSummary::of)
        .sorted(STRONGEST_FIRST)
        .limit(MAX_LINES)
        .toList();
  }

  private static Double strength(ForgettingSummary line) {
    return line.rho() == null ? null : (Double) Math.abs(line.rho());
  }

  /** The report as text. */
  public String render(TablePlace tables) {
    StringBuilder text = new StringBuilder(ConsoleReport.forgetting(lines, LINES_SHOWN, tables));
    if (rejected > 0) {
      text.append(
          "Left out: %d; why: jobs/bin/intruders show rejects %s%n"
              .formatted(rejected, tables.options()));
    }
    return text.append("Tables in %s".formatted(tables.text())).toString();
  }
}
