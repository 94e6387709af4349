package io.github.intruders.jobs.table;

import java.util.List;
import java.util.Optional;

/** Every table that stages write. */
public final class KnownTables {
  /** In the order of the stages that write them. */
  public static final List<TableDefinition> ALL =
      List.of(
          CheckpointsTable.TABLE,
          MatricesTable.TABLE,
          SingularVectorsTable.TABLE,
          SimilarityTable.TABLE,
          FidelityTable.TABLE,
          AdapterCoverageTable.TABLE,
          IntruderTracksTable.TABLE,
          AccumulationTable.TABLE,
          AccumulationTable.BY_MATRIX,
          MetricsTable.TABLE,
          ForgettingTable.TABLE,
          LadderTable.TABLE,
          TransferTable.TABLE,
          SeedsTable.TABLE,
          MitigationsTable.TABLE,
          MitigationEffectsTable.TABLE,
          AdapterPairsTable.TABLE,
          AdapterPairsTable.BY_MATRIX,
          AdapterFamiliesTable.TABLE,
          AdapterNeighboursTable.TABLE,
          RejectsTable.TABLE,
          ChecksTable.TABLE);

  private KnownTables() {}

  /** The table of this name, if there is one. */
  public static Optional<TableDefinition> named(String name) {
    return ALL.stream().filter(table -> table.name().equals(name)).findFirst();
  }
}
