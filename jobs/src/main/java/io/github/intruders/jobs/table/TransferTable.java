package io.github.intruders.jobs.table;

import io.github.intruders.forgetting.Retention;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code transfer} table: one row per sequence, step and metric, a cell of the task × step
 * matrix.
 */
public final class TransferTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "transfer",
          "sequence",
          "sequence STRING, step INT, checkpoint_id STRING, task STRING, metric STRING,"
              + " metric_task STRING, family STRING, value DOUBLE, base_value DOUBLE, lower_is_better BOOLEAN,"
              + " forgetting DOUBLE, best_step INT, forgetting_from_best DOUBLE,"
              + " learned_at_step INT, transfer DOUBLE, tasks_before INT,"
              + " average_forgetting DOUBLE, backward_transfer DOUBLE");

  private TransferTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(Retention cell) {
    return RowFactory.create(
        cell.sequence(),
        cell.step(),
        cell.checkpointId(),
        cell.task(),
        cell.metric(),
        cell.metricTask(),
        cell.family(),
        cell.value(),
        cell.baseValue(),
        cell.lowerIsBetter(),
        cell.forgetting(),
        cell.bestStep(),
        cell.forgettingFromBest(),
        cell.learnedAtStep(),
        cell.transfer(),
        cell.tasksBefore(),
        cell.averageForgetting(),
        cell.backwardTransfer());
  }

  /** The cell that a row was made from. */
  public static Retention fromRow(Row row) {
    return new Retention(
        row.getAs("sequence"),
        row.<Integer>getAs("step"),
        row.getAs("checkpoint_id"),
        row.getAs("task"),
        row.getAs("metric"),
        row.getAs("metric_task"),
        row.getAs("family"),
        row.<Double>getAs("value"),
        row.<Double>getAs("base_value"),
        row.<Boolean>getAs("lower_is_better"),
        row.<Double>getAs("forgetting"),
        row.getAs("best_step"),
        row.getAs("forgetting_from_best"),
        row.getAs("learned_at_step"),
        row.getAs("transfer"),
        row.getAs("tasks_before"),
        row.getAs("average_forgetting"),
        row.getAs("backward_transfer"));
  }
}
