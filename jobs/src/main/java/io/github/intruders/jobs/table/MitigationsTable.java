package io.github.intruders.jobs.table;

import io.github.intruders.jobs.ledger.MitigationEntry;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code mitigations} table: one row per checkpoint, matrix and variant. */
public final class MitigationsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "mitigations",
          "checkpoint_id",
          "mitigation_key STRING, checkpoint_id STRING, matrix STRING, layer INT, module STRING,"
              + " rows INT, cols INT, variant STRING, lambda DOUBLE, selection STRING,"
              + " intruders_before INT, intruders_scaled INT, scaled_indices ARRAY<INT>,"
              + " rounds INT, singular_values_before ARRAY<DOUBLE>,"
              + " singular_values_after ARRAY<DOUBLE>, update_norm_before DOUBLE,"
              + " update_norm_after DOUBLE, update_rank_before INT, update_rank_after INT,"
              + " reconstruction_error DOUBLE, edit_norm DOUBLE, update_limit DOUBLE,"
              + " values_kept INT, intruders_after INT, solver STRING");

  private MitigationsTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(MitigationEntry entry) {
    return RowFactory.create(
        entry.key(),
        entry.checkpointId(),
        entry.matrix(),
        entry.layer(),
        entry.module(),
        entry.rows(),
        entry.cols(),
        entry.variant(),
        entry.lambda(),
        entry.selection(),
        entry.intrudersBefore(),
        entry.intrudersScaled(),
        ColumnLists.toColumn(entry.scaledIndices()),
        entry.rounds(),
        ColumnLists.toColumn(entry.singularValuesBefore()),
        ColumnLists.toColumn(entry.singularValuesAfter()),
        entry.updateNormBefore(),
        entry.updateNormAfter(),
        entry.updateRankBefore(),
        entry.updateRankAfter(),
        entry.reconstructionError(),
        entry.editNorm(),
        entry.updateLimit(),
        entry.valuesKept(),
        entry.intrudersAfter(),
        entry.solver());
  }

  /** The entry that a row was made from. */
  public static MitigationEntry fromRow(Row row) {
    return new MitigationEntry(
        row.getAs("mitigation_key"),
        row.getAs("checkpoint_id"),
        row.getAs("matrix"),
        row.getAs("layer"),
        row.getAs("module"),
        row.<Integer>getAs("rows"),
        row.<Integer>getAs("cols"),
        row.getAs("variant"),
        row.getAs("lambda"),
        row.getAs("selection"),
        row.<Integer>getAs("intruders_before"),
        row.<Integer>getAs("intruders_scaled"),
        row.getList(row.fieldIndex("scaled_indices")),
        row.<Integer>getAs("rounds"),
        row.getList(row.fieldIndex("singular_values_before")),
        row.getList(row.fieldIndex("singular_values_after")),
        row.<Double>getAs("update_norm_before"),
        row.<Double>getAs("update_norm_after"),
        row.<Integer>getAs("update_rank_before"),
        row.<Integer>getAs("update_rank_after"),
        row.<Double>getAs("reconstruction_error"),
        row.getAs("edit_norm"),
        row.getAs("update_limit"),
        row.getAs("values_kept"),
        row.<Integer>getAs("intruders_after"),
        row.getAs("solver"));
  }
}
