package io.github.intruders.jobs.table;

import io.github.intruders.jobs.figures.ComparedAdapter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code adapter_families} table: one row per checkpoint that was compared with others. */
public final class AdapterFamiliesTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "adapter_families",
          "checkpoint_id",
          "checkpoint_id STRING, base_id STRING, matrices INT, rejected INT, update_norm DOUBLE,"
              + " energy_share DOUBLE, family STRING, family_size INT, nearest STRING,"
              + " nearest_cosine DOUBLE");

  private AdapterFamiliesTable() {}

  /** A row. */
  public static Row toRow(ComparedAdapter adapter) {
    return RowFactory.create(
        adapter.checkpointId(),
        adapter.baseId(),
        adapter.matrices(),
        adapter.rejected(),
        adapter.updateNorm(),
        adapter.energyShare(),
        adapter.family(),
        adapter.familySize(),
        adapter.nearest(),
        adapter.nearestCosine());
  }

  /** What a row was made from. */
  public static ComparedAdapter fromRow(Row row) {
    return new ComparedAdapter(
        row.getAs("checkpoint_id"),
        row.getAs("base_id"),
        row.<Integer>getAs("matrices"),
        row.<Integer>getAs("rejected"),
        row.<Double>getAs("update_norm"),
        row.getAs("energy_share"),
        row.getAs("family"),
        row.getAs("family_size"),
        row.getAs("nearest"),
        row.getAs("nearest_cosine"));
  }
}
