package io.github.intruders.jobs.table;

import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.scan.VectorScan;
import java.util.Iterator;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The {@code singular_vectors} table: one row per checkpoint, matrix, side and singular index. */
public final class SingularVectorsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "singular_vectors",
          "checkpoint_id",
          "checkpoint_id STRING, matrix STRING, layer INT, module STRING, side STRING,"
              + " singular_index INT, singular_value DOUBLE, best_similarity DOUBLE,"
              + " best_base_index INT, base_singular_value DOUBLE, is_intruder BOOLEAN,"
              + " null_quantile DOUBLE, null_similarity DOUBLE, energy_in_base_top_k DOUBLE,"
              + " cluster_similarity DOUBLE, energy_outside_span DOUBLE,"
              + " participation_ratio DOUBLE, residual DOUBLE, best_similarity_low DOUBLE,"
              + " best_similarity_high DOUBLE, verdict STRING");

  private SingularVectorsTable() {}

  /** The rows of one matrix. */
  public static Iterator<Row> toRows(ScanEntry entry) {
    return entry.vectors().stream()
        .map(
            vector ->
                RowFactory.create(
                    entry.checkpointId(),
                    entry.matrix(),
                    entry.layer(),
                    entry.module(),
                    SideNames.toColumn(vector.side()),
                    vector.singularIndex(),
                    vector.singularValue(),
                    vector.bestSimilarity(),
                    vector.bestBaseIndex(),
                    vector.baseSingularValue(),
                    vector.isIntruder(),
                    vector.nullQuantile(),
                    vector.nullSimilarity(),
                    vector.energyInBaseTopK(),
                    vector.clusterSimilarity(),
                    vector.energyOutsideSpan(),
                    vector.participationRatio(),
                    vector.residual(),
                    vector.bestSimilarityLow(),
                    vector.bestSimilarityHigh(),
                    vector.verdict().name().toLowerCase(Locale.ROOT)))
        .iterator();
  }

  /** The vector that a row was made from; of runs that told no bounds, by the value. */
  public static VectorScan fromRow(Row row) {
    Double best = row.getAs("best_similarity");
    Double low = row.getAs("best_similarity_low");
    Double high = row.getAs("best_similarity_high");
    return new VectorScan(
        SideNames.fromColumn(row.getAs("side")),
        row.<Integer>getAs("singular_index"),
        row.<Double>getAs("singular_value"),
        best,
        low == null ? best : low,
        high == null ? best : high,
        row.<Integer>getAs("best_base_index"),
        row.<Double>getAs("base_singular_value"),
        row.<Boolean>getAs("is_intruder"),
        row.getAs("null_quantile"),
        row.getAs("null_similarity"),
        row.getAs("energy_in_base_top_k"),
        row.getAs("cluster_similarity"),
        row.getAs("energy_outside_span"),
        row.getAs("participation_ratio"),
        row.<Double>getAs("residual"));
  }
}
