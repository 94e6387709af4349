package io.github.intruders.jobs.table;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.posexplode;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * The {@code similarity} table: the absolute cosine of each of the leading tuned vectors with each
 * of the leading base vectors, k of each or as many as a scan keeps.
 */
public final class SimilarityTable {
  public static final String NAME = "similarity";

  private SimilarityTable() {}

  /** From entries of the ledger. */
  public static Dataset<Row> of(Dataset<Row> ledger) {
    return ledger
        .select(col("checkpoint_id"), col("matrix"), explode(col("similarity")).as(names("s", "r")))
        .select(
            col("checkpoint_id"),
            col("matrix"),
            LedgerEntry.side(col("s")).as("side"),
            posexplode(col("r")).as(names("tuned_index", "similarities")))
        .select(
            col("checkpoint_id"),
            col("matrix"),
            col("side"),
            col("tuned_index"),
            posexplode(col("similarities")).as(names("base_index", "similarity")));
  }

  private static Seq<String> names(String... names) {
    return CollectionConverters.asScala(java.util.List.of(names)).toSeq();
  }
}
