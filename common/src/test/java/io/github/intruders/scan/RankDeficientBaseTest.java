package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.spectra.GramSpectrum;
import io.github.intruders.spectra.SpectraStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Base vectors to singular values that are zero up to rounding are arbitrary. The base here is a
 * diagonal of a few values, and the update lies outside of what it spans; so its directions are new
 * ones, all of them and nothing else, by whatever route and from whatever file.
 */
class RankDeficientBaseTest {
  private static final String NAME = "model.layers.0.attn.q_proj.weight";
  private static final long BLOCK_BYTES = 1 << 16;

  private final Storage storage = new HadoopStorage(new Configuration());
  private final SplittableRandom random = new SplittableRandom(5);

  @TempDir private Path folder;

  /** A rank is that of the base; adapters of rank 1 are weaker than single values of it. */
  @ParameterizedTest(name = "{0}x{1} of rank {2} + {3}, k = {4}, along axes {5}")
  @CsvSource({
    "32, 32, 0, 1, 10, false",
    "32, 32, 0, 1, 10, true",
    "32, 32, 0, 4, all, false",
    "400, 400, 0, 1, 10, false",
    "400, 400, 0, 12, 10, false",
    "400, 400, 20, 2, 10, true",
    "400, 400, 20, 2, 10, false",
    "400, 400, 20, 2, 30, false",
    "400, 400, 300, 3, 10, true",
    "96, 64, 7, 2, 10, false",
    "64, 96, 7, 2, 10, true",
    "640, 200, 30, 3, 10, false",
    "200, 640, 30, 3, 40, false",
    "200, 640, 0, 3, 10, true",
  })
  void theSameTunedMatrixHasTheSameIntruders(
      int rows, int cols, int rank, int added, String topK, boolean alongAxes) throws Exception {
    try (Arena arena = Arena.open()) {
      Matrix w0 = Matrix.zeros(rows, cols, Precision.SINGLE);
      for (int i = 0; i < rank; i++) {
        w0.set(i, i, 4 - 2.0 * i / rank);
      }
      Matrix b = directions(rows, rank, added, alongAxes);
      double[] strengths = new double[added];
      for (int j = 0; j < added; j++) {
        strengths[j] = 6 - 0.25 * j;
      }
      Matrix a = directions(cols, rank, added, alongAxes).transposed();
      b.scaleColumnsInPlace(strengths);
      Matrix tuned = w0.copy().plusProductInPlace(1, b, a);
      BasePlan base = base(w0);
      MatrixPlan adapter = plan(base, adapter(a, b));
      MatrixPlan merged = plan(base, checkpoint("merged", tuned, "F32"));
      MatrixPlan half = plan(base, checkpoint("half", tuned, "BF16"));

      Map<String, MatrixScan> scans = new TreeMap<>();
      for (SolverChoice solver : SolverChoice.values()) {
        ScanSettings settings = settings(topK, solver);
        scans.put("adapter, " + solver, scan(base, adapter, settings));
        scans.put("merged, " + solver, scan(base, merged, settings));
        scans.put("merged in half precision, " + solver, scan(base, half, settings));
      }
      if (MatrixBlocks.suits(adapter.base())) {
        scans.put("adapter in blocks", blockwise(adapter, topK));
        scans.put("sums of an adapter", sums(adapter, topK));
        scans.put("merged in blocks", sums(merged, topK));
        scans.put("merged in half precision in blocks", sums(half, topK));
      }

      int k = TopK.parse(topK).of(Math.min(rows, cols));
      for (Map.Entry<String, MatrixScan> scan : scans.entrySet()) {
        assertThat(scan.getValue().intruders())
            .as(scan.getKey())
            .containsEntry("0.5", 2 * Math.min(k, added));
        if (scan.getValue().solver().equals(KrylovRoute.NAME)) {
          assertBounds(scan.getKey(), scan.getValue(), added);
          continue;
        }
        assertThat(scan.getValue().baseRank()).as(scan.getKey()).isEqualTo(rank);
        assertThat(scan.getValue().intruders())
            .as(scan.getKey())
            .containsEntry("0.2", 2 * Math.min(k, added));
        assertVectors(scan.getKey(), scan.getValue(), rank, added);
      }
    }
  }

