package io.github.intruders.jobs.scan;

import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.Outlook;
import io.github.intruders.jobs.cost.Schedule;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.progress.StageCounters;
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
import java.util.Map;
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
import org.apache.spark.util.StatCounter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Scans what the ledger does not hold yet: tasks of one base matrix each, the most expensive first,
 * each serving all or many checkpoints of its matrix.
 */
public final class ScanStage {
  /** The stage, where progress is told. */
  public static final String NAME = "scan";

  private static final Logger LOG = LoggerFactory.getLogger(ScanStage.class);

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
   * @param progress is told of this stage
   * @param decompose fills the spectra store; called where several tasks share a base matrix, so
   *     that none decomposes what another one does
   * @return the ledger's entries of exactly these plans
   */
  public Dataset<Row> run(
      BasePlan base,
      Broadcast<BasePlan> broadcast,
      JavaRDD<CheckpointPlan> checkpoints,
      long matrices,
      JobProgress progress,
      Runnable decompose)
      throws IOException {
    ScanSettings settings = config.settings();
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    context.setJobDescription("scan: looking for finished work");
    JavaPairRDD<String, MatrixPlan> planned = planned(checkpoints);
    JavaPairRDD<String, MatrixPlan> pending = pending(planned).cache();
    StatCounter costs = pending.values().mapToDouble(plan -> ScanCost.of(plan, settings)).stats();
    long toDo = costs.count();
    Outlook outlook =
        Outlook.of(
            base,
            Outlook.work(pending.values(), config),
            new SpectraStore(storage.open(), config.spectraUri()),
            config,
            memory);
    Set<String> large = new TreeSet<>(outlook.large().keySet()); // goes to the executors
    Schedule schedule = outlook.schedule(spark.sparkContext().defaultParallelism());
    LargestFirst partitioner = new LargestFirst(schedule);
    if (schedule.spreads()) {
      decompose.run();
    }
    StageCounters counters = progress.begin(NAME, "matrices", toDo, costs.sum());
    LOG.info("scan: {} matrices to analyse, {} were finished before", toDo, matrices - toDo);
    progress.describe(
        "%d matrices of the base, %d to analyse".formatted(base.matrices().size(), toDo));
    try {
      pending
          .filter(entry -> !large.contains(entry._2().base().name()))
          .mapToPair(
              entry ->
                  new Tuple2<>(
                      partitioner.key(entry._2().base().name(), entry._2().checkpointId()),
                      entry._2()))
          .groupByKey(partitioner)
          .foreachPartition(new ScanMatrices(storage, broadcast, config, runId, counters, memory));
      LargeMatrices blockwise =
          new LargeMatrices(context, storage, config, runId, memory, progress, counters);
      for (String name : large) {
        BaseMatrix matrix = base.matrices().get(name);
        blockwise.scan(
            matrix,
            base.identity(matrix),
            pending.values().filter(plan -> plan.base().name().equals(name)).collect());
      }
    } finally {
      pending.unpersist();
    }
    Dataset<Row> keys =
        spark.createDataFrame(
            planned.keys().map(RowFactory::create), StructType.fromDDL("key STRING"));
    return ledger().entries(spark).join(keys, asColumns("key"), "left_semi");
  }

  /** How many matrices of each checkpoint the ledger does not hold yet. */
  public Map<String, Long> toDoByCheckpoint(JavaRDD<CheckpointPlan> checkpoints)
      throws IOException {
    return pending(planned(checkpoints)).values().map(MatrixPlan::checkpointId).countByValue();
  }

  private JavaPairRDD<String, MatrixPlan> planned(JavaRDD<CheckpointPlan> checkpoints) {
    ScanSettings settings = config.settings();
    return checkpoints
        .flatMap(plan -> plan.matrices().iterator())
        .mapToPair(plan -> new Tuple2<>(ScanLedger.key(plan, settings), plan));
  }

  private JavaPairRDD<String, MatrixPlan> pending(JavaPairRDD<String, MatrixPlan> planned)
      throws IOException {
    return planned.subtractByKey(
        ledger()
            .entries(spark)
            .select("key")
            .as(Encoders.STRING())
            .toJavaRDD()
            .mapToPair(key -> new Tuple2<>(key, true)));
  }

  private ScanLedger ledger() {
    return new ScanLedger(storage.open(), config.outUri(), runId);
  }

  private static scala.collection.immutable.Seq<String> asColumns(String name) {
    return scala.jdk.javaapi.CollectionConverters.asScala(List.of(name)).toSeq();
  }
}
