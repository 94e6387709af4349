package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.show.ShownTable;
import io.github.intruders.jobs.store.ParquetTables;
import io.github.intruders.jobs.store.TableReader;
import io.github.intruders.jobs.store.Tables;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import scala.jdk.javaapi.CollectionConverters;

/** What {@code show} prints without Spark is what it prints with it, character for character. */
@ExtendWith({LocalMaster.class, ZooRun.Shared.class})
class ShowWithoutSparkTest {
  /** Tables with thousands of rows of each checkpoint. Three checkpoints show all there is. */
  private static final Set<String> LONG = Set.of("similarity", "singular_vectors");

  @TempDir private Path temporary;

  @Test
  void everyTableOfARunIsPrintedAsBySpark(ZooRun run) throws IOException {
    Set<String> printed = new TreeSet<>();
    try (SparkSession spark = TableRows.session()) {
      for (Path folder : TableRows.folders(run.out())) {
        String table = folder.getFileName().toString();
        Path out = LONG.contains(table) ? threeCheckpoints(folder).getParent() : run.out();
        requireSame(spark, out, table, 0);
        requireSame(spark, out, table, 3);
        printed.add(table);
      }
    }
    assertThat(printed)
        .contains(
            "accumulation",
            "checkpoints",
            "forgetting",
            "forgetting_ladder",
            "intruder_tracks",
            "matrices",
            "metrics",
            "rejects",
            "similarity",
            "singular_vectors",
            "transfer");
  }

  @Test
  void valuesThatTextsAndNumbersCanHaveArePrintedAsBySpark() throws IOException {
    StructType schema =
        StructType.fromDDL(
            "checkpoint_id STRING, step INT, n BIGINT, small TINYINT, x DOUBLE, y FLOAT, yes BOOLEAN,"
                + " m MAP<STRING, INT>, l ARRAY<STRING>, deep MAP<STRING, ARRAY<DOUBLE>>, t STRING");
    List<Row> rows =
        List.of(
            RowFactory.create(
                "a/b=c %\u00e9",
                3,
                1L << 60,
                (byte) -1,
                1e-7,
                0.1f,
                true,
                map("k", null, "j", 2, "i", 3, "h", 4, "g", 5, "f", 6),
                list("x", null),
                map("d", list(0.1, null)),
                "tab\tline\nquote\"comma,"),
            RowFactory.create(
                "a/b=c %\u00e9",
                null,
                null,
                null,
                Double.NaN,
                Float.NEGATIVE_INFINITY,
                null,
                null,
                null,
                null,
                "\u65e5\u672c\u8a9e"),
            RowFactory.create(null, 1, -5L, (byte) 7, -0.0, 1e10f, false, map(), list(), map(), ""),
            RowFactory.create(
                "\ud83d\ude00",
                1,
                0L,
                (byte) 0,
                1234567.0,
                3f,
                false,
                map("", 0),
                list(""),
                map("e", list()),
                "\uffff"),
            RowFactory.create(
                "\uff21",
                1,
                0L,
                (byte) 0,
                12345678.9,
                3f,
                false,
                null,
                null,
                null,
                "\\ \b \u0007"));
    try (SparkSession spark = TableRows.session()) {
      write(spark, rows, schema, "odd");

      requireSame(spark, temporary, "odd", 0);
      requireSame(spark, temporary, "odd", 2);
    }
  }

