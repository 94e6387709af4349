package io.github.intruders.jobs.table;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The {@code mitigations} table: one row per checkpoint, matrix and variant. */
public final class MitigationsTable {
  public static final String NAME = "mitigations";

  private MitigationsTable() {}

  /** From entries of the ledger. */
  public static Dataset<Row> of(Dataset<Row> ledger) {
    return ledger.withColumnRenamed("key", "mitigation_key");
  }
}
