package io.github.intruders.jobs.store;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What readers find when a run dies between any two changes of files. */
class TableWriterTest {
  private static final TableDefinition TABLE =
      new TableDefinition(
          "t", "checkpoint_id", StructType.fromDDL("code STRING, value INT, checkpoint_id STRING"));

  @TempDir private Path out;
  private static SparkSession spark;

  @BeforeAll
  static void openSession() {
    spark =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
            .config("spark.hadoop.fs.file.impl", DyingFileSystem.class.getName())
            .config("spark.hadoop.fs.file.impl.disable.cache", "true")
            .getOrCreate();
  }

  @AfterAll
  static void closeSession() {
    spark.stop();
  }

  @AfterEach
  void live() {
    DyingFileSystem.live();
  }

  @Test
  void aFolderHasItsOldRowsOrItsNewOnesWhereverARunDies() throws IOException {
    Change first = run -> replace(run, 1, List.of("a", "c", "other"), List.of());
    Change second = run -> replace(run, 2, List.of("a", "d"), List.of("c"));
    Map<String, String> old = afterRuns("undisturbed", first);
    Map<String, String> fresh = afterRuns("undisturbed", second);
    assertThat(old.keySet()).containsExactly("a", "c", "other");
    assertThat(fresh.keySet()).containsExactly("a", "d", "other");

    int deaths = dieEverywhere(first, second, old, fresh);

    assertThat(deaths).isGreaterThan(4);
  }

  @Test
  void rowsThatAnotherStageWroteStayWhereverARunDies() throws IOException {
    Change first = run -> replace(run, 1, List.of("a", "b", "other"), List.of());
    Change second =
        run ->
            run.replaceWhere(
                TABLE,
                col("code").equalTo("MINE").and(col("checkpoint_id").isin("a", "b", "d")),
                rows(2, List.of("MINE"), List.of("a", "d")),
                List.of("a", "d"));
    Map<String, String> old = afterRuns("undisturbed", first);
    Map<String, String> fresh = afterRuns("undisturbed", second);
    assertThat(fresh.get("a")).isEqualTo("MINE2 OTHERS1");
    assertThat(fresh.get("b")).isEqualTo("OTHERS1");
    assertThat(fresh.get("d")).isEqualTo("MINE2");
    assertThat(fresh.get("other")).isEqualTo("MINE1 OTHERS1");

    int deaths = dieEverywhere(first, second, old, fresh);

    assertThat(deaths).isGreaterThan(4);
  }

  @Test
  void aTableThatLosesItsLastRowsOrGetsItsFirstOnesCanAlwaysBeOpened() throws IOException {
    Change some = run -> replace(run, 1, List.of("a", "b"), List.of());
    Change none = run -> replace(run, 1, List.of(), List.of("a", "b"));
    Map<String, String> rows = afterRuns("undisturbed", some);
    assertThat(afterRuns("undisturbed", none)).isEmpty();
    assertThat(afterRuns("undisturbed", some)).isEqualTo(rows);

    dieEverywhere(some, none, rows, Map.of());
    dieEverywhere(none, some, Map.of(), rows);
  }