  @Test
  void checkpointsOfSeveralBasesWithTiesAndGapsAreRankedAsBySpark() throws IOException {
    StructType schema =
        StructType.fromDDL(
            "base_id STRING, checkpoint_id STRING, matrices INT, intruder_count INT,"
                + " intruder_energy_share DOUBLE, update_relative_norm DOUBLE,"
                + " intruders MAP<STRING, INT>, rejected INT");
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      rows.add(
          RowFactory.create(
              i % 3 == 0 ? "one" : "two",
              "c" + i,
              i % 7 == 0 ? 0 : 28,
              i % 4,
              i % 7 == 0 ? null : (i * 7 % 11) / 11.0,
              i % 2 == 0 ? 0.0 : i / 24.0,
              map("0.1", i, "0.3", 2, "0.5", 3, "0.7", 4, "0.9", 5),
              0));
    }
    try (SparkSession spark = TableRows.session()) {
      write(spark, rows, schema, "checkpoints");

      requireSame(spark, temporary, "checkpoints", 0);
    }
  }

  @Test
  void aTableWithoutRowsIsPrintedAsBySpark(ZooRun run) throws IOException {
    Outcome outcome = Outcome.of("show", "rejects", "--out", run.out().toString());

    assertThat(outcome.out().lines())
        .hasSize(5)
        .anyMatch(line -> line.startsWith("|checkpoint_id"));
  }

  @Test
  void showStartsNoSession(ZooRun run) {
    System.setProperty("spark.master", "no-such-master");
    try {
      Outcome shown =
          Outcome.of("show", "checkpoints", "--out", run.out().toString(), "--format", "csv");
      Outcome missing = Outcome.of("show", "nothing", "--out", run.out().toString());

      assertThat(shown.exitCode()).as(shown.err()).isZero();
      assertThat(shown.out().lines()).hasSize(1 + 16);
      assertThat(missing.exitCode()).isEqualTo(2);
      assertThat(missing.err()).contains("There is no table 'nothing'; expected one of [");
    } finally {
      System.setProperty("spark.master", "local[2]");
    }
  }

  @Test
  void whatIsNotUnderstoodIsLeftToSpark() throws IOException {
    try (SparkSession spark = TableRows.session()) {
      spark
          .sql("SELECT 'a' AS checkpoint_id, DATE '2026-01-31' AS day")
          .write()
          .partitionBy("checkpoint_id")
          .parquet(temporary.resolve("dates").toString());
      spark.range(3).write().parquet(temporary.resolve("flat").toString());
      Path broken = Files.createDirectories(temporary.resolve("broken/checkpoint_id=a"));
      Files.writeString(broken.resolve("part.parquet"), "PAR1 no more");
    }
    for (String table : List.of("dates", "flat", "broken")) {
      assertThat(read(temporary, table, 0)).as(table).isEmpty();
    }
    Outcome dates = Outcome.of("show", "dates", "--out", temporary.toString(), "--format", "json");
    assertThat(dates.out()).isEqualTo("{\"checkpoint_id\":\"a\",\"day\":\"2026-01-31\"}\n");
  }

  private void write(SparkSession spark, List<Row> rows, StructType schema, String table) {
    spark
        .createDataFrame(rows, schema)
        .repartition(1)
        .write()
        .mode(SaveMode.Overwrite)
        .partitionBy("checkpoint_id")
        .parquet(temporary.resolve(table).toString());
  }

  private Path threeCheckpoints(Path table) throws IOException {
    Path copy = temporary.resolve(table.getFileName());
    try (Stream<Path> checkpoints = Files.list(table)) {
      for (Path checkpoint : checkpoints.filter(Files::isDirectory).sorted().limit(3).toList()) {
        FileUtils.copyDirectory(
            checkpoint.toFile(), copy.resolve(checkpoint.getFileName()).toFile());
      }
    }
    return copy;
  }

  private static Object map(Object... pairs) {
    Map<Object, Object> map = new java.util.LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i], pairs[i + 1]);
    }
    return CollectionConverters.asScala(map);
  }

  private static Object list(Object... items) {
    return CollectionConverters.asScala(java.util.Arrays.asList(items)).toSeq();
  }

  private static Optional<ShownTable> read(Path out, String table, int limit) throws IOException {
    Storage storage = DriverStorage.open();
    String uri = storage.qualify(out.toString());
    return ShownTable.read(storage, ParquetTables.folder(storage, uri, table), table, limit);
  }

  private static void requireSame(SparkSession spark, Path out, String table, int limit)
      throws IOException {
    Storage storage = DriverStorage.open();
    TablePlace place = new TablePlace.Folder(storage.qualify(out.toString()));
    Dataset<Row> all = new TableReader(Tables.in(place, spark, storage)).read(table);
    Dataset<Row> rows = limit == 0 ? all : all.limit(limit);
    ShownTable shown = read(out, table, limit).orElseThrow();
    for (ShowCommand.Format format : ShowCommand.Format.values()) {
      String bySpark = printed(format, printer -> printer.print(rows, limit));
      assertThat(printed(format, printer -> printer.print(shown)))
          .as("%s as %s, limit %d", table, format, limit)
          .isEqualTo(bySpark);
    }
  }

  /** What prints something. */
  @FunctionalInterface
  private interface Printing {
    void by(TablePrinter printer) throws IOException;
  }

  private static String printed(ShowCommand.Format format, Printing printing) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      printing.by(new TablePrinter(format, out));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
