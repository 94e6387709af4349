package io.github.intruders.jobs.check;

import io.github.intruders.check.CheckedTable;
import io.github.intruders.check.ColumnKind;
import io.github.intruders.jobs.store.TableReader;
import io.github.intruders.jobs.table.ChecksTable;
import io.github.intruders.jobs.table.KnownTables;
import io.github.intruders.jobs.table.TableDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;

/** The tables that rules can be held against: those whose rows are of checkpoints. */
public final class CheckedTables {
  /** What names a checkpoint, not one of its rows. */
  private static final Set<String> OF_CHECKPOINTS = Set.of("checkpoint_id", "sequence", "step");

  /** Where rows are of pairs. */
  private static final List<String> PAIR = List.of("checkpoint_a", "checkpoint_b");

  /** All of them, in the order of the stages that write them. */
  public static final List<CheckedTable> ALL =
      KnownTables.ALL.stream()
          .filter(table -> !table.equals(ChecksTable.TABLE))
          .filter(table -> !checkpointColumns(columns(table)).isEmpty())
          .map(CheckedTables::of)
          .toList();

  private CheckedTables() {}

  /** One of them. */
  public static CheckedTable named(String table) {
    return find(table).orElseThrow();
  }

  /** One of them, if there is such a one. */
  static Optional<CheckedTable> find(String table) {
    return ALL.stream().filter(one -> one.name().equals(table)).findFirst();
  }

  private static Map<String, ColumnKind> columns(TableDefinition table) {
    Map<String, ColumnKind> columns = new LinkedHashMap<>();
    for (StructField field : table.columns().fields()) {
      columns.put(field.name(), kind(field.dataType()));
    }
    return columns;
  }

  private static List<String> checkpointColumns(Map<String, ColumnKind> columns) {
    return columns.containsKey("checkpoint_id")
        ? List.of("checkpoint_id")
        : columns.keySet().containsAll(PAIR) ? PAIR : List.of();
  }

  private static CheckedTable of(TableDefinition table) {
    Map<String, ColumnKind> columns = columns(table);
    List<String> checkpoints = checkpointColumns(columns);
    return new CheckedTable(
        table.name(),
        columns,
        checkpoints,
        Stream.concat(checkpoints.stream(), TableReader.KEYS.stream().filter(columns::containsKey))
            .distinct()
            .filter(key -> !OF_CHECKPOINTS.contains(key))
            .toList());
  }

  private static ColumnKind kind(DataType type) {
    if (type instanceof MapType map && map.keyType().equals(DataTypes.StringType)) {
      return map.valueType() instanceof NumericType
          ? ColumnKind.NUMBERS
          : map.valueType().equals(DataTypes.StringType) ? ColumnKind.TEXTS : ColumnKind.OTHER;
    }
    if (type instanceof NumericType) {
      return ColumnKind.NUMBER;
    }
    return type.equals(DataTypes.BooleanType)
        ? ColumnKind.FLAG
        : type.equals(DataTypes.StringType) ? ColumnKind.TEXT : ColumnKind.OTHER;
  }
}
