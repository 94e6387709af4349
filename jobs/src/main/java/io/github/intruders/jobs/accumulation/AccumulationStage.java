package io.github.intruders.jobs.accumulation;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;

import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.table.AccumulationTable;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.manifest.CheckpointSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Follows the intruders of every matrix along every sequence of the manifest. Nothing is
 * decomposed: the vectors were kept by the scan. Counting is on the first side that was asked for.
 */
public final class AccumulationStage {
  private static final StructType STEPS =
      StructType.fromDDL("sequence STRING, step INT, task STRING, checkpoint_id STRING");

  private static final String NO_INTRUDERS =
      "ARRAY<STRUCT<singular_index: INT, singular_value: DOUBLE, best_similarity: DOUBLE>>";

  private final SparkSession spark;
  private final TaskStorage storage;
  private final JobConfig config;
  private final String runId;

  public AccumulationStage(
      SparkSession spark, TaskStorage storage, JobConfig config, String runId) {
    this.spark = spark;
    this.storage = storage;
    this.config = config;
    this.runId = runId;
  }

  /**
   * The stage's tables.
   *
   * @param tracks rows of {@link IntruderTracksTable}
   * @param byMatrix see {@link AccumulationTable#byMatrix}
   * @param bySequence see {@link AccumulationTable#bySequence}
   * @param rejections steps that could not be followed
   * @param held what is kept in memory until the result is closed
   */
  public record Result(
      Dataset<Row> tracks,
      Dataset<Row> byMatrix,
      Dataset<Row> bySequence,
      JavaRDD<Rejection> rejections,
      JavaRDD<?> held)
      implements AutoCloseable {
    @Override
    public void close() {
      held.unpersist();
    }
  }

  /**
   * Runs the stage.
   *
   * @param matrices the {@code matrices} table
   * @param vectors the {@code singular_vectors} table
   */
  public Result run(Dataset<Row> matrices, Dataset<Row> vectors) {
    String side = config.settings().sides().get(0).name().toLowerCase(Locale.ROOT);
    Dataset<Row> intruders =
        vectors
            .where(col("is_intruder").and(col("side").equalTo(side)))
            .groupBy("checkpoint_id", "matrix")
            .agg(
                sort_array(
                        collect_list(
                            struct(
                                col("singular_index"),
                                col("singular_value"),
                                col("best_similarity"))))
                    .as("found"));
    Dataset<Row> steps =
        matrices
            .join(broadcast(sequenceSteps()), columns("checkpoint_id"), "inner")
            .join(intruders, columns("checkpoint_id", "matrix"), "left")
            .withColumn("intruder_list", coalesce(col("found"), array().cast(NO_INTRUDERS)))
            .withColumn("intruders", size(col("intruder_list")));
    JavaRDD<FollowTracks.Followed> followed =
        steps
            .groupBy("sequence", "matrix")
            .agg(
                sort_array(
                        collect_list(
                            struct(
                                col("step"),
                                col("checkpoint_id"),
                                col("task"),
                                col("layer"),
                                col("module"),
                                col("scan_key"),
                                col("intruder_list"))))
                    .as("steps"))
            .toJavaRDD()
            .map(new FollowTracks(storage, config.outUri(), runId, side))
            .cache();
    Dataset<Row> tracks =
        spark.createDataFrame(
            followed.flatMap(one -> one.points().iterator()), IntruderTracksTable.SCHEMA);
    Dataset<Row> byMatrix = AccumulationTable.byMatrix(steps, tracks);
    return new Result(
        tracks,
        byMatrix,
        AccumulationTable.bySequence(byMatrix),
        followed.flatMap(one -> one.rejections().iterator()),
        followed);
  }

  private Dataset<Row> sequenceSteps() {
    List<Row> steps = new ArrayList<>();
    for (CheckpointSpec spec : config.manifest().checkpoints()) {
      if (spec.sequence() != null) {
        steps.add(RowFactory.create(spec.sequence(), spec.step(), spec.task(), spec.id()));
      }
    }
    return spark.createDataFrame(steps, STEPS);
  }

  private static Seq<String> columns(String... names) {
    return CollectionConverters.asScala(List.of(names)).toSeq();
  }
}
