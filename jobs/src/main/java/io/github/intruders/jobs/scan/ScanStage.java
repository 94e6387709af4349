package io.github.intruders.jobs.scan;

import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.Outlook;
import io.github.intruders.jobs.cost.Schedule;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.table.ScanLedger;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/**
 * Scans what the ledger does not hold yet: tasks of one base matrix each, the most expensive first,
 * each serving all or many checkpoints of its matrix.
 */
public final class ScanStage {
  private final SparkSession spark;
  private final MemoryLimit memory;
  private final TaskStorage storage;
  private final JobConfig config;
  private final String runId;

  public ScanStage(SparkSession spark, TaskStorage storage, JobConfig config, String runId) {
    this.spark = spark;
    this.memory =
        TaskMemory.of(spark.sparkContext().conf(), spark.sparkContext().defaultParallelism());
    this.storage = storage;
    this.config = config;
    this.runId = runId;
  }

  /**
   * Runs the stage.
   *
   * @param checkpoints the plans
   * @param matrices how many pieces of work they hold
   * @param decompose fills the spectra store; called where several tasks share a base matrix, so
   *     that none decomposes what another one does
   * @return the ledger's entries of exactly these plans
   */
  public Dataset<Row> run(
      BasePlan base,
      Broadcast<BasePlan> broadcast,
      JavaRDD<CheckpointPlan> checkpoints,
      long matrices,
      Runnable decompose)
      throws IOException {
    ScanSettings settings = config.settings();
    ScanLedger ledger = new ScanLedger(storage.open(), config.outUri(), runId);
    JavaPairRDD<String, MatrixPlan> planned =
        checkpoints
            .flatMap(plan -> plan.matrices().iterator())
            .mapToPair(plan -> new Tuple2<>(ScanLedger.key(plan, settings), plan));
    JavaPairRDD<String, Boolean> finished =
        ledger
            .entries(spark)
            .select("key")
            .as(Encoders.STRING())
            .toJavaRDD()
            .mapToPair(key -> new Tuple2<>(key, true));
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    context.setJobDescription("scan: looking for finished work");
    JavaPairRDD<String, MatrixPlan> pending = planned.subtractByKey(finished).cache();
    long toDo = pending.count();
    Outlook outlook =
        Outlook.of(
            base,
            pending.values(),
            new SpectraStore(storage.open(), config.spectraUri()),
            config,
            memory);
    Set<String> large = new TreeSet<>(outlook.large().keySet()); // goes to the executors
    Schedule schedule = outlook.schedule(spark.sparkContext().defaultParallelism());
    LargestFirst partitioner = new LargestFirst(schedule);
    if (schedule.spreads()) {
      decompose.run();
    }
    try (ScanProgress progress = ScanProgress.start(context, toDo, matrices - toDo)) {
      context.setJobDescription(
          "scan: %d matrices of the base, %d to analyse".formatted(base.matrices().size(), toDo));
      pending
          .filter(entry -> !large.contains(entry._2().base().name()))
          .mapToPair(
              entry ->
                  new Tuple2<>(
                      partitioner.key(entry._2().base().name(), entry._2().checkpointId()),
                      entry._2()))
          .groupByKey(partitioner)
          .foreachPartition(
              new ScanMatrices(storage, broadcast, config, runId, progress.counters(), memory));
      LargeMatrices blockwise =
          new LargeMatrices(context, storage, config, runId, memory, progress.counters());
      for (String name : large) {
        BaseMatrix matrix = base.matrices().get(name);
        blockwise.scan(
            matrix,
            base.identity(matrix),
            pending.values().filter(plan -> plan.base().name().equals(name)).collect());
      }
    } finally {
      pending.unpersist();
      context.setJobDescription(null);
    }
    Dataset<Row> keys =
        spark.createDataFrame(
            planned.keys().map(RowFactory::create), StructType.fromDDL("key STRING"));
    return ledger.entries(spark).join(keys, asColumns("key"), "left_semi");
  }

  private static scala.collection.immutable.Seq<String> asColumns(String name) {
    return scala.jdk.javaapi.CollectionConverters.asScala(List.of(name)).toSeq();
  }
}
