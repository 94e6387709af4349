package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.round;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The {@code accumulation} tables: births, persistence and fading of intruders, one row per
 * sequence and step, and the same per matrix. At every step, born + persisted = intruders.
 */
public final class AccumulationTable {
  public static final String NAME = "accumulation";
  public static final String BY_MATRIX = "accumulation_by_matrix";

  private static final int SHARE_DIGITS = 12;

  private AccumulationTable() {}

  /**
   * One row per sequence, step and matrix.
   *
   * @param steps one row per sequence, step and matrix that was scanned, with checkpoint_id, task,
   *     layer, module, intruders, intruder_energy and energy
   * @param tracks rows of {@link IntruderTracksTable}
   */
  public static Dataset<Row> byMatrix(Dataset<Row> steps, Dataset<Row> tracks) {
    Seq<String> key = columns("sequence", "matrix", "step");
    Dataset<Row> changes =
        tracks
            .groupBy("sequence", "matrix", "step")
            .agg(state("born"), state("persisted"), state("faded"));
    WindowSpec soFar = Window.partitionBy("sequence", "matrix").orderBy("step");
    return steps
        .join(changes, key, "left")
        .na()
        .fill(0, new String[] {"born", "persisted", "faded"})
        .select(
            col("sequence"),
            col("step"),
            col("checkpoint_id"),
            col("task"),
            col("matrix"),
            col("layer"),
            col("module"),
            col("intruders"),
            col("born"),
            col("persisted"),
            col("faded"),
            sum("born").over(soFar).cast("int").as("cumulative_born"),
            share().as("intruder_energy_share"),
            col("intruder_energy"),
            col("energy"));
  }

  /** One row per sequence and step, summed over the matrices. */
  public static Dataset<Row> bySequence(Dataset<Row> byMatrix) {
    WindowSpec soFar = Window.partitionBy("sequence").orderBy("step");
    return byMatrix
        .groupBy("sequence", "step")
        .agg(
            first("checkpoint_id").as("checkpoint_id"),
            first("task").as("task"),
            count(lit(1)).cast("int").as("matrices"),
            total("intruders"),
            total("born"),
            total("persisted"),
            total("faded"),
            sum("intruder_energy").as("intruder_energy"),
            sum("energy").as("energy"))
        .select(
            col("sequence"),
            col("step"),
            col("checkpoint_id"),
            col("task"),
            col("matrices"),
            col("intruders"),
            col("born"),
            col("persisted"),
            col("faded"),
            sum("born").over(soFar).cast("int").as("cumulative_born"),
            share().as("intruder_energy_share"));
  }

  private static Column state(String state) {
    return sum(when(col("state").equalTo(state), 1).otherwise(0)).cast("int").as(state);
  }

  private static Column total(String column) {
    return sum(column).cast("int").as(column);
  }

  /** Rounded where the order of summation, which Spark leaves open, would show. */
  private static Column share() {
    Column share = col("intruder_energy").divide(col("energy"));
    return when(col("energy").gt(0), round(share, SHARE_DIGITS)).otherwise(0.0);
  }

  private static Seq<String> columns(String... names) {
    return CollectionConverters.asScala(java.util.List.of(names)).toSeq();
  }
}