  @Test
  void whatKilledRunsLeaveGoesOnlyWhenNobodyCanBeWritingToIt() throws IOException {
    Path work = Files.createDirectories(out.resolve("_work/scan"));
    Path entry = Files.createFile(work.resolve("entry.jsonl"));
    Path stale = Files.createFile(work.resolve(".entry.jsonl.1.tmp"));
    Path current = Files.createFile(work.resolve(".entry.jsonl.2.tmp"));
    Path killed = Files.createDirectories(out.resolve("_work/staging/killed/attempt/p=1"));
    Path beside = Files.createDirectories(out.resolve("_work/staging/beside/attempt"));
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofDays(4)));
    Path rejected =
        Files.createFile(
            Files.createDirectories(out.resolve("_work/rejects/a")).resolve("1.jsonl"));
    Path rejecting =
        Files.createFile(
            Files.createDirectories(out.resolve("_work/rejects/b")).resolve("1.jsonl"));
    for (Path path :
        List.of(
            entry,
            stale,
            out.resolve("_work/staging/killed"),
            rejected, // its folder is new, as every folder is in an object storage
            rejecting.getParent())) {
      Files.setLastModifiedTime(path, old);
    }

    LeftOvers.clear(new HadoopStorage(new Configuration()), out.toUri().toString(), Instant.now());

    assertThat(entry).exists();
    assertThat(current).exists();
    assertThat(beside).exists();
    assertThat(stale).doesNotExist();
    assertThat(killed).doesNotExist();
    assertThat(rejected.getParent()).doesNotExist();
    assertThat(rejecting).exists();
  }

  @Test
  void aReaderBetweenTwoStepsFindsOldRowsOrNewOnesOrFails() throws IOException {
    Change first = run -> replace(run, 1, List.of("a", "b"), List.of());
    Change second = run -> replace(run, 22, List.of("a", "c"), List.of("b"));
    Map<String, String> old = afterRuns("undisturbed", first);
    Map<String, String> fresh = afterRuns("undisturbed", second);
    afterRuns("read", first);
    Path table = out.resolve("read/t");
    List<Dataset<Row>> plannedEarlier = new ArrayList<>();
    List<List<Path>> listedEarlier = new ArrayList<>();
    List<String> outcomes = new ArrayList<>();
    Runnable look =
        () -> {
          plannedEarlier.add(spark.read().parquet(table.toString()));
          listedEarlier.add(files(table));
          for (Dataset<Row> planned : plannedEarlier) {
            outcomes.add(outcome(old, fresh, () -> byCheckpoint(planned.collectAsList())));
          }
          for (List<Path> listed : listedEarlier) {
            outcomes.add(outcome(old, fresh, () -> byCheckpoint(plainRows(listed))));
          }
          int now = plannedEarlier.size() - 1;
          assertThat(
                  outcome(old, fresh, () -> byCheckpoint(plannedEarlier.get(now).collectAsList())))
              .isEqualTo("rows");
          assertThat(outcome(old, fresh, () -> byCheckpoint(plainRows(listedEarlier.get(now)))))
              .isEqualTo("rows");
        };

    DyingFileSystem.beforeEachChange(look);
    run("read", second);
    DyingFileSystem.live();
    look.run();

    assertThat(seen("read")).isEqualTo(fresh);
    assertThat(plannedEarlier).hasSizeGreaterThan(4);
    assertThat(outcomes).contains("rows", "FileNotFoundException");
  }

  @Test
  void ofTwoJobsThatReplaceOneFolderAtOnceOneStays() throws IOException {
    HadoopStorage storage = new HadoopStorage(spark.sparkContext().hadoopConfiguration());
    String smaller = "part-0-.parquet";
    String greater = "part-f-.parquet";
    for (String name : List.of(smaller, greater)) {
      for (int step = 1; step <= 4; step++) {
        Path folder = Files.createDirectories(out.resolve(step + name));
        Files.writeString(folder.resolve("part-3-.parquet"), "old");
        AtomicInteger steps = new AtomicInteger(step);
        DyingFileSystem.beforeEachChange(
            () -> {
              if (steps.decrementAndGet() == 0) { // the other job does all of its own
                put(storage, folder, name.equals(smaller) ? greater : smaller, "other");
              }
            });

        put(storage, folder, name, "one");

        assertThat(files(folder))
            .as("%s, step %d", name, step)
            .singleElement()
            .satisfies(file -> assertThat(Files.readString(file)).isIn("one", "other"));
      }
    }
  }

  private void put(HadoopStorage storage, Path folder, String name, String text) {
    try {
      Path written = Files.writeString(out.resolve(text), text);
      new NewFile(storage, storage.qualify(folder.toString()), name)
          .put(storage.qualify(written.toString()), file -> file.name().equals(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a reader that has listed or planned earlier gets now. */
  private static String outcome(
      Map<String, String> old, Map<String, String> fresh, Callable<Map<String, String>> reader) {
    try {
      requireOldOrNew(old, fresh, reader.call());
      return "rows";
    } catch (Exception e) { // Spark throws checked ones that it does not declare
      assertThat(e).hasStackTraceContaining("FileNotFoundException");
      return "FileNotFoundException";
    }
  }

  private static void requireOldOrNew(
      Map<String, String> old, Map<String, String> fresh, Map<String, String> seen) {
    for (String checkpoint : union(old, fresh)) {
      assertThat(seen.get(checkpoint))
          .as(checkpoint)
          .isIn(old.get(checkpoint), fresh.get(checkpoint));
    }
    assertThat(union(old, fresh)).containsAll(seen.keySet());
  }

  private static List<Path> files(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** By Parquet's own reader, which knows a file by its name alone. */
  private static List<Row> plainRows(List<Path> files) throws IOException {
    List<Row> rows = new ArrayList<>();
    for (Path file : files) {
      String key = file.getParent().getFileName().toString().replace("checkpoint_id=", "");
      try (ParquetReader<Group> reader =
          ParquetReader.builder(new GroupReadSupport(), new org.apache.hadoop.fs.Path(file.toUri()))
              .build()) {
        for (Group group = reader.read(); group != null; group = reader.read()) {
          rows.add(
              new GenericRowWithSchema(
                  new Object[] {group.getString("code", 0), group.getInteger("value", 0), key},
                  TABLE.columns()));
        }
      }
    }
    return rows;
  }

  @FunctionalInterface
  private interface Change {
    void in(TableChanges run) throws IOException;
  }

  /**
   * Lets the second run die after each number of changes, and runs it again.
   *
   * @return how often it died
   */
  private int dieEverywhere(
      Change first, Change second, Map<String, String> old, Map<String, String> fresh)
      throws IOException {
    int deaths = 0;
    while (true) {
      String folder = old.size() + "-dead-" + deaths;
      afterRuns(folder, first);
      DyingFileSystem.dieAfter(deaths);
      try {
        run(folder, second);
      } catch (IOException | RuntimeException e) {
        assertThat(e).hasStackTraceContaining("The process is dead");
      }
      boolean died = DyingFileSystem.isDead();
      DyingFileSystem.live();
      Map<String, String> seen = seen(folder);
      for (String checkpoint : union(old, fresh)) {
        assertThat(seen.get(checkpoint))
            .as("%s after %d changes", checkpoint, deaths)
            .isIn(old.get(checkpoint), fresh.get(checkpoint));
      }
      assertThat(union(old, fresh)).containsAll(seen.keySet());
      assertThat(afterRuns(folder, second)).as("after %d changes", deaths).isEqualTo(fresh);
      if (!died) {
        return deaths;
      }
      deaths++;
    }
  }

  private static List<String> union(Map<String, String> one, Map<String, String> other) {
    return Stream.concat(one.keySet().stream(), other.keySet().stream()).distinct().toList();
  }

  private Map<String, String> afterRuns(String folder, Change change) throws IOException {
    run(folder, change);
    return seen(folder);
  }

  private void run(String folder, Change change) throws IOException {
    Storage storage = new HadoopStorage(spark.sparkContext().hadoopConfiguration());
    String uri = storage.qualify(out.resolve(folder).toString());
    try (TableChanges run = Tables.in(new TablePlace.Folder(uri), spark, storage).change(folder)) {
      change.in(run);
      run.commit();
    }
  }

  /** Each checkpoint's rows; checks that nothing else lies where readers look. */
  private Map<String, String> seen(String folder) throws IOException {
    Path table = out.resolve(folder).resolve("t");
    try (Stream<Path> files = Files.walk(table)) {
      assertThat(files.filter(Files::isRegularFile))
          .allSatisfy(
              file ->
                  assertThat(table.relativize(file).toString())
                      .matches("checkpoint_id=\\w+/part-[0-9a-f-]{36}[.-]c000\\.snappy\\.parquet"));
    }
    return byCheckpoint(spark.read().parquet(table.toString()).collectAsList());
  }

  private static Map<String, String> byCheckpoint(List<Row> rows) {
    return rows.stream()
        .collect(
            Collectors.groupingBy(
                row -> row.getAs("checkpoint_id"),
                TreeMap::new,
                Collectors.mapping(
                    row -> row.<String>getAs("code") + row.<Integer>getAs("value"),
                    Collectors.collectingAndThen(
                        Collectors.toList(),
                        all -> all.stream().sorted().collect(Collectors.joining(" "))))));
  }

  private static void replace(
      TableChanges run, int value, List<String> checkpoints, List<String> without)
      throws IOException {
    run.replace(TABLE, rows(value, List.of("MINE", "OTHERS"), checkpoints), checkpoints, without);
  }

  /** A row of each code for each checkpoint, each checkpoint in a partition of its own. */
  private static JavaRDD<Row> rows(int value, List<String> codes, List<String> checkpoints) {
    List<Row> rows =
        checkpoints.stream()
            .flatMap(id -> codes.stream().map(code -> RowFactory.create(code, value, id)))
            .toList();
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(rows, Math.max(1, checkpoints.size()));
  }
}
