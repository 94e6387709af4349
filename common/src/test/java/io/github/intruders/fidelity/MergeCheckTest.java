package io.github.intruders.fidelity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.BaseOverlap;
import io.github.intruders.scan.MatrixScanner;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.scan.TopK;
import io.github.intruders.spectra.SpectraStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Merges by PEFT itself raise nothing; faults that are planted in them are named. What the updates
 * are is known from PEFT's merged weights, without any code that reads adapters.
 */
class MergeCheckTest {
  private final Storage storage = new HadoopStorage(new Configuration());
  private final TensorReader reader = new TensorReader(storage);
  @TempDir Path folder;

  private static Path fixture(String path) throws Exception {
    return Path.of(
        Objects.requireNonNull(MergeCheckTest.class.getResource("/fixtures/peft/" + path)).toURI());
  }

  private static Path model(String path) throws Exception {
    return fixture(path.substring(0, path.indexOf('/')) + "/base");
  }

  /** Makes an entry of a tuned matrix of the base's and PEFT's merged one. */
  @FunctionalInterface
  private interface Entry {
    double of(String matrix, double base, double merged);
  }

  private Map<String, TensorInfo> tensors(Path path) throws IOException {
    return Checkpoint.open(storage, path.toString()).tensors();
  }

  private Matrix read(TensorInfo tensor) throws IOException {
    return reader.read(MatrixSource.of(tensor, false).get(0), Precision.DOUBLE);
  }

  /**
   * Writes a tuned model.
   *
   * @param merged PEFT's
   */
  private Path tuned(Path base, Map<String, TensorInfo> merged, DType type, Entry entry)
      throws IOException {
    Path model = Files.createTempDirectory(folder, "tuned");
    SafetensorsFile file = new SafetensorsFile();
    for (TensorInfo original : tensors(base).values()) {
      String name = original.name();
      if (original.shape().size() != 2) {
        continue;
      }
      try (Arena arena = Arena.open()) {
        Matrix before = read(original);
        Matrix after = read(merged.getOrDefault(name, original));
        for (int i = 0; i < before.rows(); i++) {
          for (int j = 0; j < before.cols(); j++) {
            after.set(i, j, entry.of(name, before.get(i, j), after.get(i, j)));
          }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ElementEncoder.write(ElementEncoder.roundInPlace(after, type, name), type, bytes);
        file.add(name, type.name(), original.shape(), bytes.toByteArray());
      }
    }
    file.write(model.resolve("model.safetensors"));
    Files.copy(base.resolve("config.json"), model.resolve("config.json"));
    return model;
  }

  private CheckpointPlan plan(Path base, Path tuned, List<Path> adapters) throws IOException {
    BasePlan plan =
        BasePlan.of(
            storage, "base", base.toString(), MatrixSelection.of("weight$", "norm|embed|wpe"));
    return new Planner(storage, plan)
        .plan(
            new CheckpointSpec(
                "tuned",
                List.of(tuned.toString()),
                adapters.stream().map(Path::toString).toList(),
                null,
                null,
                null,
                Map.of()));
  }

  private Map<String, Fidelity> check(Path base, Path tuned, List<Path> adapters)
      throws IOException {
    CheckpointPlan planned = plan(base, tuned, adapters);
    assertThat(planned.rejections()).isEmpty();
    Map<String, Fidelity> found = new TreeMap<>();
    for (MatrixPlan matrix : planned.matrices()) {
      try (Arena arena = Arena.open()) {
        MatrixSource whole = ((UpdateSource.Full) matrix.update()).tuned();
        found.put(
            matrix.base().name(),
            MergeCheck.of(
                reader.read(matrix.base().source(), Precision.DOUBLE),
                reader.read(whole, Precision.DOUBLE),
                whole.dtype(),
                matrix.mergedFrom(),
                reader));
      }
    }
    return found;
  }

  private Map<String, Fidelity> check(String path, DType type, Entry entry) throws Exception {
    Path base = model(path);
    return check(
        base,
        tuned(base, tensors(fixture(path).resolve("merged.safetensors")), type, entry),
        List.of(adapter(path)));
  }

  private static Path adapter(String path) throws Exception {
    Path file = fixture(path).resolve("adapter");
    return Files.exists(file) ? file : fixture(path);
  }

  /** Those of the matrices that the adapter changes. */
  private static List<Fidelity> changed(Map<String, Fidelity> found) {
    return found.values().stream().filter(of -> of.updateNorm() > 0).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama/lora",
        "llama/rslora",
        "llama/patterns",
        "llama/named",
        "llama/all-linear",
        "llama/pissa-converted",
        "llama/dora",
        "llama/modules-to-save",
        "llama/embedding",
        "llama/trainable-token-indices",
        "llama/pissa",
        "llama/olora",
        "llama/kasa",
        "llama/adalora",
        "llama/adalora-pruned",
        "llama/vera",
        "llama/loha",
        "llama/lokr",
        "llama/lokr-full",
        "llama/lokr-decompose-both",
        "llama/ia3",
        "llama/oft",
        "llama/oft-cayley",
        "llama/boft",
        "llama/hra",
        "llama/hira",
        "llama/miss",
        "llama/c3a",
        "llama/gralora",
        "llama/delora",
        "llama/shira",
        "llama/vblora",
        "llama/randlora",
        "llama/mlx",
        "llama/kohya-lora",
        "llama/kohya-loha",
        "llama/kohya-lokr",
        "gpt2/lora",
        "gpt2/bias",
        "gpt2/dora",
        "gpt2/ia3",
        "qwen3-moe/target-parameters",
        "llama-64/rslora",
        "llama-64/olora",
        "llama-64/hra",
      })
  void cleanMergesRaiseNothing(String path) throws Exception {
    Map<String, Fidelity> found = check(path, DType.F32, (name, base, merged) -> merged);

    assertThat(found).isNotEmpty();
    assertThat(changed(found)).isNotEmpty();
    found.forEach(
        (name, of) -> {
          assertThat(of.verdict()).as("%s: %s", name, of.cause()).isEqualTo(Verdict.FAITHFUL);
          assertThat(of.residualNorm()).as(name).isLessThanOrEqualTo(of.boundNorm());
          of.coefficients()
              .values()
              .forEach(c -> assertThat(c).as(name).isCloseTo(1, within(1e-4)));
        });
  }

