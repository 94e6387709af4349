package io.github.intruders.jobs.report;

import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.col;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.report.RunSummary.AccumulationStep;
import io.github.intruders.jobs.report.RunSummary.CheckpointSummary;
import io.github.intruders.jobs.report.RunSummary.ForgettingSummary;
import io.github.intruders.jobs.report.RunSummary.RankedCheckpoint;
import io.github.intruders.jobs.session.Build;
import io.github.intruders.jobs.session.Hadoop;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.ml.evaluation.BinaryClassificationEvaluator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Makes the run summary from the checkpoints table: one row per checkpoint, small enough. */
public final class SummaryReader {
  private static final String DEFINITION =
      "a tuned singular vector among the top %s of W0 + dW whose largest absolute cosine with any"
          + " singular vector of W0 is below %s (arXiv 2410.21228, Definition 3.1); %s vectors";

  private static final Pattern OPENBLAS_VERSION = Pattern.compile("OpenBLAS (\\S+)");
  private static final int MAX_SUMMARY_BYTES = 64 << 20;

  /** How many correlations a summary holds at most. */
  static final int MAX_LINES = 200;

  private final SparkSession spark;
  private final JobConfig config;
  private final String runId;

  public SummaryReader(SparkSession spark, JobConfig config, String runId) {
    this.spark = spark;
    this.config = config;
    this.runId = runId;
  }

  /**
   * Sums up the run.
   *
   * @param checkpoints rows of this run
   * @param matrices rows of this run
   * @param rejected how many rows of the rejects table this run wrote
   */
  public RunSummary read(
      Dataset<Row> checkpoints, Dataset<Row> matrices, long rejected, double elapsedSeconds) {
    ScanSettings settings = config.settings();
    Map<String, CheckpointSummary> byId = new HashMap<>();
    List<RankedCheckpoint> ranking = new ArrayList<>();
    for (Row row : CheckpointsTable.ranked(checkpoints).collectAsList()) {
      byId.put(row.getAs("checkpoint_id"), summary(row));
      if (row.getAs("place") != null) {
        ranking.add(ranked(row));
      }
    }
    ranking.sort(
        Comparator.comparingInt(RankedCheckpoint::place)
            .thenComparing(RankedCheckpoint::checkpointId));
    String side = side(settings.sides());
    return new RunSummary(
        runId,
        config.manifest().baseId(),
        settings.topK().count() > 0 ? settings.topK().count() : settings.topK().text(),
        settings.epsilon(),
        side,
        config.manifest().checkpoints().stream().map(CheckpointSpec::id).map(byId::get).toList(),
        List.of(),
        ranking,
        List.of(),
        criticalMarginAuc(matrices),
        rejected,
        rounded(elapsedSeconds),
        DEFINITION.formatted(settings.topK().text(), settings.epsilon(), side),
        OpenBlas.description(),
        settings(settings),
        routes(matrices),
        versions(),
        null);
  }

  /**
   * The steps of all sequences, in their order: as few as there are checkpoints.
   *
   * @param accumulation rows of the accumulation table
   */
  public static List<AccumulationStep> steps(Dataset<Row> accumulation) {
    return accumulation.orderBy("sequence", "step").collectAsList().stream()
        .map(
            row ->
                new AccumulationStep(
                    row.getAs("sequence"),
                    row.getAs("step"),
                    row.getAs("checkpoint_id"),
                    row.getAs("task"),
                    row.getAs("intruders"),
                    row.getAs("born"),
                    row.getAs("persisted"),
                    row.getAs("faded"),
                    row.getAs("cumulative_born"),
                    row.getAs("intruder_energy_share")))
        .toList();
  }

  /**
   * The Spearman correlations over all checkpoints, the strongest first, at most {@value
   * #MAX_LINES}.
   *
   * @param forgetting rows of the forgetting table
   */
  public static List<ForgettingSummary> lines(Dataset<Row> forgetting) {
    return forgetting
        .filter(
            col("grouping")
                .equalTo("all")
                .and(col("method").equalTo("spearman"))
                .and(col("p_value_method").equalTo("t").or(col("reason").isNotNull())))
        .orderBy(abs(col("rho")).desc_nulls_last(), col("metric"), col("measure"))
        .limit(MAX_LINES)
        .collectAsList()
        .stream()
        .map(
            row ->
                new ForgettingSummary(
                    row.getAs("metric"),
                    row.getAs("measure"),
                    row.getAs("grouping"),
                    row.getAs("n"),
                    row.getAs("rho"),
                    row.getAs("p_value"),
                    row.getAs("ci_low"),
                    row.getAs("ci_high"),
                    row.getAs("reason")))
        .toList();
  }

