package io.github.intruders.jobs.store;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.table.TableDefinition;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.iceberg.HistoryEntry;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableProperties;
import org.apache.iceberg.UpdateSchema;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.AlreadyExistsException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.spark.Spark3Util;
import org.apache.iceberg.spark.SparkReadOptions;
import org.apache.iceberg.spark.SparkSchemaUtil;
import org.apache.iceberg.types.Types;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Tables of one namespace of an Iceberg catalog. */
public final class CatalogTables implements Tables {
  private static final Map<String, String> PROPERTIES =
      Map.of(
          TableProperties.COMMIT_NUM_RETRIES,
          "30",
          TableProperties.COMMIT_MAX_RETRY_WAIT_MS,
          "10000",
          TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED,
          "true");

  /** Where Spark and other engines look for a table's comment. */
  private static final String COMMENT = "comment";

  private final SparkSession spark;
  private final TablePlace.Catalog place;
  private final Catalog catalog;
  private final String version;
  private final Map<String, StagedTable> staged;

  private CatalogTables(
      SparkSession spark,
      TablePlace.Catalog place,
      Catalog catalog,
      String version,
      Map<String, StagedTable> staged) {
    this.spark = spark;
    this.place = place;
    this.catalog = catalog;
    this.version = version;
    this.staged = staged;
  }

