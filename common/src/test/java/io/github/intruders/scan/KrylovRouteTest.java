package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.krylov.LinearMap;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.NativeMemory;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.spectra.CertifiedTriplets;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A scan without the base's decomposition beside one by dense decompositions, from files. */
class KrylovRouteTest {
  private static final String NAME = "model.layers.0.attn.q_proj.weight";

  private final CountingStorage storage =
      new CountingStorage(new HadoopStorage(new Configuration()));
  private final SplittableRandom random = new SplittableRandom(23);

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"208, 208", "320, 208", "208, 320"})
  void findsTheSameIntrudersAndStoresTripletsAlone(int rows, int cols) throws Exception {
    try (Arena arena = Arena.open()) {
      Matrix w0 = base(rows, cols, i -> i < 12 ? 4 - 0.25 * i : 0.6 / Math.sqrt(1 + 0.05 * i));
      BasePlan base = plan(w0);
      List<MatrixPlan> plans =
          List.of(
              plan(base, adapter("strong", w0, 6, 2.5)),
              plan(base, adapter("weak", w0, 3, 0.2)),
              plan(base, full("full", w0, 0.05)));

      Map<String, MatrixScan> expected = scan(base, plans, SolverChoice.EXACT);
      Map<String, MatrixScan> found = scan(base, plans, SolverChoice.KRYLOV);

      assertThat(found).hasSize(3);
      for (Map.Entry<String, MatrixScan> one : found.entrySet()) {
        MatrixScan exact = expected.get(one.getKey());
        assertThat(one.getValue().solver()).as(one.getKey()).isEqualTo("krylov");
        assertThat(one.getValue().intruderCount()).isEqualTo(exact.intruderCount());
        assertThat(exact.intruders()).containsAllEntriesOf(one.getValue().intruders());
        assertNear(one.getValue().geometry(), exact.geometry());
        for (int i = 0; i < exact.vectors().size(); i++) {
          VectorScan vector = one.getValue().vectors().get(i);
          double truth = exact.vectors().get(i).bestSimilarity();
          assertThat(vector.bestSimilarityLow()).isLessThanOrEqualTo(truth);
          assertThat(vector.bestSimilarityHigh()).isGreaterThanOrEqualTo(truth);
          if (vector.bestSimilarity() != null) {
            assertThat(vector.bestBaseIndex()).isEqualTo(exact.vectors().get(i).bestBaseIndex());
          }
        }
      }
      assertThat(found.get("strong").intruderCount()).isPositive();
      assertThat(found.get("weak").intruderCount()).isLessThan(20);
      Path triplets = triplets();
      FileTime written = FileTime.fromMillis(1_000_000);
      Files.setLastModifiedTime(triplets, written);
      assertSame(scan(base, plans, SolverChoice.KRYLOV), found);
      assertThat(Files.getLastModifiedTime(triplets)).as("read, not written").isEqualTo(written);
      Files.write(triplets, new byte[100]);
      assertSame(scan(base, plans, SolverChoice.KRYLOV), found);
      assertThat(Files.size(triplets)).as("damaged, so made again").isGreaterThan(1000);
    }
  }

  /** Headers, links and stored triplets are what is read besides. */
  @Test
  void aNightReadsTheBaseAndItsAdaptersOnce() throws Exception {
    try (Arena arena = Arena.open()) {
      Matrix w0 = base(768, 640, i -> i < 12 ? 4 - 0.25 * i : 0.6 / Math.sqrt(1 + 0.05 * i));
      writeBrainFloats(folder.resolve("base/model.safetensors"), w0);
      for (int night = 0; night < 2; night++) {
        List<Path> adapters = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          adapters.add(adapter("night-%d-%d".formatted(night, i), w0, 8, 2.5));
        }
        long before = storage.bytesRead();

        BasePlan base =
            BasePlan.of(
                storage, "base", folder.resolve("base").toString(), MatrixSelection.of(null, null));
        List<MatrixPlan> plans = new ArrayList<>();
        for (Path adapter : adapters) {
          plans.add(plan(base, adapter));
        }
        assertThat(scan(base, plans, SolverChoice.KRYLOV).values())
            .hasSize(3)
            .allMatch(scan -> scan.solver().equals("krylov"));

        long files = Files.size(folder.resolve("base/model.safetensors"));
        for (Path adapter : adapters) {
          files += Files.size(adapter.resolve("adapter_model.safetensors"));
        }
        assertThat(storage.bytesRead() - before)
            .as("bytes read in night %d", night)
            .isBetween(files, files + files / 10);
      }
    }
  }

  /** What a later stack of checkpoints, or a later run, passes W0 for is its own vectors. */
  @Test
  void theBaseIsSearchedOnce() throws Exception {
    try (Arena arena = Arena.open()) {
      Matrix w0 = base(208, 208, i -> i < 12 ? 4 - 0.25 * i : 0.6 / Math.sqrt(1 + 0.05 * i));
      BasePlan base = plan(w0);
      List<MatrixPlan> plans =
          List.of(
              plan(base, adapter("strong", w0, 6, 2.5)), plan(base, adapter("weak", w0, 3, 0.2)));

      CountedMaps first = new CountedMaps(w0, null);
      List<Integer> after = passes(first, plans);
      CountedMaps later = new CountedMaps(w0, first.leading);
      List<Integer> known = passes(later, plans.subList(1, 2));

      assertThat(first.searched).isPositive();
      assertThat(later.searched).isZero();
      assertThat(after.get(1) - after.get(0)).as("passes of the second stack").isPositive();
      assertThat(known).containsExactly(after.get(1) - after.get(0));
      assertThat(first.learned).isEqualTo(1);
      assertThat(later.learned).isZero();
    }
  }

  /** How often the base was passed when each plan was done, one after the other. */
  private List<Integer> passes(CountedMaps maps, List<MatrixPlan> plans) throws Exception {
    List<Integer> passes = new ArrayList<>();
    SpectraStore unused = new SpectraStore(storage, folder.resolve("unused").toString());
    List<MatrixPlan> open =
        new MatrixScanner(storage, unused, settings(SolverChoice.KRYLOV), (of, vectors) -> {})
            .scanByBounds(
                plans.get(0).base(),
                maps,
                plans,
                1,
                outcome -> {
                  assertThat(outcome).isInstanceOf(ScanOutcome.Analysed.class);
                  passes.add(maps.passes);
                });
    assertThat(open).isEmpty();
    return passes;
  }

  /** A base that counts the products with it; what is tuned from it is formed beside it. */
  private final class CountedMaps implements MatrixMaps {
    private final LinearMap.Whole of;
    private CertifiedTriplets leading;
    private int passes;

    /** Passes before the first tuned matrix was asked for; -1 if none was. */
    private int searched = -1;

    private int learned;

    CountedMaps(Matrix w0, CertifiedTriplets leading) {
      this.of = new LinearMap.Whole(w0);
      this.leading = leading;
    }

    @Override
    public LinearMap base() {
      return new LinearMap() {
        @Override
        public LinearOperator working() {
          return new Counted();
        }

        @Override
        public double norm() {
          return of.norm();
        }

        @Override
        public Products exact(Matrix right, Matrix left) {
          passes++;
          return of.exact(right, left);
        }
      };
    }

    @Override
    public CertifiedTriplets leading() {
      return leading;
    }

    @Override
    public void learn(CertifiedTriplets found) {
      leading = found;
      learned++;
    }

    @Override
    public LinearMap tuned(MatrixPlan plan, Figures figures) throws IOException {
      searched = searched < 0 ? passes : searched;
      CoordinateUpdate.Factors factors =
          CoordinateUpdate.Factors.read(
              new TensorReader(storage), plan.update().adapters(), of.rows(), of.cols());
      figures.take(UpdateStatistics.ofFactors(factors.b(), factors.a()), () -> 0, null);
      return new LinearMap.Updated(of, factors.b(), factors.a());
    }

    private final class Counted implements LinearOperator {
      @Override
      public int rows() {
        return of.rows();
      }

      @Override
      public int cols() {
        return of.cols();
      }

      @Override
      public Precision precision() {
        return Precision.SINGLE;
      }

      @Override
      public Matrix forth(Matrix x) {
        passes++;
        return of.working().forth(x);
      }

      @Override
      public Matrix back(Matrix x) {
        passes++;
        return of.working().back(x);
      }
    }
  }

  /** Equal singular values can't be told apart by bounds; the base is decomposed after all. */
  @Test
  void whatBoundsLeaveOpenIsDecomposed() throws Exception {
    try (Arena arena = Arena.open()) {
      Matrix w0 = base(208, 208, i -> 1);
      BasePlan base = plan(w0);
      List<MatrixPlan> plans = List.of(plan(base, adapter("adapter", w0, 3, 3)));

      Map<String, MatrixScan> expected = scan(base, plans, SolverChoice.EXACT);
      Map<String, MatrixScan> found = scan(base, plans, SolverChoice.KRYLOV);

      assertThat(found.get("adapter").solver()).isNotEqualTo("krylov");
      assertThat(found.get("adapter").vectors().get(0).bestSimilarity()).isNotNull();
      assertThat(found.get("adapter").vectors().get(0).isIntruder())
          .isEqualTo(expected.get("adapter").vectors().get(0).isIntruder());
    }
  }

  /** Within what is planned, and not far below it. */
  @ParameterizedTest
  @CsvSource({"adapter, 640, 640", "full, 640, 640", "adapter, 1024, 384", "full, 384, 1024"})
  void aTaskTakesTheMemoryThatIsPlanned(String kind, int rows, int cols) throws Exception {
    BasePlan base;
    MatrixPlan plan;
    try (Arena arena = Arena.open()) {
      Matrix w0 = base(rows, cols, i -> i < 12 ? 4 - 0.25 * i : 0.6 / Math.sqrt(1 + 0.05 * i));
      base = plan(w0);
      plan = plan(base, kind.equals("full") ? full(kind, w0, 0.05) : adapter(kind, w0, 16, 2.5));
    }
    long planned =
        new Routes(settings(SolverChoice.KRYLOV)).boundsBytes(plan.base(), 1, kind.equals("full"));
    long before = NativeMemory.whenQuiet();
    AtomicLong peak = new AtomicLong();
    AtomicBoolean ended = new AtomicBoolean();
    Thread watch =
        new Thread(
            () -> {
              while (!ended.get()) {
                peak.accumulateAndGet(NativeMemory.now() - before, Math::max);
              }
            });
    watch.start();
    try {
      assertThat(scan(base, List.of(plan), SolverChoice.KRYLOV).get(kind).solver())
          .isEqualTo("krylov");
    } finally {
      ended.set(true);
      watch.join();
    }

    assertThat(peak.get()).isBetween(planned / 4, planned);
  }

  /** The one file of the store besides links. */
  private Path triplets() throws Exception {
    try (Stream<Path> files = Files.list(folder.resolve("store-KRYLOV"))) {
      List<Path> all = files.filter(Files::isRegularFile).toList();
      assertThat(all).hasSize(1);
      assertThat(all.get(0).toString()).endsWith(".triplets.safetensors");
      return all.get(0);
    }
  }

  private static void assertSame(Map<String, MatrixScan> found, Map<String, MatrixScan> expected) {
    found.forEach(
        (checkpoint, scan) -> {
          assertThat(scan.solver()).isEqualTo("krylov");
          assertThat(scan.intruderCount()).isEqualTo(expected.get(checkpoint).intruderCount());
        });
    assertThat(found).hasSameSizeAs(expected);
  }

  private static void assertNear(Geometry found, Geometry exact) {
    assertThat(found.note()).isNull();
    assertThat(found.leftRotation()).isCloseTo(exact.leftRotation(), within(0.1));
    assertThat(found.rightRotation()).isCloseTo(exact.rightRotation(), within(0.1));
    assertThat(found.leftRotationMean()).isCloseTo(exact.leftRotationMean(), within(0.1));
    assertThat(found.rightRotationMean()).isCloseTo(exact.rightRotationMean(), within(0.1));
    assertThat(found.spectralShift()).isCloseTo(exact.spectralShift(), within(1e-5));
    assertThat(found.unchangedShare()).isEqualTo(exact.unchangedShare());
  }

  private Map<String, MatrixScan> scan(BasePlan base, List<MatrixPlan> plans, SolverChoice solver)
      throws Exception {
    String store = storage.qualify(folder.resolve("store-" + solver).toString());
    ScanSettings settings = settings(solver);
    Map<String, MatrixScan> scans = new TreeMap<>();
    List<ScanOutcome> outcomes = new ArrayList<>();
    MatrixPlan first = plans.get(0);
    new MatrixScanner(storage, new SpectraStore(storage, store), settings, (of, vectors) -> {})
        .scan(first.base(), base.identity(first.base()), plans, outcomes::add);
    for (ScanOutcome outcome : outcomes) {
      assertThat(outcome).isInstanceOf(ScanOutcome.Analysed.class);
      scans.put(outcome.plan().checkpointId(), ((ScanOutcome.Analysed) outcome).scan());
    }
    return scans;
  }

  private static ScanSettings settings(SolverChoice solver) {
    return new ScanSettings(TopK.parse("10"), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), solver);
  }

  private Matrix base(int rows, int cols, java.util.function.IntToDoubleFunction spectrum) {
    int p = Math.min(rows, cols);
    double[] s = new double[p];
    for (int i = 0; i < p; i++) {
      s[i] = spectrum.applyAsDouble(i);
    }
    Matrix u = OrthonormalBasis.of(Gaussian.matrix(random, rows, p)).q();
    Matrix v = OrthonormalBasis.of(Gaussian.matrix(random, cols, p)).q();
    return u.scaleColumnsInPlace(s).times(v.t()).to(Precision.SINGLE);
  }

  private BasePlan plan(Matrix w0) throws Exception {
    Path base = folder.resolve("base");
    write(base, w0);
    return BasePlan.of(storage, "base", base.toString(), MatrixSelection.of(null, null));
  }

  private MatrixPlan plan(BasePlan base, Path tuned) throws Exception {
    CheckpointPlan planned =
        new Planner(storage, base)
            .plan(
                new CheckpointSpec(
                    tuned.getFileName().toString(),
                    List.of(tuned.toString()),
                    null,
                    null,
                    null,
                    Map.of()));
    assertThat(planned.rejections()).isEmpty();
    return planned.matrices().get(0);
  }

  private Path full(String name, Matrix w0, double change) throws Exception {
    Path checkpoint = folder.resolve(name);
    Matrix noise = Gaussian.matrix(random, w0.rows(), w0.cols(), 1, Precision.SINGLE);
    write(checkpoint, w0.copy().plusInPlace(change / Math.sqrt(w0.rows() + w0.cols()), noise));
    return checkpoint;
  }

  private Path adapter(String name, Matrix w0, int rank, double strength) throws Exception {
    Matrix a = Gaussian.matrix(random, rank, w0.cols(), 1 / Math.sqrt(w0.cols()), Precision.SINGLE);
    Matrix b =
        Gaussian.matrix(random, w0.rows(), rank, strength / Math.sqrt(w0.rows()), Precision.SINGLE);
    Path adapter = folder.resolve(name);
    new SafetensorsFile()
        .addFloats("base_model.model.model.layers.0.attn.q_proj.lora_A.weight", shape(a), values(a))
        .addFloats("base_model.model.model.layers.0.attn.q_proj.lora_B.weight", shape(b), values(b))
        .write(adapter.resolve("adapter_model.safetensors"));
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": %1$d, \"lora_alpha\": %1$d, \"target_modules\": [\"q_proj\"]}"
            .formatted(rank));
    return adapter;
  }

  private static void write(Path folder, Matrix w) throws Exception {
    new SafetensorsFile()
        .addFloats(NAME, shape(w), values(w))
        .write(folder.resolve("model.safetensors"));
  }

  private static void writeBrainFloats(Path file, Matrix w) throws IOException {
    byte[] bytes = new byte[w.rows() * w.cols() * Short.BYTES];
    ByteBuffer elements = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values(w)) {
      elements.putShort((short) (Float.floatToIntBits(value) >>> 16));
    }
    new SafetensorsFile().add(NAME, "BF16", shape(w), bytes).write(file);
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