  /** Of a base that is not decomposed no rank is known; the verdicts are the same. */
  private static void assertBounds(String name, MatrixScan scan, int added) {
    assertThat(scan.baseRank()).as(name).isNull();
    for (VectorScan vector : scan.vectors()) {
      assertThat(vector.isIntruder()).as(name).isEqualTo(vector.singularIndex() < added);
      assertThat(vector.bestSimilarityLow())
          .as(name)
          .isLessThanOrEqualTo(vector.bestSimilarityHigh());
    }
  }

  /** The directions of the update come first, then the base's own. */
  private static void assertVectors(String name, MatrixScan scan, int rank, int added) {
    for (VectorScan vector : scan.vectors()) {
      if (vector.singularIndex() < added) {
        assertThat(vector.isIntruder()).as(name).isTrue();
        assertThat(vector.bestSimilarity()).as(name).isLessThan(0.02);
        assertThat(vector.energyOutsideSpan()).as(name).isCloseTo(1, within(1e-3));
      } else if (vector.singularIndex() < added + rank) {
        assertThat(vector.isIntruder()).as(name).isFalse();
        assertThat(vector.clusterSimilarity()).as(name).isGreaterThan(0.97);
        assertThat(vector.bestBaseIndex()).as(name).isLessThan(rank);
      }
      if (rank == 0) {
        assertThat(vector.bestBaseIndex()).as(name).isNull();
        assertThat(vector.baseSingularValue()).as(name).isNull();
        assertThat(vector.nullQuantile()).as(name).isZero();
      }
    }
    for (List<double[]> square : scan.similarity().values()) {
      for (double[] row : square) {
        for (int i = rank; i < row.length; i++) {
          assertThat(row[i]).as(name).isZero();
        }
      }
    }
  }

  /** A base of full rank is compared with all of its vectors, whatever the file's precision. */
  @Test
  void aBaseOfFullRankHasAllItsVectors() throws Exception {
    try (Arena arena = Arena.open()) {
      Matrix w0 = Matrix.zeros(64, 64, Precision.SINGLE);
      for (int i = 0; i < 64; i++) {
        w0.set(i, i, Math.scalb(1.0, -i / 4));
      }
      Matrix tuned = w0.copy();
      tuned.set(63, 63, 0);
      tuned.set(62, 63, Math.scalb(1.0, -15));
      BasePlan base = base(w0);
      ScanSettings all = settings("all", SolverChoice.EXACT);

      MatrixScan scan = scan(base, plan(base, checkpoint("half", tuned, "BF16")), all);

      assertThat(scan.baseRank()).isEqualTo(64);
      assertThat(scan.vectors().get(62).isIntruder()).isFalse();
      assertThat(scan.vectors().get(62).singularValue()).isGreaterThan(0);
      assertThat(scan.vectors().get(62).bestSimilarity()).isGreaterThan(0.7);
    }
  }