  /**
   * Opens the catalog.
   *
   * @throws UserInputException if its settings can't be used
   */
  static CatalogTables open(SparkSession spark, TablePlace.Catalog place) {
    try {
      return new CatalogTables(
          spark, place, Spark3Util.loadIcebergCatalog(spark, place.name()), null, Map.of());
    } catch (IllegalArgumentException e) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot open the catalog '%s': %s".formatted(place.name(), e.getMessage()));
    }
  }

  /** The same tables with what a run has staged. */
  CatalogTables with(Map<String, StagedTable> changes) {
    return new CatalogTables(spark, place, catalog, version, changes);
  }

  @Override
  public boolean has(String table) {
    return staged.containsKey(table)
        || (exists(table) && (version == null || snapshot(load(table)).isPresent()));
  }

  @Override
  public String location(String table) {
    return load(table).location();
  }

  @Override
  public Dataset<Row> stored(String table) {
    if (staged.containsKey(table)) {
      return staged.get(table).rows();
    }
    if (!exists(table)) {
      List<String> tables = names();
      throw UserInputException.inFile(
          RejectCode.NOT_FOUND,
          place.text(),
          tables.isEmpty()
              ? "There is no output of a run here"
              : "There is no table '%s'; expected one of %s".formatted(table, tables));
    }
    if (version == null) {
      return read(table);
    }
    return read(
        table,
        snapshot(load(table))
            .orElseThrow(
                () ->
                    UserInputException.inFile(
                        RejectCode.NOT_FOUND,
                        place.text(),
                        time(version) == null
                            ? "There is no run '%s' with a table '%s'; expected a run's id, see the table runs, or a time such as 2026-01-31T06:00:00Z"
                                .formatted(version, table)
                            : "The table '%s' has nothing as old as %s"
                                .formatted(table, version))));
  }

  private List<String> names() {
    try {
      return catalog.listTables(Namespace.of(place.namespace().toArray(String[]::new))).stream()
          .map(TableIdentifier::name)
          .sorted()
          .toList();
    } catch (NoSuchNamespaceException e) {
      return List.of();
    }
  }

  @Override
  public Set<String> keys(TableDefinition table) {
    return has(table.name())
        ? new TreeSet<>(
            stored(table.name())
                .select(table.partition())
                .distinct()
                .as(Encoders.STRING())
                .collectAsList())
        : Set.of();
  }

  @Override
  public Tables asOf(String asked) {
    return new CatalogTables(spark, place, catalog, asked, staged);
  }

  @Override
  public TableChanges change(String runId) {
    return new CatalogChanges(spark, this, runId);
  }

  /** What everybody sees now. */
  private Dataset<Row> read(String table) {
    return readNow(sqlName(table));
  }

  /** A table, or a branch of it, as SQL names it. */
  Dataset<Row> readNow(String name) {
    spark.catalog().refreshTable(name);
    return spark.read().table(name);
  }

  /** A table as it was. */
  Dataset<Row> read(String table, long snapshot) {
    String name = sqlName(table);
    spark.catalog().refreshTable(name);
    return spark.read().option(SparkReadOptions.VERSION_AS_OF, snapshot).table(name);
  }

  /** The snapshot that {@link #asOf} asked for. */
  private Optional<Long> snapshot(Table table) {
    SnapshotRef run = table.refs().get(version);
    Instant time = time(version);
    if (run != null || time == null) {
      return Optional.ofNullable(run).map(SnapshotRef::snapshotId);
    }
    return table.history().stream()
        .filter(entry -> entry.timestampMillis() <= time.toEpochMilli())
        .reduce((earlier, later) -> later)
        .map(HistoryEntry::snapshotId);
  }

  /** A time in UTC, or null: {@code 2026-01-31}, {@code 2026-01-31T06:00:00}, or with a Z. */
  private static Instant time(String text) {
    try {
      if (!text.contains("T")) {
        return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
      }
      return text.endsWith("Z")
          ? Instant.parse(text)
          : LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      return null;
    }
  }

  /** The table itself, as it is now. */
  Table load(String table) {
    Table loaded = catalog.loadTable(identifier(table));
    loaded.refresh();
    return loaded;
  }

  boolean exists(String table) {
    return catalog.tableExists(identifier(table));
  }

  /**
   * The table itself; it is made if there is none, and gets the columns and comments that it lacks.
   *
   * @param partition a column, or null
   */
  Table loadOrCreate(String table, StructType columns, String partition) {
    TableComments comments = TableComments.of(table);
    Schema schema = documented(SparkSchemaUtil.convert(nullable(columns)), comments);
    if (!exists(table)) {
      createNamespace();
      PartitionSpec.Builder spec = PartitionSpec.builderFor(schema);
      try {
        return catalog.createTable(
            identifier(table),
            schema,
            partition == null ? spec.build() : spec.identity(partition).build(),
            withComment(comments));
      } catch (AlreadyExistsException e) {
        // Another run was faster.
      }
    }
    Table loaded = load(table);
    if (schema.columns().stream()
        .anyMatch(column -> loaded.schema().findField(column.name()) == null)) {
      References.change(loaded, now -> now.updateSchema().unionByNameWith(schema).commit());
    }
    comment(loaded, comments);
    return loaded;
  }

  private static Schema documented(Schema schema, TableComments comments) {
    return new Schema(
        schema.columns().stream()
            .map(
                column ->
                    Types.NestedField.optional(
                        column.fieldId(),
                        column.name(),
                        column.type(),
                        comments.columns().get(column.name())))
            .toList());
  }

  private static Map<String, String> withComment(TableComments comments) {
    Map<String, String> properties = new TreeMap<>(PROPERTIES);
    if (!comments.table().isEmpty()) {
      properties.put(COMMENT, comments.table());
    }
    return properties;
  }

  /** A table that an earlier version made says what this one would say. */
  private static void comment(Table table, TableComments comments) {
    if (!comments.table().isEmpty() && !comments.table().equals(table.properties().get(COMMENT))) {
      References.change(
          table, now -> now.updateProperties().set(COMMENT, comments.table()).commit());
    }
    if (!withoutComment(table, comments).isEmpty()) {
      References.change(
          table,
          now -> {
            UpdateSchema update = now.updateSchema();
            withoutComment(now, comments).forEach(update::updateColumnDoc);
            update.commit();
          });
    }
  }

  private static Map<String, String> withoutComment(Table table, TableComments comments) {
    Map<String, String> missing = new TreeMap<>();
    for (Types.NestedField column : table.schema().columns()) {
      String comment = comments.columns().get(column.name());
      if (comment != null && !comment.equals(column.doc())) {
        missing.put(column.name(), comment);
      }
    }
    return missing;
  }

  /** Some catalogs look first and then write, and fail where another run wrote in between. */
  private void createNamespace() {
    try {
      spark.sql("CREATE NAMESPACE IF NOT EXISTS " + sqlNamespace());
    } catch (RuntimeException e) {
      if (!spark.catalog().databaseExists(sqlNamespace())) {
        throw e;
      }
    }
  }

  /** As columns of Parquet files are. */
  private static StructType nullable(StructType columns) {
    // Types in SQL know no "not null" inside arrays and maps.
    return new StructType(
        Arrays.stream(StructType.fromDDL(columns.toDDL()).fields())
            .map(field -> new StructField(field.name(), field.dataType(), true, field.metadata()))
            .toArray(StructField[]::new));
  }

  private TableIdentifier identifier(String table) {
    return TableIdentifier.of(Namespace.of(place.namespace().toArray(String[]::new)), table);
  }

  private String sqlNamespace() {
    return Stream.concat(Stream.of(place.name()), place.namespace().stream())
        .map(part -> "`" + part + "`")
        .collect(Collectors.joining("."));
  }

  /** The table as SQL names it. */
  String sqlName(String table) {
    return sqlNamespace() + ".`" + table + "`";
  }

  /** A branch of it; unlike Spark's option for it, this needs no extensions of the session. */
  String sqlName(String table, String branch) {
    return sqlName(table) + ".`branch_" + branch + "`";
  }
}