  /** α is 8 and r is 4: the scale is 2, so that two mistakes have the same factor each. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2|its scale 2.000 was applied twice",
        "2|it was merged twice",
        "0.5|its scale 2.000 was not applied (alpha taken as r)",
        "0.125|alpha is missing (taken as 1)",
        "4|alpha was not divided by r",
        "-1|it was subtracted",
      })
  void aWrongScaleIsNamed(double factor, String cause) throws Exception {
    Map<String, Fidelity> found =
        check("llama/lora", DType.F32, (name, base, merged) -> base + factor * (merged - base));

    assertThat(changed(found)).hasSize(6);
    for (Fidelity of : changed(found)) {
      assertThat(of.verdict()).isEqualTo(Verdict.SCALED);
      assertThat(of.cause()).contains(cause);
      assertThat(of.coefficients().get("1")).isCloseTo(factor, within(1e-5));
      assertThat(of.residual()).isCloseTo(Math.abs(factor - 1), within(1e-4));
    }
  }

  /** Every module has its own scale there, so that no factor but two is in all of them. */
  @Test
  void aScaleThatPatternsSayIsTheOneThatCounts() throws Exception {
    Map<String, Double> scales =
        Map.of(
            "model.layers.0.mlp.down_proj.weight", 8.0 / 3,
            "model.layers.1.mlp.down_proj.weight", 16.0 / 4,
            "model.layers.1.self_attn.q_proj.weight", 3.0 / 5);

    Map<String, Fidelity> found =
        check(
            "llama/patterns",
            DType.F32,
            (name, base, merged) -> base + scales.getOrDefault(name, 1.0) * (merged - base));

    for (Map.Entry<String, Double> scale : scales.entrySet()) {
      Fidelity of = found.get(scale.getKey());
      assertThat(of.verdict()).isEqualTo(Verdict.SCALED);
      assertThat(of.cause())
          .contains("its scale %.4g was applied twice".formatted(scale.getValue()));
    }
  }

