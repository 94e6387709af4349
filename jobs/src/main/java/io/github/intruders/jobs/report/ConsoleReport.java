package io.github.intruders.jobs.report;

import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.report.RunSummary.CheckpointSummary;
import io.github.intruders.jobs.report.RunSummary.ForgettingSummary;
import io.github.intruders.jobs.report.RunSummary.RankedCheckpoint;
import io.github.intruders.scan.IntruderRule;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The run summary as a person reads it in a terminal: all rows of a small run; of a large one the
 * rows that matter most, with the command that shows all.
 */
public final class ConsoleReport {
  private static final int LINES_SHOWN = 12;

  /** Longer tables are shortened … */
  private static final int MOST_ROWS = 40;

  /** … to about as many rows. */
  private static final int ROWS_SHOWN = 20;

  private ConsoleReport() {}

  /** One line per checkpoint, then where the tables are. */
  public static String render(RunSummary summary, TablePlace tables) {
    int width = "checkpoint".length();
    for (CheckpointSummary checkpoint : summary.checkpoints()) {
      width = Math.max(width, checkpoint.checkpointId().length());
    }
    StringBuilder text = new StringBuilder();
    text.append(
        "Intruder dimensions against base '%s': top %s %s singular vectors, similarity below %s%n%n"
            .formatted(
                summary.baseId(),
                summary.topK(),
                summary.side().equals("both") ? "left and right" : summary.side(),
                summary.epsilon()));
    String row = "%-" + width + "s  %8s  %9s  %12s  %11s  %8s%n";
    text.append(
        row.formatted(
            "checkpoint", "matrices", "intruders", "energy share", "update norm", "rejected"));
    for (CheckpointSummary checkpoint : shown(summary.checkpoints())) {
      boolean analysed = checkpoint.matrices() > 0;
      text.append(
          String.format(
              Locale.ROOT,
              row,
              checkpoint.checkpointId(),
              checkpoint.matrices(),
              analysed ? checkpoint.intruderCount() : "-",
              analysed ? percent(checkpoint.intruderEnergyShare()) : "-",
              analysed ? percent(checkpoint.updateRelativeNorm()) : "-",
              checkpoint.rejected() == 0 ? "" : checkpoint.rejected()));
    }
    if (summary.checkpoints().size() > MOST_ROWS) {
      text.append(
          "The %d with the most intruders of %d; all: jobs/bin/intruders show checkpoints %s%n"
              .formatted(ROWS_SHOWN, summary.checkpoints().size(), tables.options()));
    }
    text.append('\n');
    if (!summary.accumulation().isEmpty()) {
      text.append(render(summary.accumulation())).append('\n');
    }
    appendRanking(text, summary, width);
    text.append(forgetting(summary.forgetting()));
    int ties = summary.checkpoints().stream().mapToInt(CheckpointSummary::ties).sum();
    if (ties > 0) {
      text.append(
          "Ties: %d of these vectors lie within %s of the threshold; see column ties%n"
              .formatted(ties, IntruderRule.TIE_TOLERANCE));
    }
    if (summary.rejected() > 0) {
      text.append(
          "Left out: %d; why: jobs/bin/intruders show rejects %s%n"
              .formatted(summary.rejected(), tables.options()));
    }
    text.append(
        String.format(
            Locale.ROOT, "Tables in %s, %.1f s%n", tables.text(), summary.elapsedSeconds()));
    return text.toString();
  }

  private static List<CheckpointSummary> shown(List<CheckpointSummary> checkpoints) {
    return checkpoints.size() <= MOST_ROWS
        ? checkpoints
        : checkpoints.stream()
            .sorted(Comparator.comparingInt(CheckpointSummary::intruderCount).reversed())
            .limit(ROWS_SHOWN)
            .toList();
  }

  /** Sequences step by step: all, or those that end with the most intruders. */
  public static String render(List<AccumulationStep> all) {
    List<AccumulationStep> steps = shownSteps(all);
    int width = "sequence".length();
    int taskWidth = "task".length();
    for (AccumulationStep step : steps) {
      width = Math.max(width, step.sequence().length());
      taskWidth = Math.max(taskWidth, task(step).length());
    }
    String row = "%-" + width + "s  %4s  %-" + taskWidth + "s  %9s  %5s  %9s  %5s  %11s  %12s%n";
    StringBuilder text =
        new StringBuilder("Along the sequences, every step against the base%n%n".formatted());
    text.append(
        row.formatted(
            "sequence",
            "step",
            "task",
            "intruders",
            "born",
            "persisted",
            "faded",
            "born so far",
            "energy share"));
    for (AccumulationStep step : steps) {
      text.append(
          row.formatted(
              step.sequence(),
              step.step(),
              task(step),
              step.intruders(),
              step.born(),
              step.persisted(),
              step.faded(),
              step.cumulativeBorn(),
              percent(step.intruderEnergyShare())));
    }
    if (steps.size() < all.size()) {
      text.append(
          "%d of %d sequences, those with the most intruders at their end; all: jobs/bin/intruders show accumulation%n"
              .formatted(bySequence(steps).size(), bySequence(all).size()));
    }
    return text.toString();
  }

