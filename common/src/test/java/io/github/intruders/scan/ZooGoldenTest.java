package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.accumulation.SubspaceLocking;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.manifest.ManifestReader;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.GramSpectrum;
import io.github.intruders.spectra.SpectraStore;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every route against the golden values of an independent numpy implementation in double precision
 * (src/test/python/golden_zoo.py and golden_geometry.py), on all sixteen really trained
 * checkpoints.
 */
class ZooGoldenTest {
  private static final double SIMILARITY_TOLERANCE = 1e-5;
  private static final double SINGULAR_VALUE_TOLERANCE = 1e-6;

  /** In degrees. */
  private static final double ANGLE_TOLERANCE = 1e-4;

  private static final double BLURRED_ANGLE_TOLERANCE = 1e-3;

  private static JsonNode golden;
  private static JsonNode geometry;

  @TempDir private static Path stores;

  @BeforeAll
  static void readGoldenValues() throws Exception {
    try (InputStream in = ZooGoldenTest.class.getResourceAsStream("/golden/zoo.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    try (InputStream in = ZooGoldenTest.class.getResourceAsStream("/golden/geometry.json")) {
      geometry = new ObjectMapper().readTree(in);
    }
  }

  @ParameterizedTest
  @EnumSource(SolverChoice.class)
  void agreesWithNumpyOnEveryVectorOfEveryCheckpoint(SolverChoice solver) throws Exception {
    ScanSettings settings =
        new ScanSettings(TopK.parse("10"), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), solver);
    Map<String, float[]> kept = new ConcurrentHashMap<>();
    Map<String, Map<String, MatrixScan>> scans = scanZoo(settings, kept);

    compareLocking(kept);
    assertThat(scans).hasSize(16);
    assertThat(scans.values().stream().flatMap(byMatrix -> byMatrix.values().stream()))
        .extracting(MatrixScan::solver)
        .containsOnly(
            solver == SolverChoice.EXACT
                ? new String[] {DenseRoute.NAME}
                : new String[] {LowRankRoute.NAME, DenseRoute.NAME});
    for (Map.Entry<String, Map<String, MatrixScan>> checkpoint : scans.entrySet()) {
      JsonNode expected = golden.path("checkpoints").path(checkpoint.getKey());
      assertThat(checkpoint.getValue()).hasSize(28);
      for (Map.Entry<String, MatrixScan> matrix : checkpoint.getValue().entrySet()) {
        compare(
            checkpoint.getKey() + " " + matrix.getKey(),
            matrix.getValue(),
            expected.path("matrices").path(matrix.getKey()));
        compareGeometry(
            checkpoint.getKey(), matrix.getKey(), matrix.getValue().geometry(), ANGLE_TOLERANCE);
      }
      for (Side side : Side.values()) {
        compareCounts(
            checkpoint.getKey(),
            side,
            checkpoint.getValue(),
            expected.path("intruders").path(name(side)));
      }
    }
  }

