package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.cost.Cost;
import io.github.intruders.cost.RouteChoice;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.cost.RouteUse;
import io.github.intruders.jobs.cost.RunEstimate;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixSelection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlanReportTest {
  @Test
  void whatWasUnderstoodByMoreThanEqualNamesStandsBelowTheCheckpoint() {
    String note = "names pair by prefix: \"model.\" in the base, \"\" here (28)";

    String text =
        new PlanReport(
                base(),
                estimate(),
                List.of(
                    new PlanReport.Checkpoint("plain", 28, 0, List.of(), 0),
                    new PlanReport.Checkpoint("headless", 28, 0, List.of(note), 0)),
                List.of(),
                0)
            .render();

    List<String> lines = text.lines().toList();
    assertThat(lines).noneMatch(line -> line.endsWith(" "));
    int at = lines.indexOf("  " + note);
    assertThat(at).isPositive();
    assertThat(lines.get(at - 1)).startsWith("headless ");
  }

  @Test
  void aNoteThatManyShareStandsOnceAndAWarningEachTime() {
    String note = "trained on /hub/base, by its config";
    String warning = "warning: trained on x/other, by its config; the base here is b";
    List<PlanReport.Checkpoint> checkpoints =
        List.of(
            new PlanReport.Checkpoint("one", 28, 0, List.of(note), 0),
            new PlanReport.Checkpoint("two", 28, 0, List.of(note, warning), 0),
            new PlanReport.Checkpoint("three", 28, 0, List.of(note, warning), 0));

    assertThat(new PlanReport(base(), estimate(), checkpoints, List.of(), 0).render().lines())
        .containsSubsequence("  " + note + " (and 2 more)", "  " + warning, "  " + warning)
        .filteredOn(line -> line.contains(note))
        .hasSize(1);
  }

  @Test
  void whatARunTakesIsSaidWithTheSettingsItNeeds() throws Exception {
    PlanReport report = new PlanReport(base(), estimate(), List.of(), List.of(), 0);

    assertThat(report.render())
        .contains("28 matrices, 0 more are stored: 1.0e+09 flop, 40 s of one core")
        .contains("30 s on 2 cores")
        .contains("spark.executor.memoryOverhead=6144m")
        .contains("2.0 GiB (spark.executor.memoryOverhead over 2 tasks)")
        .contains("Tasks have less memory than that: more");
    JsonNode json = new ObjectMapper().readTree(report.toJson());
    assertThat(json.at("/expected/wall_seconds").asDouble()).isEqualTo(30);
    assertThat(json.at("/expected/executor_memory_overhead_bytes").asLong()).isEqualTo(6L << 30);
  }

  @Test
  void waysHaveALineEachAndKindsOfMatricesWhereThereWasAChoice() {
    Map<RouteUse, Integer> routes = new LinkedHashMap<>();
    for (int i = 0; i < 8; i++) {
      routes.put(
          new RouteUse(
              i + "x4096 BF16",
              2,
              new RouteChoice(
                  RouteChoice.Route.DECOMPOSE, RouteChoice.Reason.CHEAPER, false, 60, 600, 3)),
          10);
      routes.put(
          new RouteUse(
              "1x" + i + " F32",
              1,
              new RouteChoice(
                  RouteChoice.Route.DECOMPOSE,
                  RouteChoice.Reason.UNSUITED,
                  false,
                  1,
                  Double.NaN,
                  0)),
          1);
    }

    List<String> lines =
        new PlanReport(base(), estimate(routes), List.of(), List.of(), 0).render().lines().toList();

    int at = lines.indexOf("  route       decompose, 80 base matrices: the cheaper way");
    assertThat(lines.get(at + 1))
        .isEqualTo(
            "    10 x 0x4096 BF16, in 2 checkpoints each: 60 s of one core with the decomposition,"
                + " 10 min by bounds; worth decomposing from 3 on");
    assertThat(lines.subList(at + 7, lines.size()))
        .containsExactly(
            "    … and 2 kinds more; all: --json",
            "  route       decompose, 8 base matrices: bounds can't be had for this shape, type or"
                + " --top-k",
            "  Tasks have less memory than that: more");
    assertThat(lines).noneMatch(line -> line.endsWith(" "));
  }

  private static BasePlan base() {
    return new BasePlan(
        "b",
        "file:/base",
        MatrixSelection.of(null, null),
        Map.of(),
        Set.of(),
        Map.of(),
        List.of(),
        Set.of());
  }

  private static RunEstimate estimate() {
    return estimate(Map.of());
  }

  private static RunEstimate estimate(Map<RouteUse, Integer> routes) {
    return new RunEstimate(
        28,
        0,
        28,
        new Cost(1e9, 40, 0, 3L << 30),
        280,
        new Cost(1e9, 20, 0, 1L << 30),
        0,
        Cost.NONE,
        routes,
        28,
        5,
        RunEstimate.SpreadUse.NONE,
        List.of(),
        Cost.NONE,
        List.of(),
        0,
        0,
        2,
        2,
        new MemoryLimit(2L << 30, "spark.executor.memoryOverhead over 2 tasks", "more"));
  }
}
