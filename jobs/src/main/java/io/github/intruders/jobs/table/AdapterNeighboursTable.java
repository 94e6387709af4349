package io.github.intruders.jobs.table;

import io.github.intruders.compare.PairFigures;
import io.github.intruders.jobs.figures.Neighbour;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code adapter_neighbours} table: the checkpoints nearest to each checkpoint. */
public final class AdapterNeighboursTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "adapter_neighbours",
          "checkpoint_id",
          "checkpoint_id STRING, place INT, neighbour STRING, base_id STRING,"
              + " leading_cosine DOUBLE, relative_distance DOUBLE, left_overlap DOUBLE,"
              + " right_overlap DOUBLE, duplicate STRING, family STRING");

  private AdapterNeighboursTable() {}

  /** A row. */
  public static Row toRow(Neighbour neighbour) {
    PairFigures of = neighbour.pair().figures();
    return RowFactory.create(
        neighbour.checkpointId(),
        neighbour.place(),
        neighbour.neighbour(),
        neighbour.pair().baseId(),
        of.leadingCosine(),
        of.relativeDistance(),
        of.leftOverlap(),
        of.rightOverlap(),
        of.duplicate() == null ? null : of.duplicate().column(),
        neighbour.pair().family());
  }
}
