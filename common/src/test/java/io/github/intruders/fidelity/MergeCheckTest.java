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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Objects.requireNonNull(MergeCheckTest.class.getResource("/fixtures/peft/" + path))
            .toURI());
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
}
