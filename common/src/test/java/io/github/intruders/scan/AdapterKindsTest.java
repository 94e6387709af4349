package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.SpectraStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One adapter of each kind from its files to its intruders, against the model that PEFT merged,
 * scanned as a full checkpoint by the exact solver: no code of adapters is on that side.
 */
class AdapterKindsTest {
  /** Singular values, relative: the merged weights are rounded to single precision. */
  private static final double VALUE_TOLERANCE = 2e-6;

  /** Similarities: the same rounding over the gaps between singular values of random matrices. */
  private static final double SIMILARITY_TOLERANCE = 1e-4;

  private final Storage storage = new HadoopStorage(new Configuration());
  @TempDir Path folder;

  private static Path fixture(String path) throws Exception {
    return Path.of(
        Objects.requireNonNull(AdapterKindsTest.class.getResource("/fixtures/peft/" + path))
            .toURI());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama/lora",
        "llama/rslora",
        "llama/patterns",
        "llama/dora",
        "llama/modules-to-save",
        "llama/embedding",
        "llama/trainable-token-indices",
        "llama/trainable-tokens",
        "llama/pissa",
        "llama/olora",
        "llama/kasa",
        "llama/adalora",
        "llama/adalora-pruned",
        "llama/vera",
        "llama/loha",
        "llama/lokr",
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
        "llama/kohya-lora",
        "llama/kohya-loha",
        "llama/kohya-lokr",
        "llama/kohya-lokr-both",
        "llama/kohya-lokr-full",
        "llama/vblora",
        "llama/randlora",
        "llama/mlx",
        "gpt2/lora",
        "gpt2/bias",
        "gpt2/lora-bias",
        "gpt2/dora",
        "gpt2/ia3",
        "qwen3-moe/target-parameters",
      })
  void everyKindIsScannedAsItsMergedModel(String path) throws Exception {
    Path file = fixture(path).resolve("adapter"); // of those that are a file without a config
    Path adapter = Files.exists(file) ? file : fixture(path);

    requireScannedAsMerged(path, List.of(adapter));
  }

  /** The same where matrices are large enough for the low-rank route, which must be the one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-64/rslora",
        "llama-64/patterns",
        "llama-64/pissa-converted",
        "llama-64/adalora",
        "llama-64/vera",
        "llama-64/vblora",
        "llama-64/delora",
        "llama-64/miss",
        "llama-64/embedding",
        "llama-64/olora",
        "llama-64/hra",
        "llama-64/trainable-tokens",
        "qwen3-moe-64/target-parameters",
      })
  void relativesOfLoraTakeTheLowRankRoute(String path) throws Exception {
    assertThat(requireScannedAsMerged(path, List.of(fixture(path))))
        .extracting(MatrixScan::solver)
        .containsOnly(LowRankRoute.NAME);
  }

  @Test
  void aChainOfRelativesOfLoraTakesTheLowRankRoute() throws Exception {
    List<Path> chain =
        List.of(
            fixture("llama-64/chain/1-lora"),
            fixture("llama-64/chain/2-vera"),
            fixture("llama-64/chain/3-delora"));

    assertThat(requireScannedAsMerged("llama-64/chain/3-delora", chain))
        .hasSize(3)
        .extracting(MatrixScan::solver)
        .containsOnly(LowRankRoute.NAME);
  }

  @Test
  void aChainOfDifferentKindsIsScannedAsWhatPeftMergesOneAfterTheOther() throws Exception {
    List<Path> chain =
        List.of(
            fixture("llama/mixed/1-lora"),
            fixture("llama/mixed/2-ia3"),
            fixture("llama/mixed/3-loha"),
            fixture("llama/mixed/4-dora"));

    assertThat(requireScannedAsMerged("llama/mixed/4-dora", chain)).hasSize(6);
  }

  /** Returns the scans of the adapters. */
  private Collection<MatrixScan> requireScannedAsMerged(String path, List<Path> adapters)
      throws Exception {
    Path base = fixture(path.substring(0, path.indexOf('/')) + "/base");
    Map<String, TensorInfo> merged =
        Checkpoint.open(storage, fixture(path).resolve("merged.safetensors").toString()).tensors();
    Path full = writeMerged(base, merged);

    Map<String, MatrixScan> adapted = scan(base, adapters, "weight$", SolverChoice.AUTO);
    Map<String, MatrixScan> expected = scan(base, List.of(full), "weight$", SolverChoice.EXACT);

    assertThat(adapted.keySet())
        .containsExactlyInAnyOrderElementsOf(
            merged.values().stream()
                .filter(tensor -> tensor.shape().size() == 2)
                .map(TensorInfo::name)
                .toList());
    adapted.forEach((name, scan) -> compare(name, scan, expected.get(name)));
    return adapted.values();
  }

  /**
   * AdaLoRA with ones for its singular values is LoRA, whose route has its own golden values: r8 of
   * the zoo has alpha 16 and so the scale 2, and {@code 2 · (8 + 1e-5)} as alpha gives the same.
   */
  @Test
  void aRelativeOfLoraTakesTheLowRankRoute() throws Exception {
    Path zoo = Path.of(System.getProperty("zoo"));
    Path lora = zoo.resolve("lora-r8/1-python");
    Path adaptive = Files.createDirectory(folder.resolve("adaptive"));
    Files.writeString(
        adaptive.resolve("adapter_config.json"),
        "{\"peft_type\": \"ADALORA\", \"init_r\": 8, \"lora_alpha\": 16.00002}");
    SafetensorsFile file = new SafetensorsFile();
    for (TensorInfo tensor : Adapter.open(storage, lora.toString()).tensors()) {
      String name = tensor.name().replace(".weight", "");
      file.add(name, tensor.dtype().name(), tensor.shape(), bytes(tensor));
      if (name.endsWith("lora_A")) {
        file.addFloats(name.replace("lora_A", "lora_E"), List.of(8, 1), 1, 1, 1, 1, 1, 1, 1, 1);
      }
    }
    file.write(adaptive.resolve("adapter_model.safetensors"));

    requireLowRankAs(lora, adaptive);
  }

  /** Kohya's file of the same adapter, whose alpha is a tensor. */
  @Test
  void kohyasLoraTakesTheLowRankRoute() throws Exception {
    Path zoo = Path.of(System.getProperty("zoo"));
    Path lora = zoo.resolve("lora-r8/1-python");
    SafetensorsFile file = new SafetensorsFile();
    for (TensorInfo tensor : Adapter.open(storage, lora.toString()).tensors()) {
      String module =
          tensor.name().replaceFirst("base_model\\.model\\.(.*)\\.lora_[AB]\\.weight", "$1");
      String flat = "lora_te1_" + module.replace('.', '_');
      boolean down = tensor.name().endsWith("lora_A.weight");
      String name = flat + (down ? ".lora_down.weight" : ".lora_up.weight");
      file.add(name, tensor.dtype().name(), tensor.shape(), bytes(tensor));
      if (down) {
        file.addFloats(flat + ".alpha", List.of(), 16);
      }
    }
    Path kohya = folder.resolve("zoo.safetensors");
    file.write(kohya);

    requireLowRankAs(lora, kohya);
  }

  /** Two adapters of the zoo that are the same update. */
  private void requireLowRankAs(Path lora, Path other) throws Exception {
    Path base = Path.of(System.getProperty("zoo")).resolve("base");
    Map<String, MatrixScan> expected = scan(base, List.of(lora), null, SolverChoice.AUTO);
    Map<String, MatrixScan> scans = scan(base, List.of(other), null, SolverChoice.AUTO);

    assertThat(scans.keySet()).isEqualTo(expected.keySet()).hasSize(28);
    scans.forEach(
        (name, scan) -> {
          assertThat(scan.solver()).isEqualTo(LowRankRoute.NAME);
          compare(name, scan, expected.get(name));
        });
  }

  /** On top of another adapter, reflections are of a weight that is not the base's. */
  @Test
  void whatDependsOnTheWeightIsOfLowRankOnlyOnTheBaseItself() throws Exception {
    String hra = fixture("llama-64/hra").toString();
    String lora = fixture("llama-64/rslora").toString();
    BasePlan plan =
        BasePlan.of(
            storage, "b", fixture("llama-64/base").toString(), MatrixSelection.of(null, null));
    Planner planner = new Planner(storage, plan);

    assertThat(planner.plan(checkpoint(hra, lora)).matrices())
        .hasSize(3)
        .allSatisfy(m -> assertThat(m.update()).isInstanceOf(UpdateSource.LowRank.class));
    assertThat(planner.plan(checkpoint(lora, hra)).matrices())
        .hasSize(3)
        .allSatisfy(m -> assertThat(m.update()).isInstanceOf(UpdateSource.Whole.class));
    assertThat(planner.plan(checkpoint(hra, hra)).matrices())
        .hasSize(3)
        .allSatisfy(m -> assertThat(m.update()).isInstanceOf(UpdateSource.Whole.class));
  }

  private static CheckpointSpec checkpoint(String... chain) {
    return new CheckpointSpec("chain", List.of(chain), null, null, null, Map.of());
  }

  /** DoRA on top of LoRA on one matrix, where only the order in which they are applied is right. */
  @Test
  void aChainOfKindsIsAppliedInItsOrder() throws Exception {
    Path base = fixture("llama/base");
    BasePlan plan = BasePlan.of(storage, "base", base.toString(), MatrixSelection.of(null, null));
    List<String> chain =
        List.of(fixture("llama/lora").toString(), fixture("llama/dora").toString());
    CheckpointPlan planned =
        new Planner(storage, plan)
            .plan(new CheckpointSpec("chain", chain, null, null, null, Map.of()));

    assertThat(planned.rejections()).isEmpty();
    assertThat(planned.matrices()).hasSize(6);
    for (MatrixPlan matrix : planned.matrices()) {
      assertThat(matrix.update()).isInstanceOf(UpdateSource.Whole.class);
      assertThat(matrix.update().adapters())
          .extracting(AdapterUpdate::kind)
          .containsExactly("LoRA", "DoRA");
    }
  }

  private static void compare(String name, MatrixScan scan, MatrixScan expected) {
    assertThat(scan.vectors()).as(name).hasSameSizeAs(expected.vectors());
    for (int i = 0; i < scan.vectors().size(); i++) {
      VectorScan vector = scan.vectors().get(i);
      VectorScan other = expected.vectors().get(i);
      assertThat(vector.singularValue())
          .as(name)
          .isCloseTo(other.singularValue(), within(VALUE_TOLERANCE * other.singularValue()));
      assertThat(vector.bestSimilarity())
          .as(name)
          .isCloseTo(other.bestSimilarity(), within(SIMILARITY_TOLERANCE));
    }
    assertThat(scan.intruderCount()).as(name).isEqualTo(expected.intruderCount());
    assertThat(scan.update().norm())
        .as(name)
        .isCloseTo(expected.update().norm(), within(1e-5 * expected.update().norm()));
  }

  /** The base with PEFT's merged tensors in place of its own. */
  private Path writeMerged(Path base, Map<String, TensorInfo> merged) throws IOException {
    Path full = Files.createDirectory(folder.resolve("merged"));
    SafetensorsFile file = new SafetensorsFile();
    for (TensorInfo original : Checkpoint.open(storage, base.toString()).tensors().values()) {
      TensorInfo tensor = merged.getOrDefault(original.name(), original);
      file.add(tensor.name(), tensor.dtype().name(), tensor.shape(), bytes(tensor));
    }
    file.write(full.resolve("model.safetensors"));
    Files.copy(base.resolve("config.json"), full.resolve("config.json"));
    return full;
  }

  private static byte[] bytes(TensorInfo tensor) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(tensor.lengthBytes())];
    try (RandomAccessFile in =
        new RandomAccessFile(Path.of(URI.create(tensor.file()).getPath()).toFile(), "r")) {
      in.seek(tensor.offset());
      in.readFully(bytes);
    }
    return bytes;
  }

  private Map<String, MatrixScan> scan(
      Path base, List<Path> tuned, String include, SolverChoice solver) throws Exception {
    ScanSettings settings =
        new ScanSettings(TopK.parse("4"), List.of(0.9), List.of(Side.LEFT, Side.RIGHT), solver);
    BasePlan plan =
        BasePlan.of(storage, "base", base.toString(), MatrixSelection.of(include, null));
    CheckpointPlan planned =
        new Planner(storage, plan)
            .plan(
                new CheckpointSpec(
                    "tuned",
                    tuned.stream().map(Path::toString).toList(),
                    null,
                    null,
                    null,
                    Map.of()));
    assertThat(planned.rejections()).isEmpty();
    String store = storage.qualify(folder.resolve("store-" + solver).toString());
    MatrixScanner scanner =
        new MatrixScanner(
            storage, new SpectraStore(storage, store), settings, (kept, vectors) -> {});
    Map<String, MatrixScan> scans = new TreeMap<>();
    List<ScanOutcome> outcomes = new ArrayList<>();
    for (MatrixPlan matrix : planned.matrices()) {
      scanner.scan(
          matrix.base(), plan.identity(matrix.base()), List.of(travelled(matrix)), outcomes::add);
    }
    for (ScanOutcome outcome : outcomes) {
      assertThat(outcome).isInstanceOf(ScanOutcome.Analysed.class);
      scans.put(outcome.plan().base().name(), ((ScanOutcome.Analysed) outcome).scan());
    }
    return scans;
  }

  /** As it arrives at a task. */
  private static MatrixPlan travelled(MatrixPlan plan) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(plan);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (MatrixPlan) in.readObject();
    }
  }
}
