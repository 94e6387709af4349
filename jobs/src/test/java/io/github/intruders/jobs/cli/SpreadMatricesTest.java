package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.config.OwnSettings;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.mllib.linalg.Vector;
import org.apache.spark.mllib.linalg.Vectors;
import org.apache.spark.mllib.linalg.distributed.RowMatrix;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Matrices that neither fit in a task nor can be summed in blocks, tall, wide and nearly square, go
 * by bounds with their rows spread over the executors; dense decompositions say the same of them.
 * What bounds can't tell, and what can't be read, is left out by name.
 */
@ExtendWith(LocalMaster.class)
class SpreadMatricesTest {
  /** Not enough for a decomposition of any, bounds in one task, or a scan in blocks. */
  private static final String TASK_MEMORY = "700k";

  private static final String LISTENERS = "spark.extraListeners";
  private static final double ROUNDING = 1e-6;

  private static final String NEARLY_SQUARE = "model.layers.0.self_attn.o_proj";
  private static final String COUNTS = "intruders";

  private static final Map<String, int[]> SHAPES =
      new TreeMap<>(
          Map.of(
              "model.layers.0.mlp.up_proj",
              new int[] {320, 128},
              "model.layers.0.mlp.down_proj",
              new int[] {128, 320},
              NEARLY_SQUARE,
              new int[] {176, 144}));

  /** Its singular values are all the same, so that its vectors can't be told from each other. */
  private static final String ORTHOGONAL = "model.layers.0.self_attn.q_proj";

  private static final int ANALYSED = 3 * SHAPES.size();

  @TempDir private static Path temporary;
  private static Path exact;
  private static Path spread;
  private static int code;
  private static List<String> jobs;
  private static List<Vector> squareRows;

  /** Notes how much a task sends to the driver at most. */
  public static final class Results extends SparkListener {
    private static final AtomicLong LARGEST = new AtomicLong();

    @Override
    public void onTaskEnd(SparkListenerTaskEnd task) {
      if (task.taskMetrics() != null) {
        LARGEST.accumulateAndGet(task.taskMetrics().resultSize(), Math::max);
      }
    }
  }

  @BeforeAll
  static void scanTwice() throws IOException {
    writeModels();
    exact = temporary.resolve("exact");
    spread = temporary.resolve("spread");
    assertThat(scan(exact, "--solver", "exact", "--exclude", "q_proj")).isEqualTo(3);
    System.setProperty(OwnSettings.TASK_MEMORY, TASK_MEMORY);
    System.setProperty(LISTENERS, StartedJobs.class.getName() + "," + Results.class.getName());
    TableRows.session().stop();
    StartedJobs.take();
    Results.LARGEST.set(0);
    code = scan(spread);
    jobs = StartedJobs.take();
  }

  @AfterAll
  static void clear() {
    System.clearProperty(OwnSettings.TASK_MEMORY);
    System.clearProperty(LISTENERS);
  }

