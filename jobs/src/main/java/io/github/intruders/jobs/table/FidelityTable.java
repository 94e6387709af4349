package io.github.intruders.jobs.table;

import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.fidelity.Verdict;
import io.github.intruders.jobs.ledger.ScanEntry;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code fidelity} table: one row per checkpoint that is said to be merged from adapters, and
 * matrix.
 */
public final class FidelityTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "fidelity",
          "checkpoint_id",
          "checkpoint_id STRING, matrix STRING, layer INT, module STRING, verdict STRING,"
              + " is_fault BOOLEAN, cause STRING, update_norm DOUBLE, residual DOUBLE,"
              + " residual_bound DOUBLE, residual_of_rounding DOUBLE, lost_share DOUBLE,"
              + " lost_share_predicted DOUBLE, precision STRING,"
              + " coefficients MAP<STRING, DOUBLE>, coefficient_margins MAP<STRING, DOUBLE>");

  private FidelityTable() {}

  /** The row of an entry, or none. */
  public static Iterator<Row> toRows(ScanEntry entry) {
    Fidelity fidelity = entry.fidelity();
    return fidelity == null
        ? List.<Row>of().iterator()
        : List.of(
                RowFactory.create(
                    entry.checkpointId(),
                    entry.matrix(),
                    entry.layer(),
                    entry.module(),
                    fidelity.verdict().text(),
                    fidelity.verdict() == Verdict.UNKNOWN ? null : fidelity.verdict().isFault(),
                    fidelity.cause(),
                    fidelity.updateNorm(),
                    fidelity.residual(),
                    fidelity.residualBound(),
                    fidelity.residualOfRounding(),
                    fidelity.lostShare(),
                    fidelity.lostSharePredicted(),
                    fidelity.precision(),
                    ColumnMaps.toColumn(fidelity.coefficients()),
                    ColumnMaps.toColumn(fidelity.margins())))
            .iterator();
  }
}
