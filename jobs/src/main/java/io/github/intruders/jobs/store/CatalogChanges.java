package io.github.intruders.jobs.store;

import static org.apache.spark.sql.functions.lit;

import io.github.intruders.jobs.table.KnownTables;
import io.github.intruders.jobs.table.TableDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.functions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a run changes in a catalog. All is written to branches first, where no reader sees it. The
 * commit then publishes table after table, each in one commit of Iceberg, tags every table's
 * snapshot with the run's id, and adds the run to {@link RunsTable}. A run that fails before its
 * row is there puts back what it has published.
 */
final class CatalogChanges implements TableChanges {
  private static final Logger LOG = LoggerFactory.getLogger(CatalogChanges.class);

  private final SparkSession spark;
  private final CatalogTables tables;
  private final String runId;
  private final Map<String, StagedTable> staged = new LinkedHashMap<>();
  private final Set<TableDefinition> changed = new LinkedHashSet<>();

  CatalogChanges(SparkSession spark, CatalogTables tables, String runId) {
    this.spark = spark;
    this.tables = tables;
    this.runId = runId;
  }

  @Override
  public Tables seen() {
    return tables.with(Collections.unmodifiableMap(staged));
  }

  @Override
  public void replace(
      TableDefinition table,
      JavaRDD<Row> rows,
      Collection<String> keys,
      Collection<String> without) {
    staged(table).replace(stamped(table, rows), keys, without);
  }

  @Override
  public void replaceChanged(
      TableDefinition table,
      Map<String, String> contents,
      Function<Set<String>, JavaRDD<Row>> rows,
      Collection<String> without) {
    // Others may have changed the table, and a run's id names the state that it left.
    replace(table, rows.apply(contents.keySet()), contents.keySet(), without);
  }

  @Override
  public void replaceWhere(
      TableDefinition table, Column stale, JavaRDD<Row> fresh, Collection<String> keys) {
    staged(table).replaceWhere(stale, stamped(table, fresh), keys);
  }

  /** With the run's id; the columns in the order that Parquet in folders gives them. */
  private Dataset<Row> stamped(TableDefinition table, JavaRDD<Row> rows) {
    return spark
        .createDataFrame(rows, table.columns())
        .withColumn(TableDefinition.RUN, lit(runId))
        .select(
            Arrays.stream(table.stored().fieldNames()).map(functions::col).toArray(Column[]::new));
  }

  private StagedTable staged(TableDefinition table) {
    changed.add(table);
    return staged.computeIfAbsent(
        table.name(),
        name ->
            StagedTable.begin(
                tables,
                table,
                runId,
                tables.loadOrCreate(name, table.stored(), table.partition())));
  }

  @Override
  public List<TableDefinition> changed() {
    return List.copyOf(changed);
  }

  @Override
  public void commit() {
    if (staged.isEmpty()) {
      return;
    }
    List<StagedTable> published = new ArrayList<>();
    try {
      for (StagedTable table : staged.values()) {
        table.publish();
        published.add(table);
      }
      addRun(tagged());
      staged.clear();
    } catch (RuntimeException e) {
      undo(published, e);
      throw e;
    }
  }

  /** Tags all tables, those that the run has not touched too, so that its id names one state. */
  private Map<String, Long> tagged() {
    Map<String, Long> snapshots = new TreeMap<>();
    staged.forEach((name, table) -> snapshots.put(name, table.tag()));
    for (TableDefinition table : KnownTables.ALL) {
      String name = table.name();
      if (!snapshots.containsKey(name) && tables.exists(name)) {
        tag(tables.load(name)).ifPresent(snapshot -> snapshots.put(name, snapshot));
      }
    }
    return snapshots;
  }

  private Optional<Long> tag(Table table) {
    References.change(
        table,
        now -> {
          if (now.currentSnapshot() != null) {
            long snapshot = now.currentSnapshot().snapshotId();
            now.manageSnapshots().createTag(runId, snapshot).commit();
          }
        });
    return Optional.ofNullable(table.refs().get(runId)).map(SnapshotRef::snapshotId);
  }

  private void addRun(Map<String, Long> snapshots) {
    tables.loadOrCreate(RunsTable.NAME, RunsTable.SCHEMA, null);
    try {
      spark
          .createDataFrame(
              List.of(RunsTable.toRow(runId, Instant.now(), snapshots)), RunsTable.SCHEMA)
          .coalesce(1)
          .writeTo(tables.sqlName(RunsTable.NAME))
          .append();
    } catch (NoSuchTableException e) {
      throw new IllegalStateException("Table runs was dropped meanwhile", e);
    }
  }

  private void undo(List<StagedTable> published, RuntimeException cause) {
    Collections.reverse(published);
    for (StagedTable table : published) {
      try {
        table.undo();
      } catch (RuntimeException e) {
        cause.addSuppressed(e);
      }
    }
    for (TableDefinition table : KnownTables.ALL) {
      String name = table.name();
      try {
        if (tables.exists(name)) {
          References.change(tables.load(name), this::removeTag);
        }
      } catch (RuntimeException e) {
        cause.addSuppressed(e);
      }
    }
  }

  private void removeTag(Table table) {
    if (table.refs().containsKey(runId)) {
      table.manageSnapshots().removeTag(runId).commit();
    }
  }

  @Override
  public void close() {
    for (Map.Entry<String, StagedTable> table : staged.entrySet()) {
      try {
        table.getValue().drop();
      } catch (RuntimeException e) {
        LOG.warn("Could not drop branch run_{} of table {}", runId, table.getKey(), e);
      }
    }
    staged.clear();
  }
}