  /** Whole sequences, in their order. */
  private static List<AccumulationStep> shownSteps(List<AccumulationStep> steps) {
    if (steps.size() <= MOST_ROWS) {
      return steps;
    }
    Map<String, List<AccumulationStep>> sequences = bySequence(steps);
    List<String> strongest =
        sequences.keySet().stream()
            .sorted(
                Comparator.comparingInt((String name) -> -last(sequences.get(name)).intruders())
                    .thenComparing(Comparator.naturalOrder()))
            .toList();
    Set<String> shown = new HashSet<>();
    int rows = 0;
    for (String name : strongest) {
      rows += sequences.get(name).size();
      if (!shown.isEmpty() && rows > ROWS_SHOWN) {
        break;
      }
      shown.add(name);
    }
    return steps.stream().filter(step -> shown.contains(step.sequence())).toList();
  }

  private static Map<String, List<AccumulationStep>> bySequence(List<AccumulationStep> steps) {
    return steps.stream()
        .collect(
            Collectors.groupingBy(
                AccumulationStep::sequence, LinkedHashMap::new, Collectors.toList()));
  }

  private static AccumulationStep last(List<AccumulationStep> steps) {
    return steps.get(steps.size() - 1);
  }

  private static String task(AccumulationStep step) {
    return step.task() == null ? "" : step.task();
  }

  private static void appendRanking(StringBuilder text, RunSummary summary, int width) {
    List<RankedCheckpoint> ranking = summary.ranking();
    if (ranking.size() < 2) {
      return;
    }
    text.append("Least to most forgetting expected, by the weights alone%n".formatted());
    int left = ranking.size() > MOST_ROWS ? ROWS_SHOWN / 2 : ranking.size();
    for (RankedCheckpoint ranked : ranking.subList(0, left)) {
      text.append(rankingRow(ranked, width));
    }
    if (left < ranking.size()) {
      text.append("      … %d between …%n".formatted(ranking.size() - 2 * left));
      for (RankedCheckpoint ranked : ranking.subList(ranking.size() - left, ranking.size())) {
        text.append(rankingRow(ranked, width));
      }
    }
    List<String> partly =
        summary.checkpoints().stream()
            .filter(checkpoint -> checkpoint.matrices() > 0 && checkpoint.rejected() > 0)
            .map(CheckpointSummary::checkpointId)
            .toList();
    if (!partly.isEmpty()) {
      text.append(
          "Not ranked, since a part of each was left out: %s%s%n"
              .formatted(
                  String.join(", ", partly.subList(0, Math.min(LINES_SHOWN, partly.size()))),
                  partly.size() > LINES_SHOWN
                      ? " and %d more".formatted(partly.size() - LINES_SHOWN)
                      : ""));
    }
    text.append('\n');
  }

  private static String rankingRow(RankedCheckpoint ranked, int width) {
    return String.format(
        Locale.ROOT,
        "%4d  %-" + width + "s  mean rank %.1f%n",
        ranked.place(),
        ranked.checkpointId(),
        ranked.meanRank());
  }

  /** The strongest correlations, one line each; nothing if there are none. */
  public static String forgetting(List<ForgettingSummary> lines) {
    if (lines.isEmpty()) {
      return "";
    }
    List<ForgettingSummary> shown = lines.subList(0, Math.min(LINES_SHOWN, lines.size()));
    int metric = "metric".length();
    for (ForgettingSummary line : shown) {
      metric = Math.max(metric, line.metric().length());
    }
    String start = "%-" + metric + "s  %-22s  %4s  ";
    StringBuilder text = new StringBuilder();
    text.append(
        "Forgetting: Spearman's rho over all checkpoints, the strongest first%n".formatted());
    text.append(
        (start + "%6s  %8s  %s%n")
            .formatted("metric", "measure", "n", "rho", "p", "95 % interval"));
    for (ForgettingSummary line : shown) {
      text.append(start.formatted(line.metric(), line.measure(), line.n()));
      text.append(
          line.rho() == null
              ? "     -  %s%n".formatted(line.reason())
              : String.format(
                  Locale.ROOT, "%6.3f  %8.2g  %s%n", line.rho(), line.pValue(), interval(line)));
    }
    text.append("More, by sequence and method: jobs/bin/intruders show forgetting%n%n".formatted());
    return text.toString();
  }

  private static String interval(ForgettingSummary line) {
    return line.ciLow() == null
        ? "-"
        : String.format(Locale.ROOT, "%.3f to %.3f", line.ciLow(), line.ciHigh());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f%%", 100 * share);
  }
}
