package io.github.intruders.jobs.report;

import io.github.intruders.input.Excerpt;
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
 * The run summary as a person reads it in a terminal or in a scheduler's log, where it has to fit a
 * screen: all rows of a small run; of a large one the rows that matter most, with the command that
 * shows all.
 */
public final class ConsoleReport {
  /** How many of the inputs that are left out are told with their reasons. */
  public static final int MOST_REJECTIONS = 20;

  private static final int MOST_CHECKPOINTS = 16;
  private static final int MOST_SEQUENCES = 8;
  private static final int MOST_CORRELATIONS = 5;
  private static final int MOST_NAMES = 12;

  /** Of a longer sequence the first step stands, and the last ones. */
  private static final int MOST_STEPS = 8;

  private static final int MOST_WARNINGS = 3;

  /** Characters of one. */
  private static final int MOST_OF_WARNING = 240;

  /** Longer tables of steps are shortened … */
  private static final int MOST_STEP_ROWS = 40;

  /** … to about as many rows. */
  private static final int STEP_ROWS_SHOWN = 20;

  private ConsoleReport() {}

  /** One line per checkpoint, then where the tables are. */
  public static String render(RunSummary summary, TablePlace tables) {
    int width = "checkpoint".length();
    for (CheckpointSummary checkpoint : summary.checkpoints()) {
      width = Math.max(width, checkpoint.checkpointId().length());
    }
    StringBuilder text = new StringBuilder();
    text.append(
        "Intruder dimensions against base '%s': top %s %s singular vectors, similarity below %s%n"
            .formatted(
                summary.baseId(),
                summary.topK(),
                summary.side().equals("both") ? "left and right" : summary.side(),
                summary.epsilon()));
    ConsoleRow row = new ConsoleRow("%-" + width + "s  %8s  %9s  %12s  %11s  %4s  %8s");
    text.append(
        row.of(
            "checkpoint",
            "matrices",
            "intruders",
            "energy share",
            "update norm",
            "rank",
            "rejected"));
    Map<String, Integer> places =
        summary.ranking().stream()
            .collect(Collectors.toMap(RankedCheckpoint::checkpointId, RankedCheckpoint::place));
    for (CheckpointSummary checkpoint : shown(summary.checkpoints())) {
      boolean analysed = checkpoint.matrices() > 0;
      text.append(
          row.of(
              checkpoint.checkpointId(),
              checkpoint.matrices(),
              analysed ? checkpoint.intruderCount() : "-",
              analysed ? percent(checkpoint.intruderEnergyShare()) : "-",
              analysed ? percent(checkpoint.updateRelativeNorm()) : "-",
              places.containsKey(checkpoint.checkpointId())
                  ? places.get(checkpoint.checkpointId())
                  : "-",
              checkpoint.rejected() == 0 ? "" : checkpoint.rejected()));
    }
    if (summary.checkpoints().size() > MOST_CHECKPOINTS) {
      text.append(
          "These are the %d of %d checkpoints with the most intruders; all: jobs/bin/intruders show checkpoints %s%n"
              .formatted(MOST_CHECKPOINTS, summary.checkpoints().size(), tables.options()));
    }
    text.append(ranking(summary)).append('\n');
    text.append(warnings(summary.checkpoints(), tables));
    text.append(sequences(summary.accumulation(), tables));
    text.append(forgetting(summary.forgetting(), MOST_CORRELATIONS, tables));
    int ties = summary.checkpoints().stream().mapToInt(CheckpointSummary::ties).sum();
    if (ties > 0) {
      text.append(
          "Ties: %s within %s of the threshold; see column ties%n"
              .formatted(
                  ties == 1 ? "1 of these vectors lies" : ties + " of these vectors lie",
                  IntruderRule.TIE_TOLERANCE));
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

  /** What may not be what it says it is, one line each. */
  static String warnings(List<CheckpointSummary> checkpoints, TablePlace tables) {
    List<CheckpointSummary> off =
        checkpoints.stream().filter(checkpoint -> checkpoint.warning() != null).toList();
    StringBuilder text = new StringBuilder();
    for (CheckpointSummary checkpoint : off.subList(0, Math.min(MOST_WARNINGS, off.size()))) {
      text.append(
          "%s: %s%n"
              .formatted(
                  checkpoint.checkpointId(), Excerpt.of(checkpoint.warning(), MOST_OF_WARNING)));
    }
    if (off.size() > MOST_WARNINGS) {
      text.append(
          "Not what they say they are: %d more; all: jobs/bin/intruders show checkpoints %s --where \"fidelity_note IS NOT NULL OR NOT descends\"%n"
              .formatted(off.size() - MOST_WARNINGS, tables.options()));
    }
    return text.isEmpty() ? "" : text.append('\n').toString();
  }

  private static List<CheckpointSummary> shown(List<CheckpointSummary> checkpoints) {
    return checkpoints.size() <= MOST_CHECKPOINTS
        ? checkpoints
        : checkpoints.stream()
            .sorted(Comparator.comparingInt(CheckpointSummary::intruderCount).reversed())
            .limit(MOST_CHECKPOINTS)
            .toList();
  }

  /** What the column of ranks says, and who has none; nothing for one checkpoint. */
  private static String ranking(RunSummary summary) {
    if (summary.ranking().size() < 2) {
      return "";
    }
    List<String> partly =
        summary.checkpoints().stream()
            .filter(checkpoint -> checkpoint.matrices() > 0 && checkpoint.rejected() > 0)
            .map(CheckpointSummary::checkpointId)
            .toList();
    StringBuilder text =
        new StringBuilder(
            "Rank: from least (1) to most forgetting expected, by the weights alone%n".formatted());
    if (!partly.isEmpty()) {
      text.append(
          "Not ranked, since a part of each was left out: %s%s%n"
              .formatted(
                  String.join(", ", partly.subList(0, Math.min(MOST_NAMES, partly.size()))),
                  partly.size() > MOST_NAMES
                      ? " and %d more".formatted(partly.size() - MOST_NAMES)
                      : ""));
    }
    return text.toString();
  }

  /**
   * One line for each sequence: all, or those that end with the most intruders; nothing if there
   * are none.
   */
  static String sequences(List<AccumulationStep> steps, TablePlace tables) {
    if (steps.isEmpty()) {
      return "";
    }
    Map<String, List<AccumulationStep>> sequences = bySequence(steps);
    List<String> shown =
        sequences.size() <= MOST_SEQUENCES
            ? List.copyOf(sequences.keySet())
            : strongest(sequences).subList(0, MOST_SEQUENCES);
    int width = "sequence".length();
    int countsWidth = "intruders by step".length();
    for (String name : shown) {
      width = Math.max(width, name.length());
      countsWidth = Math.max(countsWidth, counts(sequences.get(name)).length());
    }
    ConsoleRow row = new ConsoleRow("%-" + width + "s  %5s  %-" + countsWidth + "s  %4s  %12s");
    StringBuilder text =
        new StringBuilder(
            "Along the sequences, every step against the base; more: jobs/bin/intruders show accumulation %s%n"
                .formatted(tables.options()));
    text.append(row.of("sequence", "steps", "intruders by step", "born", "energy share"));
    for (String name : shown) {
      List<AccumulationStep> sequence = sequences.get(name);
      AccumulationStep last = last(sequence);
      text.append(
          row.of(
              name,
              sequence.size(),
              counts(sequence),
              last.cumulativeBorn(),
              percent(last.intruderEnergyShare())));
    }
    if (shown.size() < sequences.size()) {
      text.append(
          "%d of %d sequences, those with the most intruders at their end%n"
              .formatted(shown.size(), sequences.size()));
    }
    text.append('\n');
    return text.toString();
  }

  private static String counts(List<AccumulationStep> sequence) {
    List<String> counts = sequence.stream().map(step -> String.valueOf(step.intruders())).toList();
    if (counts.size() <= MOST_STEPS) {
      return String.join(" ", counts);
    }
    return "%s … %s"
        .formatted(
            counts.get(0),
            String.join(" ", counts.subList(counts.size() - MOST_STEPS + 2, counts.size())));
  }

  /** Sequences step by step: all, or those that end with the most intruders. */
  public static String render(List<AccumulationStep> all, TablePlace tables) {
    List<AccumulationStep> steps = shownSteps(all);
    int width = "sequence".length();
    int taskWidth = "task".length();
    for (AccumulationStep step : steps) {
      width = Math.max(width, step.sequence().length());
      taskWidth = Math.max(taskWidth, task(step).length());
    }
    ConsoleRow row =
        new ConsoleRow(
            "%-" + width + "s  %4s  %-" + taskWidth + "s  %9s  %5s  %9s  %5s  %11s  %12s");
    StringBuilder text =
        new StringBuilder("Along the sequences, every step against the base%n%n".formatted());
    text.append(
        row.of(
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
          row.of(
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
          "%d of %d sequences, those with the most intruders at their end; all: jobs/bin/intruders show accumulation %s%n"
              .formatted(bySequence(steps).size(), bySequence(all).size(), tables.options()));
    }
    return text.toString();
  }

  /** Whole sequences, in their order. */
  private static List<AccumulationStep> shownSteps(List<AccumulationStep> steps) {
    if (steps.size() <= MOST_STEP_ROWS) {
      return steps;
    }
    Map<String, List<AccumulationStep>> sequences = bySequence(steps);
    Set<String> shown = new HashSet<>();
    int rows = 0;
    for (String name : strongest(sequences)) {
      rows += sequences.get(name).size();
      if (!shown.isEmpty() && rows > STEP_ROWS_SHOWN) {
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

  /** Names, first the sequence that ends with the most intruders. */
  private static List<String> strongest(Map<String, List<AccumulationStep>> sequences) {
    return sequences.keySet().stream()
        .sorted(
            Comparator.comparingInt((String name) -> -last(sequences.get(name)).intruders())
                .thenComparing(Comparator.naturalOrder()))
        .toList();
  }

  private static AccumulationStep last(List<AccumulationStep> steps) {
    return steps.get(steps.size() - 1);
  }

  private static String task(AccumulationStep step) {
    return step.task() == null ? "" : step.task();
  }

  /** At most so many of the strongest correlations, one line each; nothing if there are none. */
  public static String forgetting(List<ForgettingSummary> lines, int most, TablePlace tables) {
    if (lines.isEmpty()) {
      return "";
    }
    List<ForgettingSummary> shown = lines.subList(0, Math.min(most, lines.size()));
    int metric = "metric".length();
    for (ForgettingSummary line : shown) {
      metric = Math.max(metric, line.metric().length());
    }
    String start = "%-" + metric + "s  %-22s  %4s  ";
    StringBuilder text = new StringBuilder();
    text.append(
        "Forgetting: Spearman's rho over all checkpoints, the strongest; more: jobs/bin/intruders show forgetting %s%n"
            .formatted(tables.options()));
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
    text.append('\n');
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
