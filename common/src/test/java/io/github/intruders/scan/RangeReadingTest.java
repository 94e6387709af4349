package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.spectra.SpectraStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only headers and the tensors that are analysed are read. */
class RangeReadingTest {
  private static final double ALLOWANCE = 1.05;

  @TempDir private Path temporary;

  private final Storage files = new HadoopStorage(new Configuration());
  private final CountingStorage checkpoints = new CountingStorage(files);

  private String zoo(String path) {
    return files.resolve(files.qualify(System.getProperty("zoo")), path);
  }

  @Test
  void planningReadsHeadersAndAFewSamplesOfEachTensor() throws Exception {
    plan("full/1-python");

    int tensors = 0;
    for (String checkpoint : List.of("base", "full/1-python")) {
      tensors += Checkpoint.open(files, zoo(checkpoint)).tensors().size();
    }
    assertThat(checkpoints.bytesRead()).isLessThan(20_000 + 4 * 1024 * tensors);
    assertThat(files.status(zoo("base/model.safetensors")).lengthBytes()).isGreaterThan(1_700_000);
  }

  @Test
  void aFullFineTuneReadsTheAnalysedTensorsOnceFromEachOfBothCheckpoints() throws Exception {
    Planned planned = plan("full/1-python");
    scan(planned); // fills the store
    long before = checkpoints.bytesRead();

    scan(planned);

    long spectra = storeBytes();
    long tensors = 0;
    for (MatrixPlan matrix : planned.plan.matrices()) {
      tensors += matrix.base().source().lengthBytes() + matrix.updateBytes();
    }
    assertThat(checkpoints.bytesRead() - before)
        .isBetween(tensors + spectra / 2, (long) (ALLOWANCE * (tensors + spectra)));
  }

  @Test
  void anAdapterReadsItsFactorsAndTheStoredSpectraButNotTheBase() throws Exception {
    Planned planned = plan("lora-r8/1-python");
    scan(planned);
    long before = checkpoints.bytesRead();

    List<ScanOutcome> outcomes = scan(planned);

    long factors = planned.plan.matrices().stream().mapToLong(MatrixPlan::updateBytes).sum();
    assertThat(outcomes)
        .extracting(outcome -> ((ScanOutcome.Analysed) outcome).scan().solver())
        .containsOnly("low-rank");
    assertThat(checkpoints.bytesRead() - before)
        .isLessThanOrEqualTo((long) (ALLOWANCE * (factors + storeBytes())));
  }

  private record Planned(BasePlan base, CheckpointPlan plan) {}

  private Planned plan(String checkpoint) throws Exception {
    // Layer 0's square and wide matrices: the route of adapters suits all of them.
    BasePlan base =
        BasePlan.of(
            checkpoints,
            "base",
            zoo("base"),
            MatrixSelection.of("layers\\.0\\..*(q|o|up)_proj", null));
    CheckpointSpec spec =
        new CheckpointSpec("tuned", List.of(zoo(checkpoint)), null, null, null, Map.of());
    return new Planned(base, new Planner(checkpoints, base).plan(spec));
  }

  private List<ScanOutcome> scan(Planned planned) throws Exception {
    List<ScanOutcome> outcomes = new ArrayList<>();
    MatrixScanner scanner =
        new MatrixScanner(
            checkpoints,
            new SpectraStore(checkpoints, files.qualify(temporary.toString())),
            ScanSettings.published(),
            (plan, vectors) -> {});
    for (MatrixPlan plan : planned.plan.matrices()) {
      scanner.scan(plan.base(), planned.base.identity(plan.base()), List.of(plan), outcomes::add);
    }
    assertThat(outcomes).hasSize(3).allMatch(outcome -> outcome instanceof ScanOutcome.Analysed);
    return outcomes;
  }

  /** Bytes of all files in the store, headers and hashes included. */
  private long storeBytes() throws Exception {
    try (Stream<Path> paths = Files.walk(temporary)) {
      long bytes = 0;
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(path);
      }
      return bytes;
    }
  }
}
