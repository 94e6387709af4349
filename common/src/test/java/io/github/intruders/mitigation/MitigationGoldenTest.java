package io.github.intruders.mitigation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.LowRankSource;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Edited models, read back from their files, against numpy's dense decompositions. */
class MitigationGoldenTest {
  private static final double EXACT = 1e-6;
  private static final double BRAIN_FLOAT = 0x1p-8;

  @TempDir private Path work;
  private MadeUpModel model;

  @BeforeEach
  void openTheModel() throws IOException {
    model = new MadeUpModel(work);
  }

  @ParameterizedTest
  @CsvSource({
    "plain,TOP", "plain,ALL", "rslora,TOP", "rslora,ALL", "patterns,TOP", "patterns,ALL",
    "chain,TOP", "chain,ALL", "full,TOP", "full,ALL", "half,TOP", "half,ALL"
  })
  void scaledIntrudersComeOutAsByNumpy(String tuned, Selection selection) throws IOException {
    MitigationSettings settings = MadeUpModel.settings(selection, 0.0, 0.5);
    CheckpointPlan plan = model.plan(tuned);
    Map<String, Map<String, MatrixFigures>> figures = model.edit(plan, settings);
    double tolerance = tuned.equals("half") ? BRAIN_FLOAT : EXACT;

    for (Variant variant : settings.variants()) {
      Path folder = model.write(plan, variant);
      for (String matrix : MadeUpModel.MATRICES) {
        String label = tuned + " " + variant.name() + " " + matrix;
        JsonNode expected = MadeUpModel.expected().path(tuned).path(matrix);
        MatrixFigures measured = figures.get(matrix).get(variant.name());
        try (Arena arena = Arena.open()) {
          Matrix edited = model.tuned(folder, matrix);
          assertThat(
                  MadeUpModel.relativeDistance(edited, model.golden(tuned, variant.name(), matrix)))
              .as(label)
              .isLessThan(tolerance);
          double norm = edited.plusInPlace(-1, model.base(matrix)).frobeniusNorm();
          assertThat(measured.updateNormAfter()).as(label).isCloseTo(norm, within(1e-6 * norm));
        }
        List<Integer> intruders = new ArrayList<>();
        expected.path("intruders").forEach(index -> intruders.add(index.asInt()));
        assertThat(measured.intrudersBefore()).as(label).isEqualTo(intruders.size());
        assertThat(measured.scaledIndices())
            .as(label)
            .isEqualTo(selection == Selection.TOP ? intruders.subList(0, 1) : intruders);
        assertRelative(label, measured.updateNormBefore(), expected.path("update_norm"), 1e-6);
        assertRelative(
            label,
            measured.updateNormAfter(),
            expected.path("variants").path(variant.name()).path("update_norm"),
            tuned.equals("half") ? BRAIN_FLOAT : 1e-5);
        assertThat(measured.reconstructionError()).as(label).isLessThan(tolerance);
      }
    }
  }

  private static void assertRelative(
      String label, double value, JsonNode expected, double tolerance) {
    assertThat(value)
        .as(label)
        .isCloseTo(expected.asDouble(), within(tolerance * expected.asDouble()));
  }

