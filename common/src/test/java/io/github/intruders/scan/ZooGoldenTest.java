package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.manifest.ManifestReader;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
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
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every route against the golden values of an independent numpy implementation in double precision
 * (src/test/python/golden_zoo.py), on all sixteen really trained checkpoints.
 */
class ZooGoldenTest {
  private static final double SIMILARITY_TOLERANCE = 1e-5;
  private static final double SINGULAR_VALUE_TOLERANCE = 1e-6;

  private static JsonNode golden;

  @TempDir private static Path stores;

  @BeforeAll
  static void readGoldenValues() throws Exception {
    try (InputStream in = ZooGoldenTest.class.getResourceAsStream("/golden/zoo.json")) {
      golden = new ObjectMapper().readTree(in);
    }
  }

  @ParameterizedTest
  @EnumSource(SolverChoice.class)
  void agreesWithNumpyOnEveryVectorOfEveryCheckpoint(SolverChoice solver) throws Exception {
    ScanSettings settings =
        new ScanSettings(TopK.parse("10"), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), solver);
    Map<String, Map<String, MatrixScan>> scans = scanZoo(settings);

    assertThat(scans).hasSize(16);
    for (Map.Entry<String, Map<String, MatrixScan>> checkpoint : scans.entrySet()) {
      JsonNode expected = golden.path("checkpoints").path(checkpoint.getKey());
      assertThat(checkpoint.getValue()).hasSize(28);
      for (Map.Entry<String, MatrixScan> matrix : checkpoint.getValue().entrySet()) {
        compare(
            checkpoint.getKey() + " " + matrix.getKey(),
            matrix.getValue(),
            expected.path("matrices").path(matrix.getKey()));
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

  private static void assertRelative(String name, double value, JsonNode expected) {
    assertThat(value)
        .as(name)
        .isCloseTo(expected.asDouble(), within(1e-6 * Math.abs(expected.asDouble())));
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

  private static Map<String, Map<String, MatrixScan>> scanZoo(ScanSettings settings)
      throws Exception {
    Storage storage = new HadoopStorage(new Configuration());
    String zoo = storage.qualify(System.getProperty("zoo"));
    String file = storage.resolve(zoo, "manifest.yaml");
    Manifest manifest =
        ManifestReader.read(
            file,
            Files.readString(Path.of(System.getProperty("zoo"), "manifest.yaml")),
            relative -> storage.resolve(zoo, relative));
    BasePlan base =
        BasePlan.of(storage, manifest.baseId(), manifest.baseUri(), MatrixSelection.of(null, null));
    Planner planner = new Planner(storage, base);
    Map<String, List<MatrixPlan>> byMatrix = new TreeMap<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      for (MatrixPlan plan : planner.plan(spec).matrices()) {
        byMatrix.computeIfAbsent(plan.base().name(), key -> new ArrayList<>()).add(plan);
      }
    }
    String store = storage.qualify(stores.resolve(settings.solver().name()).toString());
    MatrixScanner scanner =
        new MatrixScanner(
            storage, new SpectraStore(storage, store), settings, (plan, vectors) -> {});
    Map<String, Map<String, MatrixScan>> scans = new TreeMap<>();
    for (List<MatrixPlan> plans : byMatrix.values()) {
      BaseMatrix matrix = plans.get(0).base();
      scanner.scan(
          matrix,
          base.identities().get(matrix.source().file()),
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