  private static int scan(Path out, String... more) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                "scan",
                "--manifest",
                temporary.resolve("manifest.yaml").toString(),
                "--top-k",
                "4",
                "--side",
                "both",
                "--out",
                out.toString()));
    line.addAll(List.of(more));
    return Main.run(line.toArray(String[]::new));
  }

  @Test
  void everyMatrixIsAnalysedByBounds() {
    assertThat(code).isEqualTo(3);
    assertThat(rows(spread, "matrices", "matrix"))
        .hasSize(ANALYSED)
        .allMatch(row -> row.getAs("solver").equals("krylov"));
  }

  @Test
  void boundsHoldWhatDenseDecompositionsFind() {
    List<Row> expected = rows(exact, "singular_vectors", "matrix", "side", "singular_index");
    List<Row> found = rows(spread, "singular_vectors", "matrix", "side", "singular_index");

    assertThat(found).hasSize(ANALYSED * 2 * 4).hasSameSizeAs(expected);
    int intruders = 0;
    for (int i = 0; i < found.size(); i++) {
      Row of = found.get(i);
      double truth = expected.get(i).getAs("best_similarity");
      assertThat(of.<Double>getAs("best_similarity_low"))
          .as("%s", of)
          .isLessThanOrEqualTo(truth + ROUNDING);
      assertThat(of.<Double>getAs("best_similarity_high"))
          .as("%s", of)
          .isGreaterThanOrEqualTo(truth - ROUNDING);
      if (of.getAs("best_similarity") != null) {
        assertThat(of.<Double>getAs("best_similarity")).isCloseTo(truth, within(2e-4));
      }
      assertThat(of.<Boolean>getAs("is_intruder")).isEqualTo(expected.get(i).getAs("is_intruder"));
      double value = expected.get(i).getAs("singular_value");
      assertThat(of.<Double>getAs("singular_value")).isCloseTo(value, within(ROUNDING * value));
      intruders += of.<Boolean>getAs("is_intruder") ? 1 : 0;
    }
    assertThat(intruders).isBetween(1, found.size() - 1);
  }

  @Test
  void figuresOfUpdatesAreThoseOfDenseDecompositions() {
    List<Row> expected = rows(exact, "matrices", "matrix");
    List<Row> found = rows(spread, "matrices", "matrix");

    for (int i = 0; i < found.size(); i++) {
      Row of = found.get(i);
      for (String column : List.of("update_norm", "update_spectral_norm", "base_spectral_norm")) {
        double value = expected.get(i).getAs(column);
        assertThat(of.<Double>getAs(column)).as(column).isCloseTo(value, within(1e-5 * value));
      }
      double rank = expected.get(i).getAs("update_effective_rank");
      assertThat(of.<Double>getAs("update_effective_rank_low")).isLessThanOrEqualTo(rank * 1.0001);
      assertThat(of.<Double>getAs("update_effective_rank_high"))
          .isGreaterThanOrEqualTo(rank * 0.9999);
      assertThat(of.<Double>getAs("unchanged_share"))
          .isEqualTo(expected.get(i).getAs("unchanged_share"));
      assertThat(of.<String>getAs("checkpoint_id"))
          .isEqualTo(expected.get(i).getAs("checkpoint_id"));
    }
  }

  @Test
  void countsAreThoseOfDenseDecompositionsWhereverTheyAreTold() {
    List<Row> expected = rows(exact, "matrices", "matrix");
    List<Row> found = rows(spread, "matrices", "matrix");

    for (int i = 0; i < found.size(); i++) {
      Map<String, Integer> counts = expected.get(i).getJavaMap(expected.get(i).fieldIndex(COUNTS));
      Map<String, Integer> told = found.get(i).getJavaMap(found.get(i).fieldIndex(COUNTS));
      assertThat(told).containsKey("0.5");
      assertThat(counts).containsAllEntriesOf(told);
    }
  }

  /** MLlib finds it by ARPACK from the Gramian, with no code of this program's. */
  @Test
  void mllibFindsTheSameSpectralNorm() {
    JavaSparkContext context = new JavaSparkContext(TableRows.session().sparkContext());
    RowMatrix matrix = new RowMatrix(context.parallelize(squareRows, 2).rdd());
    double norm = matrix.computeSVD(2, false, 1e-9).s().apply(0);

    assertThat(rows(spread, "matrices", "matrix"))
        .filteredOn(row -> row.<String>getAs("matrix").contains(NEARLY_SQUARE))
        .hasSize(3)
        .allSatisfy(
            row ->
                assertThat(row.<Double>getAs("base_spectral_norm"))
                    .isCloseTo(norm, within(ROUNDING * norm)));
  }

  @Test
  void whatBoundsLeaveOpenAndWhatCanNotBeReadIsLeftOutByName() {
    assertThat(rows(spread, "rejects", "matrix"))
        .filteredOn(row -> !row.getAs("code").equals("MISSING_IN_TUNED"))
        .hasSize(2)
        .anySatisfy(
            row -> {
              assertThat(row.<String>getAs("checkpoint_id")).isEqualTo("broken");
              assertThat(row.<String>getAs("code")).isEqualTo("NOT_FINITE");
              assertThat(row.<String>getAs("message"))
                  .contains("rows 70 to 104", "row 3, column 5");
            })
        .anySatisfy(
            row -> {
              assertThat(row.<String>getAs("checkpoint_id")).isEqualTo("weak");
              assertThat(row.<String>getAs("code")).isEqualTo("TOO_LARGE");
              assertThat(row.<String>getAs("message"))
                  .contains(ORTHOGONAL, "144x144", "undecided at epsilon 0.5", "twice the other");
            });
  }

  @Test
  void aMergeOfPiecesIsNotKnown() {
    assertThat(rows(spread, "fidelity", "matrix"))
        .hasSize(SHAPES.size())
        .allSatisfy(
            row -> {
              assertThat(row.<String>getAs("verdict")).isEqualTo("unknown");
              assertThat(row.<String>getAs("cause")).contains("no task can hold");
              assertThat(row.<Object>getAs("residual")).isNull();
            });
    assertThat(rows(exact, "fidelity", "matrix"))
        .allMatch(row -> !row.getAs("verdict").equals("unknown"));
  }

  @Test
  void oneJobServesTheVectorsOfAllCheckpointsAndNothingLargeTravels() {
    for (String matrix : SHAPES.keySet()) {
      assertThat(jobs).filteredOn(job -> job.contains(matrix)).hasSizeBetween(60, 190);
    }
    assertThat(Results.LARGEST).hasValueLessThan(200 << 10); // a quarter of a task's memory
  }

  @Test
  void theLeadingTripletsOfEachMatrixAreKept() throws IOException {
    try (Stream<Path> files = Files.list(spread.resolve("spectra-store"))) {
      assertThat(files.filter(Files::isRegularFile))
          .hasSize(SHAPES.size() + 1)
          .allMatch(file -> file.toString().endsWith(".triplets.safetensors"));
    }
  }

  private static List<Row> rows(Path out, String table, String... order) {
    return TableRows.table(out, table).orderBy("checkpoint_id", order).collectAsList();
  }

  /** A base, two adapters and a full fine-tune, with directions that the base lacks. */
  private static void writeModels() throws IOException {
    SplittableRandom random = new SplittableRandom(18);
    Map<String, Matrix> base = new TreeMap<>();
    Map<String, Matrix> full = new TreeMap<>();
    Map<String, Matrix> strong = new TreeMap<>();
    Map<String, Matrix> weak = new TreeMap<>();
    try (Arena arena = Arena.open()) {
      SHAPES.forEach(
          (name, shape) -> {
            Matrix w0 = base(random, shape[0], shape[1]);
            base.put(name + ".weight", w0.to(Precision.SINGLE));
            Matrix b = gaussian(random, shape[0], 2, 0.6 / Math.sqrt(shape[0]));
            Matrix a = gaussian(random, 2, shape[1], 1 / Math.sqrt(shape[1]));
            Matrix noise = gaussian(random, shape[0], shape[1], 0.002);
            full.put(
                name + ".weight",
                w0.copy().plusInPlace(1, noise).plusProductInPlace(1, b, a).to(Precision.SINGLE));
            factors(strong, name, random, shape, 0.8);
            factors(weak, name, random, shape, 0.05);
          });
      base.put(
          ORTHOGONAL + ".weight",
          OrthonormalBasis.of(gaussian(random, 144, 144, 1)).q().to(Precision.SINGLE));
      factors(weak, ORTHOGONAL, random, new int[] {144, 144}, 0.05);
      String first = SHAPES.keySet().iterator().next() + ".weight";
      Matrix nan = base.get(first).copy();
      nan.set(73, 5, Double.NaN);
      write("broken/model.safetensors", Map.of(first, nan));
      squareRows = rows(base.get(NEARLY_SQUARE + ".weight"));
      write("base/model.safetensors", base);
      write("full/model.safetensors", full);
      write("strong/adapter_model.safetensors", strong);
      write("weak/adapter_model.safetensors", weak);
    }
    StringBuilder manifest = new StringBuilder("base: {id: base, uri: base}\ncheckpoints:\n");
    for (String checkpoint : List.of("broken", "full", "strong", "weak")) {
      manifest.append(
          "  - {id: %1$s, uri: %1$s%2$s}\n"
              .formatted(checkpoint, checkpoint.equals("full") ? ", merged_from: strong" : ""));
      if (List.of("strong", "weak").contains(checkpoint)) {
        Files.writeString(
            temporary.resolve(checkpoint).resolve("adapter_config.json"),
            "{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 4}");
      }
    }
    Files.writeString(temporary.resolve("manifest.yaml"), manifest);
  }

  private static List<Vector> rows(Matrix matrix) {
    List<Vector> rows = new ArrayList<>();
    for (int i = 0; i < matrix.rows(); i++) {
      rows.add(Vectors.dense(matrix.row(i)));
    }
    return rows;
  }

  private static Matrix base(SplittableRandom random, int rows, int cols) {
    int p = Math.min(rows, cols);
    double[] s = new double[p];
    for (int i = 0; i < p; i++) {
      s[i] = 2 * Math.pow(i + 1, -0.7);
    }
    Matrix u = OrthonormalBasis.of(gaussian(random, rows, p, 1)).q();
    Matrix v = OrthonormalBasis.of(gaussian(random, cols, p, 1)).q();
    return u.scaleColumnsInPlace(s).times(v.t());
  }

  private static void factors(
      Map<String, Matrix> adapter, String name, SplittableRandom random, int[] shape, double size) {
    adapter.put(
        "base_model.model.%s.lora_A.weight".formatted(name),
        gaussian(random, 4, shape[1], 1 / Math.sqrt(shape[1])).to(Precision.SINGLE));
    adapter.put(
        "base_model.model.%s.lora_B.weight".formatted(name),
        gaussian(random, shape[0], 4, size / Math.sqrt(shape[0])).to(Precision.SINGLE));
  }

  private static Matrix gaussian(SplittableRandom random, int rows, int cols, double deviation) {
    return Gaussian.matrix(random, rows, cols, deviation, Precision.DOUBLE);
  }

  private static void write(String file, Map<String, Matrix> tensors) throws IOException {
    Path path = temporary.resolve(file);
    Files.createDirectories(path.getParent());
    SafetensorsWriter writer = new SafetensorsWriter();
    tensors.forEach(writer::add);
    try (OutputStream out = Files.newOutputStream(path)) {
      writer.writeTo(out);
    }
  }
}