  /** The route of matrices too large for one task, also by an adapter's factors alone. */
  @Test
  void theRouteInBlocksAgreesWithNumpyOnEveryTallMatrix() throws Exception {
    ScanSettings settings =
        new ScanSettings(
            TopK.parse("10"), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), SolverChoice.AUTO);
    Storage storage = new HadoopStorage(new Configuration());
    TensorReader reader = new TensorReader(storage);
    int compared = 0;
    for (List<MatrixPlan> plans : plans(storage, zooBase(storage)).values()) {
      BaseMatrix matrix = plans.get(0).base();
      if (matrix.source().rows() <= matrix.source().cols()) {
        continue;
      }
      try (Arena arena = Arena.open()) {
        Matrix w0 = reader.read(matrix.source(), Precision.DOUBLE);
        GramSpectrum base = GramSpectrum.of(w0.rows(), w0.cols(), w0.t().times(w0));
        for (MatrixPlan plan : plans) {
          MatrixScan scan;
          if (plan.update() instanceof UpdateSource.Full full) {
            GramRoute.Sums sums = GramRoute.Sums.zeros(w0.cols());
            sums.add(w0, reader.read(full.tuned(), Precision.DOUBLE));
            EntryChange entries = EntryChange.of(plan, () -> sums.unchanged().get(0, 0));
            scan = GramRoute.scan(base, sums, settings, DType.F64, entries);
          } else if (plan.update() instanceof UpdateSource.LowRank chain
              && LowRankRoute.suits(base.minDimension(), chain.rank(), 10)) {
            CoordinateUpdate.Factors factors =
                CoordinateUpdate.Factors.read(
                    reader,
                    plan.update().adapters(),
                    matrix.source().rows(),
                    matrix.source().cols());
            scan =
                GramRoute.scan(base, w0.t().times(factors.b()), factors.b(), factors.a(), settings)
                    .orElseThrow();
          } else {
            continue; // of too high a rank for its size
          }
          assertThat(scan.solver()).isEqualTo(GramRoute.NAME);
          compare(
              plan.checkpointId() + " " + matrix.name(),
              scan,
              golden
                  .path("checkpoints")
                  .path(plan.checkpointId())
                  .path("matrices")
                  .path(matrix.name()));
          compareGeometry(
              plan.checkpointId(), matrix.name(), scan.geometry(), BLURRED_ANGLE_TOLERANCE);
          compared++;
        }
      }
    }
    assertThat(compared).isEqualTo((4 + 4 + 4 + 1) * 8);
  }

  private static void compare(String name, MatrixScan scan, JsonNode expected) {
    for (VectorScan vector : scan.vectors()) {
      String label = name + " " + vector.side() + " " + vector.singularIndex();
      JsonNode side = expected.path(name(vector.side()));
      double value = expected.path("singular_values").path(vector.singularIndex()).asDouble();
      assertThat(vector.singularValue())
          .as(label)
          .isCloseTo(value, within(SINGULAR_VALUE_TOLERANCE * value));
      assertThat(vector.bestSimilarity())
          .as(label)
          .isCloseTo(
              side.path("best_similarity").path(vector.singularIndex()).asDouble(),
              within(SIMILARITY_TOLERANCE));
      assertThat(vector.bestBaseIndex())
          .as(label)
          .isEqualTo(side.path("best_base_index").path(vector.singularIndex()).asInt());
      assertThat(vector.residual()).as(label).isLessThan(1e-8);
    }
    assertRelative(name, scan.update().norm(), expected.path("update_norm"));
    assertRelative(name, scan.update().spectralNorm(), expected.path("update_spectral_norm"));
    assertRelative(name, scan.update().effectiveRank(), expected.path("update_effective_rank"));
    assertRelative(
        name, scan.update().norm() / scan.baseNorm(), expected.path("relative_update_norm"));
  }

  /** Of the base there are vectors in single precision; the route in blocks squares besides. */
  private static void compareGeometry(
      String checkpoint, String matrix, Geometry found, double angles) {
    JsonNode expected = geometry.path("checkpoints").path(checkpoint).path(matrix);
    String name = checkpoint + " " + matrix;
    assertThat(expected).as(name).hasSize(6);
    assertThat(found.note()).as(name).isNull();
    List<Double> degrees =
        List.of(
            found.leftRotation(),
            found.leftRotationMean(),
            found.rightRotation(),
            found.rightRotationMean());
    for (int i = 0; i < degrees.size(); i++) {
      assertThat(degrees.get(i)).as(name).isCloseTo(expected.path(i).asDouble(), within(angles));
    }
    assertRelative(name, found.spectralShift(), expected.path(4));
    if (expected.path(5).isNull()) {
      assertThat(found.unchangedShare()).as(name).isNull();
    } else {
      assertRelative(name, found.unchangedShare(), expected.path(5));
    }
  }

  private static void assertRelative(String name, double value, JsonNode expected) {
    assertThat(value)
        .as(name)
        .isCloseTo(expected.asDouble(), within(1e-6 * Math.abs(expected.asDouble())));
  }

  private static void compareLocking(Map<String, float[]> kept) {
    List<String> tasks = List.of("1-python", "2-c", "3-javascript", "4-xml");
    int compared = 0;
    for (Map.Entry<String, JsonNode> sequence : geometry.path("locking").properties()) {
      for (Map.Entry<String, JsonNode> matrix : sequence.getValue().properties()) {
        try (Arena arena = Arena.open()) {
          List<TunedVectors> steps =
              tasks.stream()
                  .map(task -> kept.get(sequence.getKey() + "/" + task + " " + matrix.getKey()))
                  .map(ZooGoldenTest::rightVectors)
                  .toList();
          SubspaceLocking locking = new SubspaceLocking(steps.get(3));
          for (int step = 0; step < 4; step++) {
            assertThat(locking.of(steps.get(step)))
                .isCloseTo(matrix.getValue().path(step).asDouble(), within(1e-6));
            compared++;
          }
        }
      }
    }
    assertThat(compared).isEqualTo(4 * 28 * 4);
  }

  private static TunedVectors rightVectors(float[] values) {
    Matrix v = Matrix.allocate(values.length / 10, 10, Precision.SINGLE);
    v.setFloats(0, values, values.length);
    return new TunedVectors(Matrix.allocate(0, 10, Precision.SINGLE), v);
  }

  private static void compareCounts(
      String checkpoint, Side side, Map<String, MatrixScan> matrices, JsonNode expected) {
    Iterator<Map.Entry<String, JsonNode>> counts = expected.properties().iterator();
    int thresholds = 0;
    while (counts.hasNext()) {
      Map.Entry<String, JsonNode> entry = counts.next();
      double epsilon = Double.parseDouble(entry.getKey());
      long count =
          matrices.values().stream()
              .flatMap(scan -> scan.vectors().stream())
              .filter(vector -> vector.side() == side && vector.bestSimilarity() < epsilon)
              .count();
      assertThat(count)
          .as("%s %s below %s", checkpoint, side, entry.getKey())
          .isEqualTo(entry.getValue().asLong());
      thresholds++;
    }
    assertThat(thresholds).isEqualTo(9);
  }

  private static String name(Side side) {
    return side.name().toLowerCase(Locale.ROOT);
  }

  private static BasePlan zooBase(Storage storage) throws Exception {
    Manifest manifest = manifest(storage);
    return BasePlan.of(
        storage, manifest.baseId(), manifest.baseUri(), MatrixSelection.of(null, null));
  }

  private static Manifest manifest(Storage storage) throws Exception {
    String zoo = storage.qualify(System.getProperty("zoo"));
    return ManifestReader.read(
        storage.resolve(zoo, "manifest.yaml"),
        Files.readString(Path.of(System.getProperty("zoo"), "manifest.yaml")),
        relative -> storage.resolve(zoo, relative));
  }

  /** The plans of all checkpoints by the base matrix's name. */
  private static Map<String, List<MatrixPlan>> plans(Storage storage, BasePlan base)
      throws Exception {
    Planner planner = new Planner(storage, base);
    Map<String, List<MatrixPlan>> byMatrix = new TreeMap<>();
    for (CheckpointSpec spec : manifest(storage).checkpoints()) {
      for (MatrixPlan plan : planner.plan(spec).matrices()) {
        byMatrix.computeIfAbsent(plan.base().name(), key -> new ArrayList<>()).add(plan);
      }
    }
    return byMatrix;
  }

  /**
   * @param kept takes the right vectors by checkpoint and matrix
   */
  private static Map<String, Map<String, MatrixScan>> scanZoo(
      ScanSettings settings, Map<String, float[]> kept) throws Exception {
    Storage storage = new HadoopStorage(new Configuration());
    BasePlan base = zooBase(storage);
    String store = storage.qualify(stores.resolve(settings.solver().name()).toString());
    MatrixScanner scanner =
        new MatrixScanner(
            storage,
            new SpectraStore(storage, store),
            settings,
            (plan, vectors) -> {
              float[] v = new float[vectors.v().rows() * vectors.v().cols()];
              vectors.v().copyFloats(0, v, v.length);
              kept.put(plan.checkpointId() + " " + plan.base().name(), v);
            });
    Map<String, Map<String, MatrixScan>> scans = new TreeMap<>();
    for (List<MatrixPlan> plans : plans(storage, base).values()) {
      BaseMatrix matrix = plans.get(0).base();
      scanner.scan(
          matrix,
          base.identity(matrix),
          plans,
          outcome -> {
            assertThat(outcome).isInstanceOf(ScanOutcome.Analysed.class);
            scans
                .computeIfAbsent(outcome.plan().checkpointId(), key -> new TreeMap<>())
                .put(matrix.name(), ((ScanOutcome.Analysed) outcome).scan());
          });
    }
    return scans;
  }
}
