package io.github.intruders.jobs.pipeline;

import static org.apache.spark.sql.functions.col;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.accumulation.Accumulation;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.CheckLine;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.forgetting.Forgetting;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.report.ReportInput;
import io.github.intruders.jobs.report.ReportInput.MatrixDetails;
import io.github.intruders.jobs.report.ReportInput.MatrixId;
import io.github.intruders.jobs.results.Results;
import io.github.intruders.jobs.results.StoredResults;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.AccumulationTable;
import io.github.intruders.jobs.table.AdapterFamiliesTable;
import io.github.intruders.jobs.table.AdapterPairsTable;
import io.github.intruders.jobs.table.CheckpointsTable;
import io.github.intruders.jobs.table.ChecksTable;
import io.github.intruders.jobs.table.ForgettingTable;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.jobs.table.LadderTable;
import io.github.intruders.jobs.table.MetricsTable;
import io.github.intruders.jobs.table.MitigationEffectsTable;
import io.github.intruders.jobs.table.MitigationsTable;
import io.github.intruders.jobs.table.RejectsTable;
import io.github.intruders.jobs.table.TableDefinition;
import io.github.intruders.jobs.table.TransferTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Finds what the report is drawn from: what a run holds in its hands, and only where the tables
 * have more than that, what they say.
 */
final class ReportInputs {
  private final JavaSparkContext context;
  private final Tables tables;
  private final StoredResults stored;

  ReportInputs(JavaSparkContext context, Tables tables) {
    this.context = context;
    this.tables = tables;
    this.stored = new StoredResults(context, tables);
  }

  /**
   * Of tables alone.
   *
   * @throws io.github.intruders.input.UserInputException if no scan has written any
   */
  ReportInput ofTables(ObjectNode summary) throws IOException {
    List<CheckpointResult> checkpoints = checkpoints(null);
    return new ReportInput(
        summary,
        checkpoints,
        storedFigures(checkpoints),
        matrices -> stored.details(byCheckpoint(matrices), MatrixDetails.VECTORS),
        storedSequences(),
        storedOutcomes(),
        mitigations(),
        checks(),
        comparison(),
        storedRejects(),
        tables.stored(RejectsTable.TABLE.name()).count());
  }

  /**
   * Of a run.
   *
   * @param accumulation null where there are no sequences
   * @param forgetting null where there are no metrics
   */
  ReportInput ofRun(
      ObjectNode summary,
      Scanned scanned,
      Accumulation accumulation,
      Forgetting forgetting,
      RunRejects rejects)
      throws IOException {
    List<CheckpointResult> checkpoints = new ArrayList<>(scanned.checkpoints());
    Set<String> own =
        checkpoints.stream().map(CheckpointResult::checkpointId).collect(Collectors.toSet());
    List<CheckpointFigures> figures = new ArrayList<>(scanned.results().figures().values());
    Set<String> others = others(CheckpointsTable.TABLE, own);
    if (!others.isEmpty()) {
      List<CheckpointResult> further = checkpoints(others);
      checkpoints.addAll(further);
      figures.addAll(storedFigures(further));
    }
    boolean allRejects = others(RejectsTable.TABLE, rejects.keys()).isEmpty();
    return new ReportInput(
        summary,
        checkpoints,
        figures,
        matrices -> details(scanned.results(), own, matrices),
        sequences(accumulation),
        outcomes(forgetting, own),
        mitigations(),
        checks(),
        comparison(),
        allRejects ? rejects.first(ReportInput.MOST_REJECTS) : storedRejects(),
        allRejects ? rejects.count() : tables.stored(RejectsTable.TABLE.name()).count());
  }

  /** Keys of a table that are of other runs. */
  private Set<String> others(TableDefinition table, Collection<String> own) throws IOException {
    Set<String> others = new TreeSet<>(tables.keys(table));
    others.removeAll(own);
    return others;
  }

  /**
   * What the table says of checkpoints.
   *
   * @param ids null for all
   */
  private List<CheckpointResult> checkpoints(Set<String> ids) throws IOException {
    Dataset<Row> rows = tables.stored(CheckpointsTable.TABLE.name());
    List<Row> read =
        (ids == null ? rows : rows.where(col("checkpoint_id").isin(ids.toArray()))).collectAsList();
    return read.stream().map(CheckpointsTable::fromRow).toList();
  }

  private List<CheckpointFigures> storedFigures(List<CheckpointResult> checkpoints)
      throws IOException {
    List<String> analysed =
        checkpoints.stream()
            .filter(CheckpointResult::isAnalysed)
            .map(CheckpointResult::checkpointId)
            .toList();
    return stored.figures(analysed);
  }

