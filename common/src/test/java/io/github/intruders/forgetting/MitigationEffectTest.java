package io.github.intruders.forgetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.forgetting.MitigationEffect.Evaluated;
import io.github.intruders.forgetting.MitigationEffect.Role;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Against pandas (src/test/python/golden_effects.py) on the zoo's evaluated edits, and by hand. */
class MitigationEffectTest {
  private static final TaskNames NAMES = TaskNames.of(List.of("python", "c"));

  @Test
  void agreesWithPandasOnTheZoosEvaluatedEdits() throws Exception {
    JsonNode golden;
    try (InputStream in = getClass().getResourceAsStream("/golden/effects.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    double base = golden.at("/base/loss_english").doubleValue();
    Map<List<String>, List<JsonNode>> byModel =
        new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));
    golden
        .path("rows")
        .forEach(
            row ->
                byModel
                    .computeIfAbsent(
                        List.of(row.path("checkpoint").textValue(), row.path("metric").textValue()),
                        unseen -> new ArrayList<>())
                    .add(row));
    assertThat(byModel).hasSize(4 * 2);
    int compared = 0;
    for (Map.Entry<List<String>, List<JsonNode>> model : byModel.entrySet()) {
      List<Evaluated> evaluated = new ArrayList<>();
      Map<String, JsonNode> rows = new TreeMap<>();
      String metric = model.getKey().get(1);
      for (JsonNode row : model.getValue()) {
        String variant =
            "%s-l%s".formatted(row.path("kind").textValue(), row.path("lambda").doubleValue());
        rows.put(variant, row);
        evaluated.add(
            new Evaluated(
                variant,
                row.path("lambda").doubleValue(),
                measured(variant, metric, row.path("value").doubleValue(), base, true)));
      }
      double unedited = model.getValue().get(0).path("unedited").doubleValue();
      evaluated.add(1, new Evaluated(null, null, measured("x", metric, unedited, base, true)));

      List<MitigationEffect> effects = MitigationEffect.of("x", "python", evaluated, NAMES);

      assertThat(effects).hasSize(rows.size() + 1);
      assertThat(effects.get(0).variant()).isEqualTo("unedited");
      assertThat(effects.get(0).lambda()).isEqualTo(1);
      assertThat(effects.get(0).changePercent()).isZero();
      for (MitigationEffect effect : effects.subList(1, effects.size())) {
        JsonNode row = rows.get(effect.variant());
        assertThat(effect.role()).isEqualTo(Role.PRETRAINING);
        assertThat(effect.change()).isCloseTo(row.path("change").doubleValue(), within(1e-12));
        assertThat(effect.changePercent())
            .isCloseTo(row.path("percent").doubleValue(), within(1e-9));
        compared++;
      }
    }
    assertThat(compared).isEqualTo(golden.path("rows").size()).isEqualTo(160);
  }

  @Test
  void aMetricsNameTellsItsRole() {
    List<MitigationEffect> effects = new ArrayList<>();
    for (String metric : List.of("acc_python", "acc_c", "hellaswag", "wikitext_loss")) {
      Evaluated edit =
          new Evaluated("top-l1.5", 1.5, measured("e", metric, 1, 2, metric.endsWith("loss")));
      effects.addAll(MitigationEffect.of("x", "python", List.of(edit), NAMES));
    }

    assertThat(
            effects.stream()
                .collect(Collectors.toMap(MitigationEffect::metric, MitigationEffect::role)))
        .isEqualTo(
            Map.of(
                "acc_python",
                Role.TARGET,
                "acc_c",
                Role.OTHER_TASK,
                "hellaswag",
                Role.GENERAL,
                "wikitext_loss",
                Role.PRETRAINING));
    assertThat(effects).extracting(MitigationEffect::uneditedValue).containsOnlyNulls();
    assertThat(effects).extracting(MitigationEffect::changePercent).containsOnlyNulls();
  }

  /** A log likelihood is negative, and accuracy may be 0: of both, percents say nothing. */
  @Test
  void percentsAreOfPositiveValuesAlone() {
    for (double before : new double[] {0, -0.5}) {
      List<MitigationEffect> effects =
          MitigationEffect.of(
              "x",
              null,
              List.of(
                  new Evaluated("all-l0", 0.0, measured("x/all-l0", "acc_c", 0.25, 0, false)),
                  new Evaluated(null, null, measured("x", "acc_c", before, 0, false))),
              NAMES);

      assertThat(effects).extracting(MitigationEffect::changePercent).containsOnlyNulls();
      assertThat(effects.get(1).change()).isEqualTo(0.25 - before);
      assertThat(effects.get(1).role()).isEqualTo(Role.OTHER_TASK);
    }
  }

  @Test
  void aModelOfWhichNoEditWasEvaluatedHasNoRows() {
    assertThat(
            MitigationEffect.of(
                "x",
                null,
                List.of(new Evaluated(null, null, measured("x", "acc", 1, 2, false))),
                NAMES))
        .isEmpty();
  }

  private static MeasuredForgetting measured(
      String id, String metric, double value, double base, boolean lowerIsBetter) {
    return MeasuredForgetting.of(
        new MetricValue(id, metric, value, null, "file:/m", "line 1"), base, lowerIsBetter);
  }
}