  @Test
  void aFactorThatNoMistakeExplainsIsCalledUnexplainedWithItsFigures() throws Exception {
    Map<String, Fidelity> found =
        check("llama/lora", DType.F32, (name, base, merged) -> base + 0.37 * (merged - base));

    for (Fidelity of : changed(found)) {
      assertThat(of.verdict()).isEqualTo(Verdict.UNEXPLAINED);
      assertThat(of.cause())
          .startsWith("adapter 1 is in it 0.3700 times (± ")
          .endsWith("), which no known mistake explains");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama/lora", "llama/dora", "llama/oft"})
  void theBaseItselfIsUnmerged(String path) throws Exception {
    Map<String, Fidelity> found = check(path, DType.F32, (name, base, merged) -> base);

    assertThat(changed(found)).extracting(Fidelity::verdict).containsOnly(Verdict.UNMERGED);
    found.values().stream()
        .filter(of -> of.updateNorm() == 0)
        .forEach(of -> assertThat(of.verdict()).isEqualTo(Verdict.FAITHFUL));
  }

  @Test
  void aLinkThatWasLeftOutIsNamed() throws Exception {
    Path base = model("llama/chain/1");
    List<Path> chain = List.of(fixture("llama/chain/1"), fixture("llama/chain/2"));
    Map<String, TensorInfo> first = tensors(fixture("llama/chain/1").resolve("merged.safetensors"));
    Map<String, TensorInfo> both = tensors(fixture("llama/chain/2").resolve("merged.safetensors"));
    Entry merged = (name, before, after) -> after;

    Map<String, Fidelity> whole = check(base, tuned(base, both, DType.F32, merged), chain);
    Map<String, Fidelity> lacking = check(base, tuned(base, first, DType.F32, merged), chain);

    assertThat(whole.values()).extracting(Fidelity::verdict).containsOnly(Verdict.FAITHFUL);
    List<Fidelity> ofTwo =
        lacking.values().stream().filter(of -> of.coefficients().size() == 2).toList();
    assertThat(ofTwo).isNotEmpty();
    for (Fidelity of : ofTwo) {
      assertThat(of.verdict()).isEqualTo(Verdict.LINK_MISSING);
      assertThat(of.cause()).contains("adapter 2 was left out (it is in it ");
      assertThat(of.coefficients().get("1")).isCloseTo(1, within(1e-4));
      assertThat(of.coefficients().get("2")).isCloseTo(0, within(1e-4));
    }
  }

  @Test
  void aLinkThatIsNotListedIsAFurtherUpdate() throws Exception {
    Path base = model("llama/chain/1");
    Map<String, TensorInfo> both = tensors(fixture("llama/chain/2").resolve("merged.safetensors"));

    Map<String, Fidelity> found =
        check(
            base,
            tuned(base, both, DType.F32, (name, before, after) -> after),
            List.of(fixture("llama/chain/1")));

    assertThat(found.values())
        .extracting(Fidelity::verdict)
        .contains(Verdict.OTHER_UPDATE)
        .doesNotContain(Verdict.OTHER_BASE, Verdict.SCALED);
  }

  /** Of a model that has nothing to do with the base, and of one that was trained a little. */
  @ParameterizedTest
  @CsvSource({"llama-64/rslora,1", "llama-64/rslora,0.05", "llama-64/hra,1"})
  void anotherBaseIsNamed(String path, double share) throws Exception {
    SplittableRandom random = new SplittableRandom(28);

    Map<String, Fidelity> found =
        check(
            path,
            DType.F32,
            (name, base, merged) -> merged - share * base + share * 0.2 * random.nextGaussian());

    assertThat(found.values()).extracting(Fidelity::verdict).containsOnly(Verdict.OTHER_BASE);
  }

  /**
   * Merged by numpy's rule in bfloat16: of updates a hundredth as large as the weights much is
   * lost, and all of ones far smaller; neither is taken for a fault, and a fault is seen through
   * it.
   */
  @Test
  void roundingIsToldFromFaults() throws Exception {
    MadeUpMerge small = new MadeUpMerge(folder.resolve("small"), 1e-2);
    MadeUpMerge tiny = new MadeUpMerge(folder.resolve("tiny"), 1e-5);

    Fidelity rounded = only(small.merged(DType.BF16, 1, 1));
    Fidelity inFloat = only(small.merged(DType.F32, 1, 1));
    Fidelity twice = only(small.merged(DType.BF16, 2, 1));
    Fidelity lacking = only(small.merged(DType.BF16, 1, 0));
    Fidelity swallowed = only(tiny.merged(DType.BF16, 1, 1));
    Fidelity unmerged = only(small.merged(DType.BF16, 0, 0));

    assertThat(inFloat.verdict()).isEqualTo(Verdict.FAITHFUL);
    assertThat(rounded.verdict()).isEqualTo(Verdict.ROUNDED);
    assertThat(rounded.precision()).isEqualTo("BF16");
    assertThat(rounded.residual())
        .isCloseTo(rounded.residualOfRounding(), within(1e-9))
        .isLessThan(rounded.residualBound());
    assertThat(rounded.lostShare())
        .isGreaterThan(0.001)
        .isCloseTo(rounded.lostSharePredicted(), within(1e-9));
    assertThat(twice.verdict()).isEqualTo(Verdict.SCALED);
    assertThat(twice.cause()).contains("adapter 1").contains("merged twice");
    assertThat(lacking.verdict()).isEqualTo(Verdict.LINK_MISSING);
    assertThat(swallowed.verdict()).isEqualTo(Verdict.ROUNDED);
    assertThat(swallowed.lostShare()).isGreaterThan(0.99);
    assertThat(unmerged.verdict()).isEqualTo(Verdict.UNMERGED);
  }

  private Fidelity only(MadeUpMerge.Model model) throws IOException {
    Map<String, Fidelity> found = check(model.base(), model.tuned(), model.adapters());
    assertThat(found).hasSize(1);
    return found.values().iterator().next();
  }

  @Test
  void modulesUnderAnotherPrefixAreRejectedByName() throws Exception {
    MadeUpMerge merge = new MadeUpMerge(folder.resolve("renamed"), 1e-2);
    MadeUpMerge.Model model = merge.merged(DType.F32, 1, 1);
    Path renamed = merge.renamed("base_model.model.decoder.blocks.0.q_proj");

    CheckpointPlan planned = plan(model.base(), model.tuned(), List.of(renamed));

    assertThat(planned.matrices()).hasSize(1);
    assertThat(planned.matrices().get(0).mergedFrom()).isNull();
    assertThat(planned.coverage()).hasSize(1);
    assertThat(planned.coverage().get(0).found()).isZero();
    assertThat(planned.rejections())
        .extracting(Rejection::code)
        .containsExactly(RejectCode.MISSING_IN_BASE);
    assertThat(planned.rejections().get(0).message())
        .contains("1 of its 1 modules are not in the base")
        .contains("decoder.blocks.0.q_proj")
        .contains("model.layers.0.self_attn.q_proj.weight");
  }

  @Test
  void anAdapterThatIsNotThereIsRejectedAndTheRestIsPlanned() throws Exception {
    MadeUpMerge.Model model = new MadeUpMerge(folder.resolve("gone"), 1e-2).merged(DType.F32, 1, 1);
    Path gone = folder.resolve("nowhere");

    CheckpointPlan planned =
        plan(model.base(), model.tuned(), List.of(model.adapters().get(0), gone));

    assertThat(planned.matrices()).hasSize(1);
    assertThat(planned.matrices().get(0).mergedFrom()).isNull();
    assertThat(planned.rejections())
        .extracting(Rejection::code)
        .containsExactly(RejectCode.NOT_FOUND);
    assertThat(planned.rejections().get(0).message()).contains("nowhere");
  }

  /** By every route, with and without the base's decomposition. */
  @ParameterizedTest
  @EnumSource(
      value = SolverChoice.class,
      names = {"EXACT", "KRYLOV"})
  void aScanTellsIt(SolverChoice solver) throws Exception {
    MadeUpMerge.Model twice =
        new MadeUpMerge(folder.resolve("scan"), 1e-2).merged(DType.BF16, 2, 1);

    ScanOutcome.Analysed found = scan(twice.base(), twice.tuned(), twice.adapters(), solver);

    assertThat(found.scan().solver())
        .isEqualTo(Map.of("EXACT", "dense", "KRYLOV", "krylov").get(solver.name()));
    assertThat(found.fidelity().verdict()).isEqualTo(Verdict.SCALED);
    assertThat(found.fidelity().cause()).contains("adapter 1").contains("merged twice");
    assertThat(BaseOverlap.of(found.scan().vectors(), 208, 216)).isGreaterThan(0.9);
  }

  /** An adapter whose numbers are no numbers, which only reading them tells. */
  @Test
  void aBrokenAdapterCostsTheCheckAndNotTheScan() throws Exception {
    MadeUpMerge merge = new MadeUpMerge(folder.resolve("broken"), 1e-2);
    MadeUpMerge.Model model = merge.merged(DType.F32, 1, 1);
    Path file = model.adapters().get(1).resolve("adapter_model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] = (byte) 0xff;
    bytes[bytes.length - 2] = (byte) 0xff;
    Files.write(file, bytes);

    ScanOutcome.Analysed found =
        scan(model.base(), model.tuned(), model.adapters(), SolverChoice.EXACT);

    assertThat(found.fidelity().verdict()).isEqualTo(Verdict.UNKNOWN);
    assertThat(found.fidelity().cause()).contains(file.toString()).contains("lora_B");
    assertThat(found.fidelity().residual()).isNull();
  }

  private ScanOutcome.Analysed scan(Path base, Path tuned, List<Path> adapters, SolverChoice solver)
      throws IOException {
    ScanSettings settings =
        new ScanSettings(TopK.parse("4"), List.of(0.5), List.of(Side.LEFT), solver);
    MatrixPlan plan = plan(base, tuned, adapters).matrices().get(0);
    List<ScanOutcome> outcomes = new ArrayList<>();
    SpectraStore store =
        new SpectraStore(storage, storage.qualify(folder.resolve("store").toString()));
    new MatrixScanner(storage, store, settings, (kept, vectors) -> {})
        .scan(plan.base(), "identity", List.of(plan), outcomes::add);
    assertThat(outcomes).hasSize(1);
    return (ScanOutcome.Analysed) outcomes.get(0);
  }

  /** What an entry depends on is in its key: other adapters, another result. */
  @Test
  void whatItIsMergedFromIsAnInput() throws Exception {
    MadeUpMerge.Model model = new MadeUpMerge(folder.resolve("key"), 1e-2).merged(DType.F32, 1, 1);

    String both = plan(model.base(), model.tuned(), model.adapters()).matrices().get(0).inputs();
    String first =
        plan(model.base(), model.tuned(), model.adapters().subList(0, 1))
            .matrices()
            .get(0)
            .inputs();
    String none = plan(model.base(), model.tuned(), List.of()).matrices().get(0).inputs();

    assertThat(List.of(both, first, none)).doesNotHaveDuplicates();
  }
}
