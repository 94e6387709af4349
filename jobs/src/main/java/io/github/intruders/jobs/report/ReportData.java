package io.github.intruders.jobs.report;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.desc;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.table.AccumulationTable;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.ForgettingTable;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.jobs.table.MatricesTable;
import io.github.intruders.jobs.table.MetricsTable;
import io.github.intruders.jobs.table.MitigationsTable;
import io.github.intruders.jobs.table.RejectsTable;
import io.github.intruders.jobs.table.SimilarityTable;
import io.github.intruders.jobs.table.SingularVectorsTable;
import io.github.intruders.jobs.table.TableReader;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What the report shows, read from the tables. All that grows with matrices or vectors is summed up
 * in Spark first; what reaches the driver grows with checkpoints only, or is cut at a bound.
 */
final class ReportData {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int WORST_MATRICES = 60;
  private static final int FOLLOWED_SEQUENCES = 12;
  private static final int REJECTS_SHOWN = 50;
  private static final int CORRELATIONS_SHOWN = 200;

  /** Up to so many checkpoints, each gets a heat map of its own. */
  private static final int OWN_HEAT_MAPS = 40;

  private final TableReader tables;
  private final Storage storage;
  private final String outUri;
  private final ObjectNode data = JSON.createObjectNode();

  private ReportData(TableReader tables, Storage storage, String outUri) {
    this.tables = tables;
    this.storage = storage;
    this.outUri = outUri;
  }

  /** Reads it; tables of stages that did not run are left out. */
  static JsonNode read(TableReader tables, Storage storage, String outUri) throws IOException {
    return new ReportData(tables, storage, outUri).read();
  }

  private JsonNode read() throws IOException {
    data.set("summary", summary());
    Dataset<Row> checkpoints = CheckpointsTable.ranked(tables.stored(CheckpointsTable.NAME));
    put("checkpoints", checkpoints.orderBy("sequence", "step", "checkpoint_id"));
    Dataset<Row> matrices = tables.stored(MatricesTable.NAME);
    putWorst(matrices);
    putHeat(matrices, checkpoints.count());
    putVectors();
    putSequences();
    putForgetting();
    putMitigations();
    Dataset<Row> rejects = tables.stored(RejectsTable.NAME);
    put("rejects", rejects.drop("run_id").limit(REJECTS_SHOWN));
    data.put("rejected", rejects.count());
    return data;
  }

  private JsonNode summary() throws IOException {
    String file = storage.resolve(outUri, "_summary.json");
    if (!storage.exists(file)) {
      return JSON.createObjectNode();
    }
    try (RangeSource source = storage.open(file)) {
      byte[] bytes = new byte[Math.toIntExact(source.lengthBytes())];
      source.readFully(0, bytes, 0, bytes.length);
      ObjectNode summary = (ObjectNode) JSON.readTree(bytes);
      summary.remove(List.of("checkpoints", "accumulation", "ranking", "forgetting"));
      return summary;
    }
  }

  private void putWorst(Dataset<Row> matrices) throws IOException {
    put(
        "worst",
        matrices
            .where("intruder_count > 0")
            .orderBy(desc("intruder_count"), desc("intruder_energy_share"), col("matrix"))
            .limit(WORST_MATRICES)
            .select(
                "checkpoint_id",
                "matrix",
                "intruder_count",
                "intruder_energy_share",
                "update_relative_norm",
                "update_effective_rank",
                "critical_margin",
                "solver",
                "max_residual"));
  }

  private void putHeat(Dataset<Row> matrices, long checkpoints) throws IOException {
    Dataset<Row> named =
        matrices
            .withColumn("layer", expr("coalesce(layer, -1)"))
            .withColumn(
                "checkpoint_id", checkpoints > OWN_HEAT_MAPS ? lit("all") : col("checkpoint_id"));
    put(
        "heat",
        named
            .groupBy("checkpoint_id", "layer", "module")
            .agg(sum("intruder_count").as("intruders"), count(lit(1)).as("matrices"))
            .orderBy("checkpoint_id", "layer", "module"));
  }

