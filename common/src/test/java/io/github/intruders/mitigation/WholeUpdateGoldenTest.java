package io.github.intruders.mitigation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.scan.TopK;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Edits of whole updates and what they are compared with, read back from their files, against numpy
 * (src/test/python/golden_budget.py).
 */
class WholeUpdateGoldenTest {
  private static final double EXACT = 1e-6;
  private static final MitigationSettings ALL =
      new MitigationSettings(
          List.of(0.5, 1.5), Selection.ALL, false, 1, true, List.of(1.0, 0.5), true);

  @TempDir private Path work;
  private MadeUpModel model;

  @BeforeEach
  void openTheModel() throws IOException {
    model = new MadeUpModel(work);
  }

  private static Path fixture(String name) {
    return MadeUpModel.fixture("../budget/" + name).normalize();
  }

  private CheckpointPlan plan(String tuned) throws IOException {
    return tuned.equals("noisy")
        ? model.plan(
            new CheckpointSpec(
                tuned,
                List.of(model.storage.qualify(fixture(tuned).toString())),
                null,
                null,
                null,
                Map.of()))
        : model.plan(tuned);
  }

  private Matrix golden(String tuned, String variant, String matrix) throws IOException {
    TensorInfo tensor =
        Checkpoint.open(model.storage, fixture("expected.safetensors").toString())
            .tensors()
            .get(tuned + "/" + variant + "/" + matrix);
    return model.reader.read(MatrixSource.of(tensor, false).get(0), Precision.DOUBLE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "chain", "noisy"})
  void editedWeightsComeOutAsByNumpy(String tuned) throws IOException {
    CheckpointPlan plan = plan(tuned);
    Map<String, Map<String, MatrixFigures>> figures = model.edit(plan, ALL);
    JsonNode expected = new ObjectMapper().readTree(fixture("expected.json").toFile()).path(tuned);
    int compared = 0;

    for (Variant variant : ALL.variants()) {
      if (!expected.path(MadeUpModel.MATRICES.get(0)).has(variant.name())) {
        continue;
      }
      Path folder = model.write(plan, variant);
      for (String matrix : MadeUpModel.MATRICES) {
        String label = tuned + " " + variant.name() + " " + matrix;
        JsonNode said = expected.path(matrix).path(variant.name());
        MatrixFigures measured = figures.get(matrix).get(variant.name());
        try (Arena arena = Arena.open()) {
          Matrix edited = model.tuned(folder, matrix);
          assertThat(MadeUpModel.relativeDistance(edited, golden(tuned, variant.name(), matrix)))
              .as(label)
              .isLessThan(EXACT);
          double norm = edited.plusInPlace(-1, model.base(matrix)).frobeniusNorm();
          assertThat(measured.updateNormAfter()).as(label).isCloseTo(norm, within(1e-6 * norm));
        }
        double taken = said.path("edit_norm").doubleValue();
        assertThat(measured.editNorm()).as(label).isCloseTo(taken, within(1e-5));
        assertThat(measured.updateNormAfter())
            .as(label)
            .isCloseTo(said.path("update_norm").doubleValue(), within(1e-5));
        assertThat(measured.reconstructionError()).as(label).isLessThan(EXACT);
        assertThat(measured.rounds()).as(label).isEqualTo(taken > 1e-9 ? 1 : 0);
        requireSame(label, measured.updateLimit(), said.path("limit"));
        assertThat(measured.valuesKept())
            .as(label)
            .isEqualTo(said.path("kept").isNull() ? null : (Integer) said.path("kept").intValue());
        compared++;
      }
    }
    assertThat(compared).isEqualTo(9 * 3);
  }

  private static void requireSame(String label, Double found, JsonNode expected) {
    if (expected.isNull()) {
      assertThat(found).as(label).isNull();
    } else {
      assertThat(found)
          .as(label)
          .isCloseTo(expected.doubleValue(), within(1e-6 * expected.doubleValue()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "noisy"})
  void controlsAreAsStrongAsTheEditOfTheWholeUpdate(String tuned) throws IOException {
    Map<String, Map<String, MatrixFigures>> figures = model.edit(plan(tuned), ALL);

    for (String matrix : MadeUpModel.MATRICES) {
      Map<String, MatrixFigures> of = figures.get(matrix);
      for (String edit : List.of("budget-1", "threshold", "l0.5")) {
        double taken = of.get(edit.equals("l0.5") ? "all-l0.5" : edit).editNorm();
        assertThat(of.get("random-" + edit).editNorm())
            .as(edit)
            .isCloseTo(taken, within(1e-5 * taken + 1e-12));
        assertThat(of.get("outside-" + edit).editNorm()).isLessThan(taken * 1.00001 + 1e-12);
      }
      assertThat(of.get("shrink-threshold").updateNormAfter())
          .isCloseTo(of.get("threshold").updateNormAfter(), within(1e-5));
      assertThat(of).doesNotContainKey("shrink-budget-1");
    }
  }

  /** Where intruders are not, everything is outside of them. */
  @Test
  void withoutIntrudersTheArmOutsideShrinksTheWholeUpdate() throws IOException {
    MitigationSettings settings =
        new MitigationSettings(List.of(1.0), Selection.TOP, false, 1, true, List.of(0.5), false);
    Map<String, Map<String, MatrixFigures>> figures =
        model.edit(
            plan("plain"),
            settings,
            new ScanSettings(
                TopK.parse("10"), List.of(1e-9), List.of(Side.LEFT), SolverChoice.AUTO));

    for (String matrix : MadeUpModel.MATRICES) {
      MatrixFigures budget = figures.get(matrix).get("budget-0.5");
      MatrixFigures outside = figures.get(matrix).get("outside-budget-0.5");
      assertThat(budget.intrudersBefore()).isZero();
      assertThat(outside.editNorm()).isCloseTo(budget.editNorm(), within(1e-9));
      assertThat(outside.updateNormAfter()).isCloseTo(budget.updateNormAfter(), within(1e-9));
    }
  }

  @Test
  void anAdapterMayKeepItsRank() throws IOException {
    MitigationSettings settings =
        new MitigationSettings(List.of(0.5), Selection.ALL, true, 1, true, List.of(1.0), true);
    CheckpointPlan plan = model.plan("plain");
    Map<String, Map<String, MatrixFigures>> figures = model.edit(plan, settings);

    for (String variant : List.of("budget-1", "threshold", "outside-l0.5", "random-budget-1")) {
      Path folder = model.write(plan, Variant.parse(variant).orElseThrow());
      Adapter edited = Adapter.open(model.storage, folder.toString());
      for (String matrix : MadeUpModel.MATRICES) {
        assertThat(((LowRankSource) edited.updates().get(matrix)).rank()).isEqualTo(4);
        MatrixFigures measured = figures.get(matrix).get(variant);
        try (Arena arena = Arena.open()) {
          double norm =
              model.tuned(folder, matrix).plusInPlace(-1, model.base(matrix)).frobeniusNorm();
          assertThat(measured.updateNormAfter()).isCloseTo(norm, within(1e-6 * norm));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void aBudgetIsAPositiveNumber(double budget) {
    assertThatThrownBy(
            () ->
                new MitigationSettings(
                    List.of(0.5), Selection.TOP, false, 1, false, List.of(budget), false))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("Cannot use spike budget");
  }
}
