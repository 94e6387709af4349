package io.github.intruders.jobs.store;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.not;

import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.ManageSnapshots;
import org.apache.iceberg.OverwriteFiles;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.storage.StorageLevel;

/**
 * What one run changes in one table of a catalog. It is written to a branch; publishing puts the
 * branch's files in the place of all rows of the same keys, in one commit, whatever else was
 * committed meanwhile. Rows that were made by reading others are made anew where those have
 * changed.
 */
final class StagedTable {
  private static final int MOST_ATTEMPTS = 20;
  private static final long BRANCH_KEPT_MILLIS = TimeUnit.DAYS.toMillis(7);

  private record Merge(Column stale, Dataset<Row> fresh) {}

  private final CatalogTables tables;
  private final TableDefinition definition;
  private final String runId;
  private final String branch;
  private final Table table;

  /** Keys whose rows this run made without reading others. */
  private final Set<String> replaced = new HashSet<>();

  /** Keys whose rows it made from others. */
  private final Set<String> merged = new HashSet<>();

  private final List<Merge> merges = new ArrayList<>();

  /** The snapshot that was read, null where there was none. */
  private Long readFrom;

  private List<DataFile> before = List.of();

  private StagedTable(CatalogTables tables, TableDefinition definition, String runId, Table table) {
    this.tables = tables;
    this.definition = definition;
    this.runId = runId;
    this.branch = "run_" + runId;
    this.table = table;
  }

  /** Begins a branch at what everybody sees now. */
  static StagedTable begin(
      CatalogTables tables, TableDefinition definition, String runId, Table table) {
    StagedTable staged = new StagedTable(tables, definition, runId, table);
    References.change(table, now -> staged.createBranch());
    return staged;
  }

  private void createBranch() {
    Snapshot now = table.currentSnapshot();
    ManageSnapshots snapshots = table.manageSnapshots();
    (now == null
            ? snapshots.createBranch(branch)
            : snapshots.createBranch(branch, now.snapshotId()))
        .setMaxRefAgeMs(branch, BRANCH_KEPT_MILLIS)
        .commit();
    readFrom = now == null ? null : now.snapshotId();
  }

  /** The table with this run's changes. */
  Dataset<Row> rows() {
    return tables.readNow(tables.sqlName(definition.name(), branch));
  }

  /**
   * Replaces the rows of some keys, and drops those of others.
   *
   * @param rows with the table's columns
   * @param ofRows the keys of the rows
   * @param without the keys that have no row
   */
  void replace(Dataset<Row> rows, Collection<String> ofRows, Collection<String> without) {
    Set<String> keys = new HashSet<>(ofRows);
    keys.addAll(without);
    overwrite(rows, keys);
    replaced.addAll(keys);
  }

  /**
   * Replaces the rows that fulfil a condition.
   *
   * @param fresh with the table's columns
   * @param ofFresh the keys of the fresh rows
   */
  void replaceWhere(Column stale, Dataset<Row> fresh, Collection<String> ofFresh) {
    Merge merge = new Merge(stale, fresh.persist(StorageLevel.MEMORY_AND_DISK()));
    Dataset<Row> old = rows();
    Set<String> keys = new HashSet<>(ofFresh);
    keys.addAll(keys(old.filter(stale)));
    overwrite(apply(merge, old, keys), keys);
    merges.add(merge);
    merged.addAll(keys);
  }

  private Dataset<Row> apply(Merge merge, Dataset<Row> old, Set<String> keys) {
    return old.filter(isIn(keys))
        .filter(not(merge.stale()))
        .unionByName(merge.fresh().filter(isIn(keys)));
  }

  /** At most one per checkpoint. */
  private List<String> keys(Dataset<Row> rows) {
    return rows.select(definition.partition()).distinct().as(Encoders.STRING()).collectAsList();
  }

  private Column isIn(Collection<String> keys) {
    return col(definition.partition()).isin(keys.toArray());
  }

  private void overwrite(Dataset<Row> rows, Set<String> keys) {
    if (keys.isEmpty()) {
      return;
    }
    try {
      rows.writeTo(tables.sqlName(definition.name(), branch)).overwrite(isIn(keys));
    } catch (NoSuchTableException e) {
      throw new IllegalStateException(
          "Table %s was dropped meanwhile".formatted(definition.name()), e);
    }
  }

  /**
   * Makes the changes visible.
   *
   * @throws ValidationException if others change the same rows again and again
   */
  void publish() {
    for (int attempt = 1; ; attempt++) {
      try {
        table.refresh();
        Snapshot now = table.currentSnapshot();
        before = now == null ? List.of() : files(now.snapshotId());
        put(files(table.snapshot(branch).snapshotId()), true);
        return;
      } catch (ValidationException e) {
        if (dependent().isEmpty() || attempt == MOST_ATTEMPTS) {
          throw e;
        }
        mergeAgain();
      }
    }
  }

  /** Puts the rows back that were there before; those of other keys stay as they are now. */
  void undo() {
    put(before, false);
  }

  /** Marks the snapshot that the run has left, and drops the branch. */
  long tag() {
    References.change(
        table,
        now ->
            now.manageSnapshots()
                .createTag(runId, left().snapshotId())
                .removeBranch(branch)
                .commit());
    return table.refs().get(runId).snapshotId();
  }

  private Snapshot left() {
    Snapshot now = table.currentSnapshot();
    return now == null ? table.snapshot(branch) : now;
  }

  /** Drops the branch of a run that failed. */
  void drop() {
    References.change(
        table,
        now -> {
          if (now.refs().containsKey(branch)) {
            now.manageSnapshots().removeBranch(branch).commit();
          }
        });
  }

  private void put(List<DataFile> files, boolean validated) {
    Set<String> keys = changed();
    if (keys.isEmpty()) {
      return;
    }
    OverwriteFiles overwrite =
        table
            .newOverwrite()
            .overwriteByRowFilter(Expressions.in(definition.partition(), keys.toArray()))
            .set("run_id", runId);
    files.forEach(overwrite::addFile);
    Set<String> dependent = dependent();
    if (validated && !dependent.isEmpty()) {
      if (readFrom != null) {
        overwrite.validateFromSnapshot(readFrom);
      }
      overwrite
          .conflictDetectionFilter(Expressions.in(definition.partition(), dependent.toArray()))
          .validateNoConflictingData()
          .validateNoConflictingDeletes();
    }
    overwrite.commit();
  }

  private Set<String> changed() {
    Set<String> keys = new HashSet<>(replaced);
    keys.addAll(merged);
    return keys;
  }

  /** Keys whose rows depend on what others have written. */
  private Set<String> dependent() {
    Set<String> dependent = new HashSet<>(merged);
    dependent.removeAll(replaced);
    return dependent;
  }

  private void mergeAgain() {
    table.refresh();
    Set<String> keys = dependent();
    readFrom = table.currentSnapshot().snapshotId();
    Dataset<Row> rows = tables.read(definition.name(), readFrom);
    for (Merge merge : merges) {
      rows = apply(merge, rows, keys);
    }
    overwrite(rows, keys);
    table.refresh();
  }

  /** The files that hold this run's keys; each holds one key only. */
  private List<DataFile> files(long snapshot) {
    Set<String> keys = changed();
    Expression ours = Expressions.in(definition.partition(), keys.toArray());
    List<DataFile> files = new ArrayList<>();
    if (keys.isEmpty()) {
      return files;
    }
    try (CloseableIterable<FileScanTask> tasks =
        table.newScan().useSnapshot(snapshot).filter(ours).includeColumnStats().planFiles()) {
      tasks.forEach(task -> files.add(task.file()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }
}