  /** By checkpoint and singular index: how many are intruders, and how best similarities spread. */
  private void putVectors() throws IOException {
    put(
        "vectors",
        tables
            .stored(SingularVectorsTable.NAME)
            .groupBy("checkpoint_id", "side", "singular_index")
            .agg(
                sum(when(col("is_intruder"), 1).otherwise(0)).as("intruders"),
                min("best_similarity").as("lowest"),
                expr("percentile(best_similarity, 0.25)").as("lower"),
                expr("percentile(best_similarity, 0.5)").as("median"),
                expr("percentile(best_similarity, 0.75)").as("upper"),
                max("best_similarity").as("highest"),
                avg("null_similarity").as("null_similarity"))
            .orderBy("checkpoint_id", "side", "singular_index"));
  }

  /** Accumulation, and the matrix with most intruders of every sequence, followed in detail. */
  private void putSequences() throws IOException {
    if (!tables.has(AccumulationTable.NAME)) {
      return;
    }
    put("accumulation", tables.stored(AccumulationTable.NAME).orderBy("sequence", "step"));
    Dataset<Row> byMatrix = tables.stored(AccumulationTable.BY_MATRIX);
    Dataset<Row> choice =
        byMatrix
            .groupBy("sequence", "matrix")
            .agg(sum("intruders").as("total"))
            .groupBy("sequence")
            .agg(expr("max_by(matrix, total)").as("matrix"), max("total").as("total"))
            .where("total > 0")
            .orderBy("sequence")
            .limit(FOLLOWED_SEQUENCES)
            .select("sequence", "matrix");
    // Chosen once, since of equal totals any may be taken.
    Dataset<Row> followed =
        choice.sparkSession().createDataFrame(choice.collectAsList(), choice.schema());
    put("followed", followed);
    put(
        "tracks",
        tables
            .stored(IntruderTracksTable.NAME)
            .join(followed, asColumns("sequence", "matrix"), "left_semi")
            .select(
                "sequence",
                "matrix",
                "track",
                "step",
                "singular_index",
                "singular_value",
                "best_similarity",
                "similarity_to_previous",
                "born_by_task",
                "state")
            .orderBy("sequence", "track", "step"));
    Dataset<Row> steps =
        byMatrix
            .join(followed, asColumns("sequence", "matrix"), "left_semi")
            .select("sequence", "step", "checkpoint_id", "matrix");
    put(
        "similarity",
        tables
            .stored(SimilarityTable.NAME)
            .where("tuned_index < 10 AND base_index < 10")
            .join(steps, asColumns("checkpoint_id", "matrix"), "inner")
            .groupBy("sequence", "step", "matrix", "side", "tuned_index")
            .agg(
                expr("transform(array_sort(collect_list(struct(base_index, similarity))), x ->"
                        + " round(x.similarity, 3))")
                    .as("row"))
            .orderBy("sequence", "step", "side", "tuned_index"));
  }

  private void putForgetting() throws IOException {
    if (!tables.has(MetricsTable.NAME) || !tables.has(ForgettingTable.NAME)) {
      return;
    }
    put(
        "metrics",
        tables.stored(MetricsTable.NAME).select("checkpoint_id", "metric", "forgetting"));
    put(
        "correlations",
        tables
            .stored(ForgettingTable.NAME)
            .where("rho IS NOT NULL AND (p_value_method = 't' OR method = 'kendall')")
            .drop("run_id", "base_id", "file")
            .orderBy("grouping", "method", "metric", "measure")
            .limit(CORRELATIONS_SHOWN));
  }

  private void putMitigations() throws IOException {
    if (!tables.has(MitigationsTable.NAME)) {
      return;
    }
    put(
        "mitigations",
        tables
            .stored(MitigationsTable.NAME)
            .groupBy("checkpoint_id", "variant", "lambda")
            .agg(
                sum("intruders_scaled").as("intruders_scaled"),
                sum("intruders_after").as("intruders_after"),
                expr("sqrt(sum(update_norm_before * update_norm_before))").as("update_norm_before"),
                expr("sqrt(sum(update_norm_after * update_norm_after))").as("update_norm_after"))
            .orderBy("checkpoint_id", "variant"));
  }

  private static scala.collection.immutable.Seq<String> asColumns(String... names) {
    return scala.jdk.javaapi.CollectionConverters.asScala(List.of(names)).toSeq();
  }

  private void put(String name, Dataset<Row> rows) throws IOException {
    ArrayNode array = JSON.createArrayNode();
    for (String row : rows.toJSON().collectAsList()) {
      array.add(JSON.readTree(row));
    }
    data.set(name, array);
  }
}
