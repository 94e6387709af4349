package io.github.intruders.forgetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.forgetting.TaskNames.TaskMetric;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against NumPy (src/test/python/golden_transfer.py). */
class TaskMatrixTest {
  static Stream<Map.Entry<String, JsonNode>> cases() throws Exception {
    try (InputStream in = TaskMatrixTest.class.getResourceAsStream("/golden/transfer.json")) {
      return new ObjectMapper().readTree(in).properties().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithNumpy(Map.Entry<String, JsonNode> one) {
    JsonNode golden = one.getValue();
    Map<Integer, String> steps = new TreeMap<>();
    golden.path("tasks").forEach(task -> steps.put(steps.size() + 1, task.asText()));
    boolean lowerIsBetter = golden.path("lower_is_better").asBoolean();
    List<SequenceValue> values = new ArrayList<>();
    for (int step = 1; step <= steps.size(); step++) {
      for (int metric = 0; metric < golden.path("metrics").size(); metric++) {
        JsonNode value = golden.path("values").path(step - 1).path(metric);
        if (!value.isNull()) {
          values.add(
              new SequenceValue(
                  "s",
                  step,
                  steps.get(step),
                  MeasuredForgetting.of(
                      new MetricValue(
                          "s/" + step,
                          golden.path("metrics").path(metric).asText(),
                          value.asDouble(),
                          null,
                          "file:/m",
                          "line 1"),
                      0.5,
                      lowerIsBetter)));
        }
      }
    }
    Collections.reverse(values); // the order does not matter

    List<Retention> cells = TaskMatrix.of(values, steps, TaskNames.of(steps.values()));

    Map<String, JsonNode> expected = new TreeMap<>();
    golden
        .path("cells")
        .forEach(
            cell -> expected.put(cell.path("step").asInt() + cell.path("metric").asText(), cell));
    assertThat(cells).hasSize(expected.size());
    for (Retention cell : cells) {
      JsonNode row = expected.get(cell.step() + cell.metric());
      assertThat(cell.metricTask()).isEqualTo(row.path("metric_task").textValue());
      assertThat(cell.task()).isEqualTo(steps.get(cell.step()));
      same(cell.learnedAtStep(), row.path("learned_at_step"));
      same(cell.bestStep(), row.path("best_step"));
      same(cell.tasksBefore(), row.path("tasks_before"));
      same(cell.forgettingFromBest(), row.path("forgetting_from_best"));
      same(cell.transfer(), row.path("transfer"));
      same(cell.averageForgetting(), row.path("average_forgetting"));
      same(cell.backwardTransfer(), row.path("backward_transfer"));
    }
  }

  @Test
  void aMetricIsOfTheTaskWhoseNameItHoldsAsWholeWords() {
    TaskNames names = TaskNames.of(List.of("c", "c sharp", "sst-2", "qa", "math", "x"));

    assertThat(names.of("loss_c")).contains(new TaskMetric("c", "loss *"));
    assertThat(names.of("loss C-sharp")).contains(new TaskMetric("c sharp", "loss *"));
    assertThat(names.of("SST-2/acc:strict")).contains(new TaskMetric("sst-2", "* acc strict"));
    assertThat(names.of("loss_code")).isEmpty();
    assertThat(names.of("qa_math/acc")).as("could be of either").isEmpty();
    assertThat(TaskNames.of(List.of()).of("loss_c")).isEmpty();
  }

  private static void same(Number found, JsonNode expected) {
    if (expected.isNull()) {
      assertThat(found).isNull();
    } else {
      assertThat(found.doubleValue()).isCloseTo(expected.asDouble(), within(1e-12));
    }
  }
}
