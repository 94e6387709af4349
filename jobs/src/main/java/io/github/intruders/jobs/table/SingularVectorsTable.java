package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The {@code singular_vectors} table: one row per checkpoint, matrix, side and singular index. */
public final class SingularVectorsTable {
  public static final String NAME = "singular_vectors";

  private SingularVectorsTable() {}

  /** From entries of the ledger. */
  public static Dataset<Row> of(Dataset<Row> ledger) {
    return ledger
        .select(
            col("checkpoint_id"),
            col("matrix"),
            col("layer"),
            col("module"),
            explode(col("vectors")).as("vector"))
        .select(col("checkpoint_id"), col("matrix"), col("layer"), col("module"), col("vector.*"))
        .withColumn("side", LedgerEntry.side(col("side")));
  }
}