  private static double rounded(double seconds) {
    return Math.round(seconds * 1000) / 1000.0;
  }

  private static RankedCheckpoint ranked(Row row) {
    return new RankedCheckpoint(
        row.getAs("checkpoint_id"),
        row.getAs("place"),
        row.getAs("mean_rank"),
        row.getAs("intruder_count"),
        orZero(row, "intruder_energy_share"),
        orZero(row, "update_relative_norm"));
  }

  private static Double criticalMarginAuc(Dataset<Row> matrices) {
    Dataset<Row> predicted =
        matrices
            .where("critical_margin IS NOT NULL")
            .selectExpr("-critical_margin AS score", "double(intruder_count > 0) AS label");
    if (predicted.select("label").distinct().count() < 2) {
      return null;
    }
    return new BinaryClassificationEvaluator()
        .setRawPredictionCol("score")
        .setNumBins(0)
        .evaluate(predicted);
  }

  private CheckpointSummary summary(Row row) {
    Map<String, Integer> intruders = counts(row, "intruders");
    Map<String, Integer> ties = counts(row, "ties");
    return new CheckpointSummary(
        row.getAs("checkpoint_id"),
        row.getAs("matrices"),
        row.getAs("intruder_count"),
        intruders,
        ties.getOrDefault(Double.toString(config.settings().epsilon()), 0),
        orZero(row, "intruder_energy_share"),
        orZero(row, "update_relative_norm"),
        orZero(row, "update_effective_rank"),
        row.getAs("rejected"));
  }

  private static double orZero(Row row, String column) {
    return Optional.ofNullable(row.<Double>getAs(column)).orElse(0.0);
  }

  private static Map<String, Integer> counts(Row row, String column) {
    int index = row.fieldIndex(column);
    return row.isNullAt(index) ? Map.of() : new TreeMap<>(row.<String, Integer>getJavaMap(index));
  }

  private static String side(List<Side> sides) {
    return sides.size() == 2 ? "both" : sides.get(0).name().toLowerCase(Locale.ROOT);
  }

  private Map<String, Object> settings(ScanSettings settings) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("top_k", settings.topK().text());
    all.put("epsilons", settings.epsilons());
    all.put("side", side(settings.sides()));
    all.put("solver", settings.solver().name().toLowerCase(Locale.ROOT));
    all.put("include", String.valueOf(config.selection().include()));
    all.put("exclude", String.valueOf(config.selection().exclude()));
    all.put("base_uri", config.manifest().baseUri());
    all.put("spectra", config.spectraUri());
    all.put("manifest_hash", config.manifest().contentHash());
    return all;
  }

  private Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("intruders", Build.version());
    versions.put("spark", spark.version());
    versions.put("scala", scala.util.Properties.versionNumberString());
    versions.put("hadoop", Hadoop.version());
    versions.put("java", System.getProperty("java.version"));
    Matcher openBlas = OPENBLAS_VERSION.matcher(OpenBlas.description());
    versions.put("openblas", openBlas.find() ? openBlas.group(1) : OpenBlas.description());
    return versions;
  }

  private static Map<String, Long> routes(Dataset<Row> matrices) {
    Map<String, Long> routes = new TreeMap<>();
    for (Row row : matrices.groupBy("solver").count().collectAsList()) {
      routes.put(row.getString(0), row.getLong(1));
    }
    return routes;
  }

  /**
   * How long the stages after the scan took in the run whose summary lies in {@code outUri}; empty
   * if none does, or none that tells.
   */
  public static Map<String, Double> earlierSeconds(Storage storage, String outUri)
      throws IOException {
    String file = storage.resolve(outUri, "_summary.json");
    if (!storage.exists(file)) {
      return Map.of();
    }
    try (RangeSource source = storage.open(file)) {
      byte[] bytes = new byte[Math.toIntExact(Math.min(source.lengthBytes(), MAX_SUMMARY_BYTES))];
      source.readFully(0, bytes, 0, bytes.length);
      Map<String, Double> seconds = new HashMap<>();
      for (JsonNode stage : new ObjectMapper().readTree(bytes).at("/provenance/stages")) {
        seconds.put(stage.path("stage").asText(), stage.path("seconds").asDouble());
      }
      return seconds;
    } catch (JsonProcessingException e) {
      return Map.of(); // it only helps to tell the time left
    }
  }
}
