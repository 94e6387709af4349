package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.report.RunSummary.CheckpointSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConsoleReportTest {
  private static final TablePlace TABLES = new TablePlace.Folder("file:/out");

  @Test
  void allStepsOfAFewSequencesAreShown() {
    assertThat(ConsoleReport.render(sequences(8), TABLES).lines())
        .hasSize(3 + 8 * 5)
        .anyMatch(line -> line.startsWith("run-0 "))
        .noneMatch(line -> line.contains("show accumulation"));
  }

  @Test
  void ofManySequencesThoseWithTheMostIntrudersAreShownWhole() {
    List<String> lines = ConsoleReport.render(sequences(60), TABLES).lines().toList();

    assertThat(lines).hasSize(3 + 4 * 5 + 1);
    assertThat(lines.get(3)).startsWith("run-56 ");
    assertThat(lines.get(22)).startsWith("run-59 ");
    assertThat(lines.get(23)).startsWith("4 of 60 sequences");
  }

  @Test
  void aRunTellsOfEachSequenceInOneLine() {
    assertThat(ConsoleReport.sequences(sequences(2), TABLES).lines())
        .containsExactly(
            "Along the sequences, every step against the base; more: jobs/bin/intruders show accumulation --out file:/out",
            "sequence  steps  intruders by step  born  energy share",
            "run-0         5  0 0 0 0 0             0          0.0%",
            "run-1         5  1 1 1 1 1             1          0.0%",
            "");
    assertThat(ConsoleReport.sequences(sequences(60), TABLES).lines())
        .hasSize(2 + 8 + 1 + 1)
        .anyMatch(line -> line.startsWith("run-59 "))
        .anyMatch(line -> line.startsWith("8 of 60 sequences"));
    assertThat(ConsoleReport.sequences(List.of(), TABLES)).isEmpty();
  }

  @Test
  void aFolderStandsInACommandAsAShellTakesIt() {
    assertThat(TABLES.options()).isEqualTo("--out file:/out");
    assertThat(new TablePlace.Folder("file:/it's mine/$x").options())
        .isEqualTo("--out 'file:/it'\\''s mine/$x'");
  }

  @Test
  void ofALongSequenceTheFirstAndTheLastStepsAreShown() {
    List<AccumulationStep> steps = new ArrayList<>();
    for (int step = 1; step <= 12; step++) {
      steps.add(
          new AccumulationStep(
              "long", step, "long/" + step, null, 1, 10 + step, 0, 0, 0, 0, 0, null));
    }
    assertThat(ConsoleReport.sequences(steps, TABLES))
        .contains("long         12  11 … 17 18 19 20 21 22     0          0.0%");
  }

  @Test
  void ofManyThatAreNotWhatTheySayTheyAreThreeAreTold() {
    List<CheckpointSummary> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      all.add(
          new CheckpointSummary(
              "c" + i,
              28,
              0,
              Map.of(),
              0,
              0,
              0,
              0,
              "scaled",
              true,
              i == 1 ? null : "merge scaled: " + "x".repeat(300),
              0));
    }
    TablePlace place = new TablePlace.Folder("file:/out");

    assertThat(ConsoleReport.warnings(all.subList(1, 2), place)).isEmpty();
    List<String> lines = ConsoleReport.warnings(all, place).lines().toList();
    assertThat(lines).hasSize(5);
    assertThat(lines.get(0)).startsWith("c0: merge scaled: xxx").hasSizeLessThan(260);
    assertThat(lines.get(2)).startsWith("c3: ");
    assertThat(lines.get(3))
        .startsWith("Not what they say they are: 2 more; all: jobs/bin/intruders show checkpoints");
  }

  /** Five steps each; the later a sequence stands, the more intruders it has. */
  private static List<AccumulationStep> sequences(int count) {
    List<AccumulationStep> steps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      for (int step = 1; step <= 5; step++) {
        steps.add(
            new AccumulationStep(
                "run-" + i, step, "run-%d/%d".formatted(i, step), null, 1, i, 0, i, 0, i, 0, null));
      }
    }
    return steps;
  }
}