  @Test
  void theFastRouteGivesTheSameEdit() throws IOException {
    ScanSettings three =
        new ScanSettings(TopK.parse("3"), List.of(0.5), List.of(Side.LEFT), SolverChoice.AUTO);
    CheckpointPlan plan = model.plan("plain");
    Variant variant = new Variant(Variant.Kind.TOP, 0);
    String square = MadeUpModel.MATRICES.get(0);

    Map<String, Map<String, MatrixFigures>> figures =
        model.edit(plan, MadeUpModel.settings(Selection.TOP, 0.0), three);

    assertThat(figures.get(square).get(variant.name()).solver()).isEqualTo("low-rank");
    Path folder = model.write(plan, variant);
    for (String matrix : MadeUpModel.MATRICES) {
      try (Arena arena = Arena.open()) {
        assertThat(
                MadeUpModel.relativeDistance(
                    model.tuned(folder, matrix), model.golden("plain", variant.name(), matrix)))
            .isLessThan(EXACT);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "rslora", "patterns", "half", "full"})
  void lambdaOneChangesNoByte(String tuned) throws IOException {
    MitigationSettings settings =
        new MitigationSettings(List.of(1.0), Selection.ALL, false, 3, true);
    CheckpointPlan plan = model.plan(tuned);
    model.edit(plan, settings);

    for (Variant variant : settings.variants()) {
      assertSameFiles(model.write(plan, variant), MadeUpModel.fixture(tuned));
    }
  }

  private static void assertSameFiles(Path folder, Path original) throws IOException {
    try (Stream<Path> files = Files.list(original)) {
      List<Path> all = files.toList();
      assertThat(folder).isDirectory();
      assertThat(folder.toFile().list()).hasSize(all.size());
      for (Path file : all) {
        assertThat(folder.resolve(file.getFileName())).hasSameBinaryContentAs(file);
      }
    }
  }

  @Test
  void aChainWithLambdaOneBecomesOneAdapterOfTheSameWeights() throws IOException {
    CheckpointPlan plan = model.plan("chain");
    Map<String, Map<String, MatrixFigures>> figures =
        model.edit(plan, MadeUpModel.settings(Selection.TOP, 1.0));

    Path folder = model.write(plan, new Variant(Variant.Kind.TOP, 1));

    Adapter joined = Adapter.open(model.storage, folder.toString());
    assertThat(joined.updates().values())
        .extracting(update -> ((LowRankSource) update).rank())
        .containsExactly(4, 6, 6);
    for (String matrix : MadeUpModel.MATRICES) {
      MatrixFigures kept = figures.get(matrix).get("top-l1");
      assertThat(kept.intrudersAfter()).isEqualTo(kept.intrudersBefore());
      assertThat(kept.scaledIndices()).isEmpty();
      try (Arena arena = Arena.open()) {
        Matrix one = model.tuned(MadeUpModel.fixture("link-1"), matrix);
        if (!matrix.contains("square")) {
          one.plusInPlace(1, model.tuned(MadeUpModel.fixture("link-2"), matrix))
              .plusInPlace(-1, model.base(matrix));
        }
        assertThat(MadeUpModel.relativeDistance(model.tuned(folder, matrix), one)).isLessThan(1e-7);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "rslora", "patterns", "chain"})
  void theExactFormKeepsTheNumbersThatWereThereAndTheirScale(String tuned) throws IOException {
    CheckpointPlan plan = model.plan(tuned);
    model.edit(plan, MadeUpModel.settings(Selection.ALL, 0.0));

    Path folder = model.write(plan, new Variant(Variant.Kind.ALL, 0));

    Adapter edited = Adapter.open(model.storage, folder.toString());
    Adapter before = Adapter.open(model.storage, model.uri(MadeUpModel.sources(tuned).get(0)));
    for (String matrix : MadeUpModel.MATRICES) {
      LowRankSource after = (LowRankSource) edited.updates().get(matrix);
      LowRankSource source = (LowRankSource) before.updates().get(matrix);
      assertThat(after.scale()).isCloseTo(source.scale(), within(1e-15));
      try (Arena arena = Arena.open()) {
        Matrix b = model.reader.read(after.b(), Precision.DOUBLE);
        Matrix old = model.reader.read(source.b(), Precision.DOUBLE);
        assertThat(b.columnRange(0, old.cols()).copy().plusInPlace(-1, old).maxAbsolute()).isZero();
        assertThat(b.cols()).isGreaterThan(old.cols());
      }
    }
  }

  @Test
  void otherFieldsOfTheConfigStay() throws IOException {
    CheckpointPlan plan = model.plan("patterns");
    model.edit(plan, MadeUpModel.settings(Selection.TOP, 0.0));

    Path folder = model.write(plan, new Variant(Variant.Kind.TOP, 0));

    ObjectMapper json = new ObjectMapper();
    JsonNode edited = json.readTree(folder.resolve("adapter_config.json").toFile());
    JsonNode source = json.readTree(MadeUpModel.fixture("patterns/adapter_config.json").toFile());
    source
        .properties()
        .forEach(
            field -> {
              if (!field.getKey().endsWith("_pattern")) {
                assertThat(edited.get(field.getKey())).isEqualTo(field.getValue());
              }
            });
    assertThat(edited.path("rank_pattern").toString())
        .isEqualTo("{\"model.layers.0.mlp.square_proj\":5,\"model.layers.2.mlp.wide_proj\":3}");
    assertThat(edited.path("alpha_pattern").properties()).hasSize(3);
  }

  @ParameterizedTest
  @CsvSource({"plain,TOP", "plain,ALL", "patterns,ALL", "chain,TOP"})
  void keepRankIsOffByTheErrorOfEckartAndYoung(String tuned, Selection selection)
      throws IOException {
    MitigationSettings settings =
        new MitigationSettings(List.of(0.0, 0.5), selection, true, 1, false);
    CheckpointPlan plan = model.plan(tuned);
    Map<String, Map<String, MatrixFigures>> figures = model.edit(plan, settings);

    for (Variant variant : settings.variants()) {
      Path folder = model.write(plan, variant);
      Adapter edited = Adapter.open(model.storage, folder.toString());
      for (String matrix : MadeUpModel.MATRICES) {
        MatrixFigures measured = figures.get(matrix).get(variant.name());
        double expected =
            MadeUpModel.expected()
                .path(tuned)
                .path(matrix)
                .path("variants")
                .path(variant.name())
                .path("keep_rank_error")
                .asDouble();
        assertThat(expected).isGreaterThan(0.01);
        assertThat(measured.reconstructionError()).isCloseTo(expected, within(1e-5));
        assertThat(measured.updateRankAfter()).isEqualTo(measured.updateRankBefore());
        assertThat(((LowRankSource) edited.updates().get(matrix)).rank())
            .isEqualTo(measured.updateRankBefore());
        try (Arena arena = Arena.open()) {
          Matrix golden = model.golden(tuned, variant.name(), matrix);
          double norm = golden.copy().plusInPlace(-1, model.base(matrix)).frobeniusNorm();
          double distance =
              model.tuned(folder, matrix).plusInPlace(-1, golden).frobeniusNorm() / norm;
          assertThat(distance).isCloseTo(expected, within(1e-5));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "full"})
  void controlsAreAsStrongAsWhatTheyAreComparedWith(String tuned) throws IOException {
    MitigationSettings settings =
        new MitigationSettings(List.of(0.25), Selection.ALL, false, 1, true);
    CheckpointPlan plan = model.plan(tuned);
    Map<String, Map<String, MatrixFigures>> figures = model.edit(plan, settings);
    Path mitigated = model.write(plan, new Variant(Variant.Kind.ALL, 0.25));
    Path neighbour = model.write(plan, new Variant(Variant.Kind.NEIGHBOUR, 0.25));
    Path shrunk = model.write(plan, new Variant(Variant.Kind.SHRINK, 0.25));
    Path random = model.write(plan, new Variant(Variant.Kind.RANDOM, 0.25));

    for (String matrix : MadeUpModel.MATRICES) {
      try (Arena arena = Arena.open()) {
        Matrix base = model.base(matrix);
        Matrix w = model.tuned(MadeUpModel.fixture(tuned), matrix);
        Matrix update = w.copy().plusInPlace(-1, base);
        double taken = distance(model.tuned(mitigated, matrix), w);
        double norm = distance(model.tuned(mitigated, matrix), base);

        assertThat(distance(model.tuned(random, matrix), w)).isCloseTo(taken, within(1e-5 * taken));
        Matrix scaled = model.tuned(shrunk, matrix).plusInPlace(-1, base);
        assertThat(scaled.frobeniusNorm()).isCloseTo(norm, within(1e-5 * norm));
        double factor = norm / update.frobeniusNorm();
        assertThat(distance(scaled, update.copy().scaleInPlace(factor))).isLessThan(1e-5 * norm);

        MatrixFigures control = figures.get(matrix).get("neighbour-l0.25");
        List<Integer> intruders = figures.get(matrix).get("all-l0.25").scaledIndices();
        assertThat(control.scaledIndices())
            .hasSameSizeAs(intruders)
            .doesNotContainAnyElementsOf(intruders)
            .doesNotHaveDuplicates();
        double energy =
            control.scaledIndices().stream()
                .mapToDouble(index -> Math.pow(control.singularValuesBefore().get(index), 2))
                .sum();
        assertThat(distance(model.tuned(neighbour, matrix), w))
            .isCloseTo(0.75 * Math.sqrt(energy), within(1e-4 * taken));
      }
    }
  }

  private static double distance(Matrix one, Matrix other) {
    return one.copy().plusInPlace(-1, other).frobeniusNorm();
  }

  @Test
  void roundsGoOnUntilNoIntruderIsLeft() throws IOException {
    CheckpointPlan plan = model.plan("plain");
    MatrixFigures one =
        model
            .edit(plan, new MitigationSettings(List.of(0.0), Selection.TOP, false, 1, false))
            .get(MadeUpModel.MATRICES.get(1))
            .get("top-l0");
    Map<String, Map<String, MatrixFigures>> figures =
        model.edit(plan, new MitigationSettings(List.of(0.0), Selection.TOP, false, 40, false));

    assertThat(one.rounds()).isEqualTo(1);
    assertThat(one.intrudersAfter()).isPositive();
    for (String matrix : MadeUpModel.MATRICES) {
      MatrixFigures measured = figures.get(matrix).get("top-l0");
      assertThat(measured.intrudersAfter()).isZero();
      assertThat(measured.rounds()).isBetween(2, 39);
      assertThat(measured.scaledIndices()).hasSize(measured.rounds());
      assertThat(measured.updateRankAfter()).isEqualTo(4 + measured.rounds());
    }
    MatrixFigures two =
        model
            .edit(plan, new MitigationSettings(List.of(0.0), Selection.TOP, false, 2, false))
            .get(MadeUpModel.MATRICES.get(1))
            .get("top-l0");
    assertThat(two.rounds()).isEqualTo(2);
  }

  @Test
  void aMissingShardLeavesNoHalfCheckpoint() throws IOException {
    Path broken = Files.createDirectories(work.resolve("broken"));
    for (String file : List.of("model.safetensors.index.json", "shard-1.safetensors")) {
      Files.copy(MadeUpModel.fixture("full").resolve(file), broken.resolve(file));
    }

    assertThatThrownBy(() -> CheckpointEditor.open(model.storage, broken.toString()))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("shard-2.safetensors] No such file");
  }

  @Test
  void weightsInOtherFormatsAreNotCarriedAlong() throws IOException {
    Path folder = Files.createDirectories(work.resolve("mixed"));
    try (Stream<Path> files = Files.list(MadeUpModel.fixture("full"))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    Files.writeString(folder.resolve("pytorch_model.bin"), "unedited");
    Files.writeString(folder.resolve("consolidated.safetensors"), "unedited");

    assertThat(CheckpointEditor.open(model.storage, folder.toString()).files())
        .containsExactly(
            "shard-1.safetensors",
            "shard-2.safetensors",
            "config.json",
            "model.safetensors.index.json",
            "tokenizer.json");
  }

  @Test
  void aChainThatHoldsMoreThanFactorsIsRefused() throws IOException {
    Path more = MadeUpModel.fixture("../peft/llama/modules-to-save").normalize();
    CheckpointSpec spec =
        new CheckpointSpec(
            "x", List.of(more.toString(), more.toString()), null, null, null, Map.of());

    assertThatThrownBy(() -> AdapterEditor.open(model.storage, spec.sources(), List.of()))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("A chain with more than plain LoRA factors can't become one adapter")
        .hasMessageContaining("lm_head");
  }

  /** What is written is a PEFT folder, which these were none of. */
  @ParameterizedTest
  @CsvSource({"mlx, MLX LoRA", "kohya-lora/adapter, kohya"})
  void adaptersThatPeftDidNotSaveAreNotEdited(String path, String kind) {
    Path adapter = MadeUpModel.fixture("../peft/llama/" + path).normalize();

    assertThatThrownBy(
            () -> AdapterEditor.open(model.storage, List.of(adapter.toString()), List.of()))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining(
            kind
                + " can't be edited as an adapter; merge it into the base and edit the"
                + " checkpoint");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.5, Double.NaN, Double.POSITIVE_INFINITY})
  void aLambdaThatIsNoFactorIsRefused(double lambda) {
    assertThatThrownBy(() -> MadeUpModel.settings(Selection.TOP, lambda))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith("Cannot use lambda " + lambda);
  }
}