  private List<ScanEntry> details(Results results, Set<String> own, Set<MatrixId> matrices)
      throws IOException {
    Set<MatrixId> ours = new HashSet<>(matrices);
    ours.removeIf(matrix -> !own.contains(matrix.checkpointId()));
    List<ScanEntry> details = new ArrayList<>();
    if (!ours.isEmpty()) {
      details.addAll(
          results
              .entriesOf(
                  byCheckpoint(ours).keySet(),
                  line -> ours.contains(new MatrixId(line.checkpointId(), line.matrix())))
              .map(entry -> entry.leading(MatrixDetails.VECTORS))
              .collect());
    }
    Set<MatrixId> others = new HashSet<>(matrices);
    others.removeAll(ours);
    if (!others.isEmpty()) {
      details.addAll(stored.details(byCheckpoint(others), MatrixDetails.VECTORS));
    }
    return details;
  }

  private static Map<String, Set<String>> byCheckpoint(Set<MatrixId> matrices) {
    Map<String, Set<String>> byCheckpoint = new HashMap<>();
    for (MatrixId matrix : matrices) {
      byCheckpoint
          .computeIfAbsent(matrix.checkpointId(), unseen -> new HashSet<>())
          .add(matrix.matrix());
    }
    return byCheckpoint;
  }

  private ReportInput.Sequences sequences(Accumulation accumulation) throws IOException {
    if (accumulation == null) {
      return storedSequences();
    }
    Set<String> own =
        accumulation.steps().stream().map(AccumulationStep::sequence).collect(Collectors.toSet());
    return others(AccumulationTable.TABLE, own).isEmpty()
        ? new ReportInput.Sequences(
            accumulation.steps(), accumulation.byMatrix(), accumulation.tracks())
        : storedSequences();
  }

  private ReportInput.Sequences storedSequences() throws IOException {
    if (!tables.has(AccumulationTable.TABLE.name())) {
      return null;
    }
    return new ReportInput.Sequences(
        rows(AccumulationTable.TABLE).map(AccumulationTable::fromRow).collect(),
        rows(AccumulationTable.BY_MATRIX).map(AccumulationTable::matrixStepFromRow),
        rows(IntruderTracksTable.TABLE).map(IntruderTracksTable::fromRow));
  }

  private ReportInput.Outcomes outcomes(Forgetting forgetting, Set<String> own) throws IOException {
    if (forgetting == null) {
      return storedOutcomes();
    }
    Set<String> bases = Set.of(forgetting.baseId());
    return others(MetricsTable.TABLE, own).isEmpty()
            && others(ForgettingTable.TABLE, bases).isEmpty()
        ? new ReportInput.Outcomes(
            forgetting.measured(),
            forgetting.lines(),
            forgetting.ladder(),
            forgetting.transfer(),
            forgetting.effects())
        : storedOutcomes();
  }

  private ReportInput.Outcomes storedOutcomes() throws IOException {
    if (!tables.has(MetricsTable.TABLE.name()) || !tables.has(ForgettingTable.TABLE.name())) {
      return null;
    }
    return new ReportInput.Outcomes(
        rows(MetricsTable.TABLE).map(MetricsTable::fromRow),
        rows(ForgettingTable.TABLE).map(ForgettingTable::fromRow),
        tables.has(LadderTable.TABLE.name())
            ? rows(LadderTable.TABLE).map(LadderTable::fromRow)
            : context.emptyRDD(),
        tables.has(TransferTable.TABLE.name())
            ? rows(TransferTable.TABLE).map(TransferTable::fromRow)
            : context.emptyRDD(),
        tables.has(MitigationEffectsTable.TABLE.name())
            ? rows(MitigationEffectsTable.TABLE).map(MitigationEffectsTable::fromRow)
            : null);
  }

  private JavaRDD<MitigationEntry> mitigations() throws IOException {
    return tables.has(MitigationsTable.TABLE.name())
        ? rows(MitigationsTable.TABLE).map(MitigationsTable::fromRow)
        : null;
  }

  private JavaRDD<CheckLine> checks() throws IOException {
    return tables.has(ChecksTable.TABLE.name())
        ? rows(ChecksTable.TABLE).map(ChecksTable::fromRow)
        : null;
  }

  private ReportInput.Comparison comparison() throws IOException {
    return tables.has(AdapterFamiliesTable.TABLE.name())
            && tables.has(AdapterPairsTable.TABLE.name())
        ? new ReportInput.Comparison(
            rows(AdapterFamiliesTable.TABLE).map(AdapterFamiliesTable::fromRow).collect(),
            rows(AdapterPairsTable.TABLE).map(AdapterPairsTable::fromRow))
        : null;
  }

  private List<Rejection> storedRejects() throws IOException {
    List<Row> rows =
        tables.stored(RejectsTable.TABLE.name()).limit(ReportInput.MOST_REJECTS).collectAsList();
    return rows.stream().map(RejectsTable::fromRow).toList();
  }

  private JavaRDD<Row> rows(TableDefinition table) throws IOException {
    return tables.stored(table.name()).toJavaRDD();
  }
}
