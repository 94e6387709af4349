package io.github.intruders.jobs.table;

import io.github.intruders.compare.Duplicate;
import io.github.intruders.compare.PairFigures;
import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.MatrixPair;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code adapter_pairs} tables: one row per unordered pair of checkpoints of one base, and the
 * same per matrix.
 */
public final class AdapterPairsTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "adapter_pairs",
          "checkpoint_a",
          "checkpoint_a STRING, checkpoint_b STRING, base_id STRING, matrices INT, rejected INT,"
              + " update_norm_a DOUBLE, update_norm_b DOUBLE, update_cosine DOUBLE,"
              + " update_cosine_low DOUBLE, update_cosine_high DOUBLE, leading_cosine DOUBLE,"
              + " energy_share DOUBLE, relative_distance DOUBLE, left_overlap DOUBLE,"
              + " right_overlap DOUBLE, max_left_cosine DOUBLE, max_right_cosine DOUBLE,"
              + " interference DOUBLE, interference_null DOUBLE, safe_to_merge BOOLEAN,"
              + " shared_intruders INT, duplicate STRING, family STRING");

  public static final TableDefinition BY_MATRIX =
      TableDefinition.of(
          "adapter_pairs_by_matrix",
          "checkpoint_a",
          "checkpoint_a STRING, checkpoint_b STRING, matrix STRING, layer INT, module STRING,"
              + " update_norm_a DOUBLE, update_norm_b DOUBLE, update_cosine DOUBLE,"
              + " update_cosine_low DOUBLE, update_cosine_high DOUBLE, leading_cosine DOUBLE,"
              + " energy_share DOUBLE, relative_distance DOUBLE, left_overlap DOUBLE,"
              + " right_overlap DOUBLE, left_cosines ARRAY<DOUBLE>, right_cosines ARRAY<DOUBLE>,"
              + " interference DOUBLE, interference_null DOUBLE, shared_intruders INT,"
              + " duplicate STRING, family STRING");

  private AdapterPairsTable() {}

  /** A row of {@link #TABLE}. */
  public static Row toRow(AdapterPair pair) {
    PairFigures of = pair.figures();
    return RowFactory.create(
        pair.checkpointA(),
        pair.checkpointB(),
        pair.baseId(),
        pair.matrices(),
        pair.rejected(),
        of.normA(),
        of.normB(),
        of.cosine(),
        of.cosineLow(),
        of.cosineHigh(),
        of.leadingCosine(),
        of.energyShare(),
        of.relativeDistance(),
        of.leftOverlap(),
        of.rightOverlap(),
        pair.maxLeftCosine(),
        pair.maxRightCosine(),
        of.interference(),
        of.interferenceNull(),
        pair.safeToMerge(),
        of.sharedIntruders(),
        duplicate(of),
        pair.family());
  }

  /** The pair that a row of {@link #TABLE} was made from. */
  public static AdapterPair fromRow(Row row) {
    String duplicate = row.getAs("duplicate");
    return new AdapterPair(
        row.getAs("checkpoint_a"),
        row.getAs("checkpoint_b"),
        row.getAs("base_id"),
        row.<Integer>getAs("matrices"),
        row.<Integer>getAs("rejected"),
        new PairFigures(
            row.<Double>getAs("update_norm_a"),
            row.<Double>getAs("update_norm_b"),
            row.getAs("update_cosine"),
            row.getAs("update_cosine_low"),
            row.getAs("update_cosine_high"),
            row.getAs("leading_cosine"),
            row.getAs("energy_share"),
            row.getAs("relative_distance"),
            row.getAs("left_overlap"),
            row.getAs("right_overlap"),
            row.getAs("interference"),
            row.getAs("interference_null"),
            row.getAs("shared_intruders"),
            duplicate == null ? null : Duplicate.valueOf(duplicate.toUpperCase(Locale.ROOT))),
        row.getAs("max_left_cosine"),
        row.getAs("max_right_cosine"),
        row.getAs("safe_to_merge"),
        row.getAs("family"));
  }

  /** A row of {@link #BY_MATRIX}. */
  public static Row toRow(MatrixPair pair) {
    PairFigures of = pair.figures();
    return RowFactory.create(
        pair.checkpointA(),
        pair.checkpointB(),
        pair.matrix(),
        pair.layer(),
        pair.module(),
        of.normA(),
        of.normB(),
        of.cosine(),
        of.cosineLow(),
        of.cosineHigh(),
        of.leadingCosine(),
        of.energyShare(),
        of.relativeDistance(),
        of.leftOverlap(),
        of.rightOverlap(),
        pair.leftCosines().toArray(Double[]::new),
        pair.rightCosines().toArray(Double[]::new),
        of.interference(),
        of.interferenceNull(),
        of.sharedIntruders(),
        duplicate(of),
        pair.family());
  }

  private static String duplicate(PairFigures of) {
    return of.duplicate() == null ? null : of.duplicate().column();
  }
}
