package io.github.intruders.jobs.accumulation;

import static org.apache.spark.sql.functions.aggregate;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.table.AccumulationTable;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.jobs.table.RejectsTable;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.scan.TopK;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Follows the intruders of every matrix along every sequence of the manifest. Nothing is
 * decomposed: the vectors were kept by the scan. Counting is on the first side that was asked for.
 */
public final class AccumulationStage {
  /** The stage, where progress is told. */
  public static final String NAME = "accumulation";

  private static final StructType STEPS =
      StructType.fromDDL("sequence STRING, step INT, task STRING, checkpoint_id STRING");

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
   * @throws UserInputException if no step was scanned, or one with other settings than this run's
   */
  public Result run(Dataset<Row> matrices, Dataset<Row> vectors) {
    String side = config.settings().sides().get(0).name().toLowerCase(Locale.ROOT);
    Dataset<Row> manifestSteps = sequenceSteps();
    Dataset<Row> steps = steps(matrices, vectors, manifestSteps, side);
    requireSameSettings(steps, side);
    Seq<String> checkpoint = columns("checkpoint_id");
    Dataset<Row> scannedSteps =
        manifestSteps
            .join(matrices, checkpoint, "left_semi")
            .groupBy("sequence")
            .agg(
                sort_array(collect_list(struct(col("step"), col("checkpoint_id"))))
                    .as("scanned_steps"));
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
            .join(broadcast(scannedSteps), columns("sequence"), "inner")
            .toJavaRDD()
            .map(new FollowTracks(storage, config.outUri(), runId, side))
            .cache();
    Dataset<Row> tracks =
        spark.createDataFrame(
            followed.flatMap(one -> one.points().iterator()), IntruderTracksTable.SCHEMA);
    JavaRDD<Rejection> gaps = followed.flatMap(one -> one.rejections().iterator());
    Dataset<Row> notFollowed =
        spark
            .createDataFrame(gaps.map(RejectsTable::toRow), RejectsTable.SCHEMA)
            .select("checkpoint_id", "matrix");
    Dataset<Row> byMatrix =
        AccumulationTable.byMatrix(
            steps.join(notFollowed, columns("checkpoint_id", "matrix"), "left_anti"), tracks);
    JavaRDD<Rejection> unscanned =
        manifestSteps
            .join(matrices, checkpoint, "left_anti")
            .toJavaRDD()
            .map(FollowTracks::notScanned);
    return new Result(
        tracks, byMatrix, AccumulationTable.bySequence(byMatrix), gaps.union(unscanned), followed);
  }

  /** One row per sequence, step and matrix that was scanned, with its intruders in a list. */
  private static Dataset<Row> steps(
      Dataset<Row> matrices, Dataset<Row> vectors, Dataset<Row> manifestSteps, String side) {
    Column here = col("side").equalTo(side);
    Dataset<Row> tested =
        vectors
            .groupBy("checkpoint_id", "matrix")
            .agg(
                min("side").as("counted_side"),
                count(when(here, 1)).cast("int").as("tested"),
                sort_array(
                        collect_list(
                            when(here, struct(col("singular_index"), col("singular_value")))))
                    .as("vector_list"),
                sort_array(
                        collect_list(
                            when(
                                here.and(col("is_intruder")),
                                struct(
                                    col("singular_index"),
                                    col("singular_value"),
                                    col("best_similarity")))))
                    .as("intruder_list"));
    return matrices
        .join(broadcast(manifestSteps), columns("checkpoint_id"), "inner")
        .join(tested, columns("checkpoint_id", "matrix"), "left")
        .withColumnRenamed("intruders", "intruders_by_epsilon")
        .withColumn("intruder_energy", energy("intruder_list"))
        .withColumn("energy", energy("vector_list"))
        .withColumn("intruders", size(col("intruder_list")));
  }

  /** Σ σ², of the counted side alone, in a fixed order. */
  private static Column energy(String list) {
    return aggregate(
        col(list),
        lit(0.0),
        (sum, one) ->
            sum.plus(one.getField("singular_value").multiply(one.getField("singular_value"))));
  }

  /**
   * The tables say what was counted when they were made; following that under other settings would
   * mislead. Counts are nested in ε, so that an equal count means the same intruders.
   */
  private void requireSameSettings(Dataset<Row> steps, String side) {
    TopK topK = config.settings().topK();
    String epsilon = Double.toString(config.settings().epsilon());
    UserDefinedFunction tested =
        udf(
            (UDF2<Integer, Integer, Integer>) (m, n) -> topK.of(Math.min(m, n)),
            DataTypes.IntegerType);
    Column same =
        col("counted_side")
            .eqNullSafe(side)
            .and(col("tested").eqNullSafe(tested.apply(col("rows"), col("cols"))))
            .and(col("intruder_count").eqNullSafe(col("intruders_by_epsilon").getItem(epsilon)));
    List<Row> one =
        steps.select(col("checkpoint_id"), same.as("same")).orderBy("same").takeAsList(1);
    if (one.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.NOTHING_TO_ANALYSE,
          config.outUri(),
          "No step of the manifest's sequences was scanned here; run scan first");
    }
    if (!one.get(0).<Boolean>getAs("same")) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          config.outUri(),
          "Checkpoint %s was scanned with other settings than --top-k %s --epsilon %s --side %s; give those of the scan, or scan again"
              .formatted(one.get(0).getAs("checkpoint_id"), topK.text(), epsilon, side));
    }
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
