package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.Cost;
import io.github.intruders.plan.MatrixSelection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlanReportTest {
  @Test
  void whatWasUnderstoodByMoreThanEqualNamesStandsBelowTheCheckpoint() {
    BasePlan base =
        new BasePlan(
            "b",
            "file:/base",
            MatrixSelection.of(null, null),
            Map.of(),
            Set.of(),
            Map.of(),
            List.of());
    String note = "names pair by prefix: \"model.\" in the base, \"\" here (28)";

    String text =
        new PlanReport(
                base,
                0,
                List.of(
                    new PlanReport.Checkpoint("plain", 28, 0, List.of(), Cost.NONE),
                    new PlanReport.Checkpoint("headless", 28, 0, List.of(note), Cost.NONE)),
                List.of(),
                0)
            .render();

    List<String> lines = text.lines().toList();
    int at = lines.indexOf("  " + note);
    assertThat(at).isPositive();
    assertThat(lines.get(at - 1)).startsWith("headless ");
  }
}
