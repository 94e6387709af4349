package io.github.intruders.jobs.table;

import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.MatrixStep;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code accumulation} tables: births, persistence and fading of intruders, one row per
 * sequence and step, and the same per matrix. At every step, born + persisted = intruders.
 */
public final class AccumulationTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "accumulation",
          "sequence",
          "sequence STRING, step INT, checkpoint_id STRING, task STRING, matrices INT,"
              + " intruders INT, born INT, persisted INT, faded INT, cumulative_born INT,"
              + " intruder_energy_share DOUBLE, subspace_locking DOUBLE");

  public static final TableDefinition BY_MATRIX =
      TableDefinition.of(
          "accumulation_by_matrix",
          "sequence",
          "sequence STRING, step INT, checkpoint_id STRING, task STRING, matrix STRING, layer INT,"
              + " module STRING, intruders INT, born INT, persisted INT, faded INT,"
              + " cumulative_born INT, intruder_energy_share DOUBLE, intruder_energy DOUBLE,"
              + " energy DOUBLE, subspace_locking DOUBLE");

  private AccumulationTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(AccumulationStep step) {
    return RowFactory.create(
        step.sequence(),
        step.step(),
        step.checkpointId(),
        step.task(),
        step.matrices(),
        step.intruders(),
        step.born(),
        step.persisted(),
        step.faded(),
        step.cumulativeBorn(),
        step.intruderEnergyShare(),
        step.subspaceLocking());
  }

  /** The step that a row of {@link #TABLE} was made from. */
  public static AccumulationStep fromRow(Row row) {
    return new AccumulationStep(
        row.getAs("sequence"),
        row.<Integer>getAs("step"),
        row.getAs("checkpoint_id"),
        row.getAs("task"),
        row.<Integer>getAs("matrices"),
        row.<Integer>getAs("intruders"),
        row.<Integer>getAs("born"),
        row.<Integer>getAs("persisted"),
        row.<Integer>getAs("faded"),
        row.<Integer>getAs("cumulative_born"),
        row.<Double>getAs("intruder_energy_share"),
        row.getAs("subspace_locking"));
  }

  /** A row of {@link #BY_MATRIX}. */
  public static Row toRow(MatrixStep step) {
    return RowFactory.create(
        step.sequence(),
        step.step(),
        step.checkpointId(),
        step.task(),
        step.matrix(),
        step.layer(),
        step.module(),
        step.intruders(),
        step.born(),
        step.persisted(),
        step.faded(),
        step.cumulativeBorn(),
        step.intruderEnergyShare(),
        step.intruderEnergy(),
        step.energy(),
        step.subspaceLocking());
  }

  /** The step that a row of {@link #BY_MATRIX} was made from. */
  public static MatrixStep matrixStepFromRow(Row row) {
    return new MatrixStep(
        row.getAs("sequence"),
        row.<Integer>getAs("step"),
        row.getAs("checkpoint_id"),
        row.getAs("task"),
        row.getAs("matrix"),
        row.getAs("layer"),
        row.getAs("module"),
        row.<Integer>getAs("intruders"),
        row.<Integer>getAs("born"),
        row.<Integer>getAs("persisted"),
        row.<Integer>getAs("faded"),
        row.<Integer>getAs("cumulative_born"),
        row.<Double>getAs("intruder_energy"),
        row.<Double>getAs("energy"),
        row.getAs("subspace_locking"));
  }
}