  private static ScanSettings settings(String topK, SolverChoice solver) {
    return new ScanSettings(TopK.parse(topK), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), solver);
  }

  /** Orthonormal vectors of this length as columns, zero in front of a place. */
  private Matrix directions(int length, int from, int count, boolean alongAxes) {
    Matrix vectors = Matrix.zeros(length, count, Precision.SINGLE);
    if (alongAxes) {
      for (int j = 0; j < count; j++) {
        vectors.set(from + 5 + 2 * j, j, 1);
      }
      return vectors;
    }
    Matrix mixed = Gaussian.matrix(random, length - from, count, 1, Precision.SINGLE);
    vectors.rowRange(from, length).assign(OrthonormalBasis.of(mixed).q());
    return vectors;
  }

  private MatrixScan scan(BasePlan base, MatrixPlan plan, ScanSettings settings) throws Exception {
    String store = storage.qualify(folder.resolve("store").toString());
    List<ScanOutcome> outcomes = new ArrayList<>();
    new MatrixScanner(storage, new SpectraStore(storage, store), settings, (of, vectors) -> {})
        .scan(plan.base(), base.identity(plan.base()), List.of(plan), outcomes::add);
    assertThat(outcomes).singleElement().isInstanceOf(ScanOutcome.Analysed.class);
    return ((ScanOutcome.Analysed) outcomes.get(0)).scan();
  }

  private MatrixScan blockwise(MatrixPlan plan, String topK) throws Exception {
    MatrixBlocks blocks = new MatrixBlocks(storage, plan.base(), BLOCK_BYTES);
    ScanSettings settings = settings(topK, SolverChoice.AUTO);
    Matrix projected = blocks.projected(List.of(plan), all(plan));
    return blocks
        .scan(gramSpectrum(plan, blocks), plan, projected, settings)
        .orElseGet(
            () -> { // as the stage does where the certificate fails
              try {
                return sums(plan, topK);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
  }

  private MatrixScan sums(MatrixPlan plan, String topK) throws Exception {
    MatrixBlocks blocks = new MatrixBlocks(storage, plan.base(), BLOCK_BYTES);
    return blocks.scan(
        gramSpectrum(plan, blocks),
        plan,
        blocks.sums(plan, all(plan)),
        settings(topK, SolverChoice.AUTO));
  }

  private static GramSpectrum gramSpectrum(MatrixPlan plan, MatrixBlocks blocks) throws Exception {
    return GramSpectrum.of(
        plan.base().source().rows(), plan.base().source().cols(), blocks.gram(all(plan)));
  }

  private static List<Integer> all(MatrixPlan plan) {
    return IntStream.range(0, MatrixBlocks.count(plan.base(), BLOCK_BYTES)).boxed().toList();
  }

  private BasePlan base(Matrix w0) throws Exception {
    return BasePlan.of(
        storage, "base", checkpoint("base", w0, "F32").toString(), MatrixSelection.of(null, null));
  }

  private MatrixPlan plan(BasePlan base, Path tuned) throws Exception {
    CheckpointPlan planned =
        new Planner(storage, base)
            .plan(
                new CheckpointSpec("tuned", List.of(tuned.toString()), null, null, null, Map.of()));
    assertThat(planned.rejections()).isEmpty();
    return planned.matrices().get(0);
  }

  private Path adapter(Matrix a, Matrix b) throws Exception {
    Path adapter = folder.resolve("adapter");
    new SafetensorsFile()
        .addFloats("base_model.model.model.layers.0.attn.q_proj.lora_A.weight", shape(a), values(a))
        .addFloats("base_model.model.model.layers.0.attn.q_proj.lora_B.weight", shape(b), values(b))
        .write(adapter.resolve("adapter_model.safetensors"));
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": %1$d, \"lora_alpha\": %1$d, \"target_modules\": [\"q_proj\"]}"
            .formatted(a.rows()));
    return adapter;
  }

  private Path checkpoint(String name, Matrix w, String dtype) throws Exception {
    byte[] bytes;
    if (dtype.equals("F32")) {
      ByteBuffer floats =
          ByteBuffer.allocate(4 * w.rows() * w.cols()).order(ByteOrder.LITTLE_ENDIAN);
      floats.asFloatBuffer().put(values(w));
      bytes = floats.array();
    } else {
      ByteBuffer halves =
          ByteBuffer.allocate(2 * w.rows() * w.cols()).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values(w)) {
        int bits = Float.floatToIntBits(value);
        halves.putShort((short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16)); // to nearest even
      }
      bytes = halves.array();
    }
    Path checkpoint = folder.resolve(name);
    new SafetensorsFile()
        .add(NAME, dtype, shape(w), bytes)
        .write(checkpoint.resolve("model.safetensors"));
    return checkpoint;
  }

  private static List<Integer> shape(Matrix matrix) {
    return List.of(matrix.rows(), matrix.cols());
  }

  private static float[] values(Matrix matrix) {
    float[] values = new float[matrix.rows() * matrix.cols()];
    matrix.copyFloats(0, values, values.length);
    return values;
  }
}
