package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map_from_entries;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.rank;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.sqrt;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.github.intruders.manifest.CheckpointSpec;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/** The {@code checkpoints} table: one row per checkpoint, analysed or not. */
public final class CheckpointsTable {
  public static final String NAME = "checkpoints";

  /** The columns that may tell of forgetting. */
  public static final List<String> MEASURES =
      List.of(
          "intruder_count",
          "intruder_energy_share",
          "update_relative_norm",
          "update_effective_rank");

  /** The columns that {@link #ranked} goes by. */
  public static final List<String> RANKED =
      List.of("intruder_count", "intruder_energy_share", "update_relative_norm");

  private static final StructType SPECS =
      StructType.fromDDL(
          "base_id STRING, checkpoint_id STRING, sequence STRING, step INT, task STRING,"
              + " method STRING, tags MAP<STRING, STRING>");

  private CheckpointsTable() {}

  /**
   * Sums up the matrices of each checkpoint.
   *
   * @param matrices rows of {@link MatricesTable}
   * @param rejects rows of {@link RejectsTable}
   */
  public static Dataset<Row> of(
      SparkSession spark,
      String baseId,
      List<CheckpointSpec> specs,
      Dataset<Row> matrices,
      Dataset<Row> rejects) {
    List<Row> rows =
        specs.stream()
            .map(
                spec ->
                    RowFactory.create(
                        baseId,
                        spec.id(),
                        spec.sequence(),
                        spec.step(),
                        spec.task(),
                        spec.method().orElse(null),
                        CollectionConverters.asScala(spec.tags())))
            .toList();
    Dataset<Row> sums =
        matrices
            .groupBy("checkpoint_id")
            .agg(
                count(lit(1)).cast("int").as("matrices"),
                sum("intruder_count").cast("int").as("intruder_count"),
                // Sorted, since sums of fractions depend on their order, which differs from run to
                // run.
                sort_array(
                        collect_list(
                            struct(
                                col("matrix"),
                                col("intruder_energy"),
                                col("energy"),
                                col("update_norm"),
                                col("base_norm"),
                                col("update_effective_rank"))))
                    .as("m"),
                max("max_residual").as("max_residual"))
            .withColumn(
                "intruder_energy_share", ratio(total("m.intruder_energy"), total("m.energy")))
            .withColumn(
                "update_effective_rank", total("m.update_effective_rank").divide(col("matrices")))
            .withColumn("update_norm", sqrt(totalOfSquares("m.update_norm")))
            .withColumn(
                "update_relative_norm",
                ratio(col("update_norm"), sqrt(totalOfSquares("m.base_norm"))))
            .drop("m");
    Dataset<Row> rejected =
        rejects.groupBy("checkpoint_id").agg(count(lit(1)).cast("int").as("rejected"));
    return spark
        .createDataFrame(rows, SPECS)
        .join(sums, columns("checkpoint_id"), "left")
        .join(total(matrices, "intruders"), columns("checkpoint_id"), "left")
        .join(total(matrices, "ties"), columns("checkpoint_id"), "left")
        .join(rejected, columns("checkpoint_id"), "left")
        .select(
            col("base_id"),
            col("checkpoint_id"),
            col("sequence"),
            col("step"),
            col("task"),
            col("method"),
            col("tags"),
            orZero("matrices"),
            col("intruders"),
            orZero("intruder_count"),
            col("intruder_energy_share"),
            col("update_effective_rank"),
            col("update_norm"),
            col("update_relative_norm"),
            col("ties"),
            col("max_residual"),
            orZero("rejected"));
  }

  /**
   * Adds the order of expected forgetting among the analysed checkpoints of a base, by what the
   * weights say alone: {@code mean_rank}, the mean of a checkpoint's ranks by intruder count,
   * intruder energy share and relative norm of the update, where equal values share their mean
   * rank; and {@code place}, from 1, the least forgetting expected. Null for what was not analysed.
   */
  public static Dataset<Row> ranked(Dataset<Row> checkpoints) {
    Column analysed = col("matrices").gt(0);
    Column sum = lit(0.0);
    for (String measure : RANKED) {
      WindowSpec group = Window.partitionBy(col("base_id"), analysed);
      WindowSpec ties = Window.partitionBy(col("base_id"), analysed, col(measure));
      sum =
          sum.plus(rank().over(group.orderBy(col(measure))))
              .plus(count(lit(1)).over(ties).minus(1).divide(2));
    }
    Dataset<Row> scored =
        checkpoints.withColumn("mean_rank", when(analysed, sum.divide(RANKED.size())));
    return scored.withColumn(
        "place",
        when(
            analysed,
            rank().over(Window.partitionBy(col("base_id"), analysed).orderBy("mean_rank"))));
  }

  private static Column total(String values) {
    return expr("aggregate(%s, 0D, (total, value) -> total + value)".formatted(values));
  }

  private static Column totalOfSquares(String values) {
    return expr("aggregate(%s, 0D, (total, value) -> total + value * value)".formatted(values));
  }

  private static Column ratio(Column part, Column whole) {
    return when(whole.gt(0), part.divide(whole)).otherwise(lit(0.0));
  }

  private static Column orZero(String column) {
    return coalesce(col(column), lit(0)).as(column);
  }

  private static scala.collection.immutable.Seq<String> columns(String... names) {
    return CollectionConverters.asScala(List.of(names)).toSeq();
  }

  /** Sums a map column over the matrices of a checkpoint, key by key. */
  private static Dataset<Row> total(Dataset<Row> matrices, String map) {
    return matrices
        .select(col("checkpoint_id"), explode(col(map)))
        .groupBy("checkpoint_id", "key")
        .agg(sum("value").cast("int").as("value"))
        .groupBy("checkpoint_id")
        .agg(map_from_entries(sort_array(collect_list(struct(col("key"), col("value"))))).as(map));
  }
}
