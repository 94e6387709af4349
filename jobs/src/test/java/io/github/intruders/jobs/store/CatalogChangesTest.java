package io.github.intruders.jobs.store;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What readers of a catalog see while runs change its tables, fail, or run side by side. */
class CatalogChangesTest {
  private static final Storage STORAGE = new HadoopStorage(new Configuration());

  @TempDir private static Path temporary;
  private static SparkSession spark;

  @BeforeAll
  static void openSession() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog")
            .config("spark.sql.catalog.lake.catalog-impl", FailingCatalog.class.getName())
            .config(
                "spark.sql.catalog.lake.uri",
                "jdbc:h2:mem:changes;DB_CLOSE_DELAY=-1;DATABASE_TO_UPPER=FALSE")
            .config("spark.sql.catalog.lake.jdbc.schema-version", "V1")
            .config("spark.sql.catalog.lake.warehouse", temporary.resolve("lake").toString())
            .config("spark.sql.catalog.other", "org.apache.spark.sql.NoSuchCatalog")
            .config("spark.sql.catalog.nowhere", "org.apache.iceberg.spark.SparkCatalog")
            .config("spark.sql.catalog.nowhere.type", "hadoop")
            .getOrCreate();
  }

  @AfterAll
  static void closeSession() {
    spark.stop();
  }

  @AfterEach
  void allowAll() {
    FailingCatalog.REFUSED.clear();
  }

  @Test
  void othersSeeARunsChangesWhenItIsCommittedAndTheRunItselfBefore() throws IOException {
    try (TableChanges changes = change("unseen", "r1")) {
      replace(changes, "matrices", List.of("a=1", "b=2"), List.of());
      replace(changes, "rejects", List.of(), List.of());

      assertThat(rows("unseen", "matrices")).isEmpty();
      assertThat(rows(changes.seen(), "matrices")).containsExactly("1,r1,a", "2,r1,b");
      assertThat(rows(changes.seen(), "rejects")).isEmpty();

      changes.commit();
    }
    assertThat(rows("unseen", "matrices")).containsExactly("1,r1,a", "2,r1,b");
    assertThat(rows("unseen", "rejects")).isEmpty();
    assertThat(refs("unseen", "matrices")).containsExactlyInAnyOrder("main", "r1");
  }

  @Test
  void tablesAndColumnsSayWhatTheyMean() throws IOException {
    TableComments comments = TableComments.of("rejects");
    assertThat(comments.table()).startsWith("One row per ");
    assertThat(comments.columns()).containsKey("code");

    commit("said", "r1", changes -> replace(changes, "rejects", List.of("a=1"), List.of()));
    org.apache.iceberg.Table table = load("said", "rejects");
    requireSaid(table, comments);

    // As a table of an earlier version.
    table.updateSchema().updateColumnDoc("code", "old words").commit();
    table.updateProperties().remove("comment").commit();
    commit("said", "r2", changes -> replace(changes, "rejects", List.of("a=2"), List.of()));
    requireSaid(load("said", "rejects"), comments);
  }

  private static void requireSaid(org.apache.iceberg.Table table, TableComments comments) {
    assertThat(table.properties()).containsEntry("comment", comments.table());
    assertThat(table.schema().columns())
        .allSatisfy(
            column -> assertThat(column.doc()).isEqualTo(comments.columns().get(column.name())));
  }

  @Test
  void aRerunReplacesItsKeysAndKeepsAllOthers() throws IOException {
    commit(
        "rerun",
        "r1",
        changes -> replace(changes, "matrices", List.of("a=1", "b=2", "c=3"), List.of()));

    commit(
        "rerun",
        "r2",
        changes -> replace(changes, "matrices", List.of("b=4", "d=5"), List.of("c")));

    assertThat(rows("rerun", "matrices")).containsExactly("1,r1,a", "4,r2,b", "5,r2,d");
  }

  @Test
  void anEarlierRunIsThereByItsIdAndByItsTime() throws Exception {
    commit("travel", "r1", changes -> replace(changes, "matrices", List.of("a=1"), List.of()));
    Thread.sleep(20);
    String between = java.time.Instant.now().toString();
    Thread.sleep(20);
    commit(
        "travel", "r2", changes -> replace(changes, "matrices", List.of("a=2", "b=3"), List.of()));
    commit("travel", "r3", changes -> replace(changes, "metrics", List.of("a=9"), List.of()));

    assertThat(rows(tables("travel").asOf("r1"), "matrices")).containsExactly("1,r1,a");
    assertThat(rows(tables("travel").asOf(between), "matrices")).containsExactly("1,r1,a");
    assertThat(rows(tables("travel").asOf("r3"), "matrices")).containsExactly("2,r2,a", "3,r2,b");
    assertThat(rows(spark.sql("SELECT * FROM lake.travel.matrices VERSION AS OF 'r1'")))
        .containsExactly("1,r1,a");
    assertThat(
            rows(
                spark.sql(
                    "SELECT * FROM lake.travel.matrices TIMESTAMP AS OF '%s'".formatted(between))))
        .containsExactly("1,r1,a");
    assertThat(tables("travel").asOf("r2").has("metrics")).isFalse();
    assertThat(
            spark.sql("SELECT run_id FROM lake.travel.runs ORDER BY committed_at").collectAsList())
        .extracting(row -> row.getString(0))
        .containsExactly("r1", "r2", "r3");
    assertThatThrownBy(() -> tables("travel").asOf("r9").stored("matrices"))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith("[lake.travel] There is no run 'r9' with a table 'matrices'");
    assertThatThrownBy(() -> tables("travel").asOf("2001-01-01").stored("matrices"))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[lake.travel] The table 'matrices' has nothing as old as 2001-01-01");
  }

  @Test
  void aRunThatFailsBeforeItsCommitLeavesTheTablesAsTheyWere() throws IOException {
    commit("early", "r1", changes -> replace(changes, "matrices", List.of("a=1"), List.of()));

    try (TableChanges changes = change("early", "r2")) {
      replace(changes, "matrices", List.of("a=2"), List.of());
    }

    assertThat(rows("early", "matrices")).containsExactly("1,r1,a");
    assertThat(refs("early", "matrices")).containsExactlyInAnyOrder("main", "r1");
  }

  @Test
  void aRunThatWasKilledLeavesTheTablesAsTheyWereAndTheNextOneWorks() throws IOException {
    commit("killed", "r1", changes -> replace(changes, "matrices", List.of("a=1"), List.of()));
    replace(change("killed", "r2"), "matrices", List.of("a=2"), List.of());

    assertThat(rows("killed", "matrices")).containsExactly("1,r1,a");
    commit("killed", "r3", changes -> replace(changes, "matrices", List.of("a=3"), List.of()));
    assertThat(rows("killed", "matrices")).containsExactly("3,r3,a");
    assertThat(refs("killed", "matrices")).containsExactlyInAnyOrder("main", "r1", "r3", "run_r2");
  }

  @Test
  void aRunThatFailsWhileItPublishesPutsBackWhatWasThere() throws IOException {
    commit(
        "late",
        "r1",
        changes -> {
          replace(changes, "matrices", List.of("a=1", "b=2"), List.of());
          replace(changes, "similarity", List.of("a=1"), List.of());
        });
    FailingCatalog.REFUSED.add("similarity");

    try (TableChanges changes = change("late", "r2")) {
      replace(changes, "matrices", List.of("a=3", "c=4"), List.of("b"));
      replace(changes, "similarity", List.of("a=3"), List.of());
      assertThatThrownBy(changes::commit).hasMessage("The disk of similarity is full");
    }

    assertThat(rows("late", "matrices")).containsExactly("1,r1,a", "2,r1,b");
    assertThat(rows("late", "similarity")).containsExactly("1,r1,a");
    assertThat(refs("late", "matrices")).containsExactlyInAnyOrder("main", "r1");
    assertThat(spark.table("lake.late.runs").count()).isEqualTo(1);
  }

  @Test
  void aRunWhoseOwnRowCanNotBeWrittenIsTakenBackWhole() throws IOException {
    commit("last", "r1", changes -> replace(changes, "matrices", List.of("a=1"), List.of()));
    commit("last", "r1b", changes -> replace(changes, "metrics", List.of("a=1"), List.of()));
    FailingCatalog.REFUSED.add("runs");

    try (TableChanges changes = change("last", "r2")) {
      replace(changes, "matrices", List.of("a=3"), List.of());
      assertThatThrownBy(changes::commit).hasStackTraceContaining("The disk of runs is full");
    }

    assertThat(rows("last", "matrices")).containsExactly("1,r1,a");
    assertThat(refs("last", "matrices")).containsExactlyInAnyOrder("main", "r1", "r1b");
    assertThat(refs("last", "metrics")).containsExactlyInAnyOrder("main", "r1b");
  }

  @Test
  void ofTwoRunsAtOnceNeitherLosesARow() throws Exception {
    int jobs = 3;
    int runs = 2;
    CyclicBarrier start = new CyclicBarrier(jobs);
    ExecutorService threads = Executors.newFixedThreadPool(jobs);
    List<Future<?>> done = new ArrayList<>();
    for (int job = 0; job < jobs; job++) {
      String id = "job" + job;
      SparkSession own = spark.newSession();
      Callable<Void> work =
          () -> {
            for (int run = 0; run < runs; run++) {
              start.await();
              try (TableChanges changes =
                  Tables.in(place("busy"), own, STORAGE).change(id + "-" + run)) {
                replace(
                    changes, "matrices", List.of(id + "-" + run + "=1", id + "=" + run), List.of());
                replaceRejects(changes, "X", id + "-" + run + "=X");
                start.await();
                changes.commit();
              }
            }
            return null;
          };
      done.add(threads.submit(work));
    }
    for (Future<?> one : done) {
      one.get();
    }
    threads.shutdown();

    List<String> expected = new ArrayList<>();
    for (int job = 0; job < jobs; job++) {
      for (int run = 0; run < runs; run++) {
        expected.add("1,job%d-%d,job%d-%d".formatted(job, run, job, run));
      }
      expected.add("%d,job%d-%d,job%d".formatted(runs - 1, job, runs - 1, job));
    }
    assertThat(rows("busy", "matrices")).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(spark.table("lake.busy.runs").count()).isEqualTo((long) jobs * runs);
  }

  @Test
  void ofTwoRunsOverTheSameCheckpointTheLaterOneStandsWhole() throws IOException {
    commit("same", "r0", changes -> replace(changes, "matrices", List.of("a=0"), List.of()));
    try (TableChanges first = change("same", "r1");
        TableChanges second = change("same", "r2")) {
      replace(first, "matrices", List.of("a=1", "b=1"), List.of());
      replace(second, "matrices", List.of("a=2"), List.of());
      second.commit();
      first.commit();
    }
    assertThat(rows("same", "matrices")).containsExactly("1,r1,a", "1,r1,b");
  }

  @Test
  void whatWasMergedIntoRowsThatChangedMeanwhileIsMergedAnew() throws IOException {
    commit(
        "merge", "r1", changes -> replace(changes, "rejects", List.of("a=SCAN", "b=X"), List.of()));
    try (TableChanges slow = change("merge", "r2")) {
      replaceRejects(slow, "X", "a=X", "c=X");
      commit(
          "merge",
          "r3",
          changes -> replace(changes, "rejects", List.of("a=OTHER", "d=SCAN"), List.of()));
      slow.commit();
    }
    assertThat(rows("merge", "rejects"))
        .containsExactly("OTHER,r3,a", "SCAN,r3,d", "X,r2,a", "X,r2,c");
  }

  @Test
  void columnsThatATableLacksAreAdded() throws IOException {
    commit("grows", "r1", changes -> replace(changes, "matrices", List.of("a=1"), List.of()));

    commit(
        "grows",
        "r2",
        changes ->
            changes.replace(
                new TableDefinition(
                    "matrices",
                    "checkpoint_id",
                    StructType.fromDDL("checkpoint_id STRING, value STRING, more STRING")),
                rdd(List.of("b=2=2")),
                List.of("b"),
                List.of()));

    assertThat(rows(spark.table("lake.grows.matrices").select("checkpoint_id", "value", "more")))
        .containsExactly("a,1,null", "b,2,2");
  }

  @Test
  void expiringSnapshotsLeavesWhatIsCurrent() throws IOException {
    for (String run : List.of("r1", "r2", "r3")) {
      commit(
          "old",
          run,
          changes ->
              replace(changes, "matrices", List.of("a=" + run.charAt(1), run + "=0"), List.of()));
    }
    try (TableChanges failed = change("old", "r4")) {
      replace(failed, "matrices", List.of("a=9"), List.of());
    }
    for (String run : List.of("r1", "r2")) {
      load("old", "matrices").manageSnapshots().removeTag(run).commit();
    }

    spark.sql(
        "CALL lake.system.expire_snapshots(table => 'old.matrices',"
            + " older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)");
    spark.sql(
        "CALL lake.system.rewrite_data_files(table => 'old.matrices',"
            + " options => map('rewrite-all', 'true'))");

    assertThat(load("old", "matrices").snapshots()).hasSize(2);
    assertThat(rows("old", "matrices")).containsExactly("0,r1,r1", "0,r2,r2", "0,r3,r3", "3,r3,a");
  }

  @Test
  void aCatalogThatCanNotBeUsedIsToldWithWhatToAdd() throws Exception {
    assertThatThrownBy(() -> tables(new TablePlace.Catalog("sea", List.of("a"))))
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "Cannot find the catalog 'sea' in Spark's settings: add -- --load-spark-defaults --properties-file FILE, with"
                + " spark.sql.catalog.sea and what goes with it; conf/iceberg has examples");
    assertThatThrownBy(() -> tables(new TablePlace.Catalog("other", List.of("a"))))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith(
            "Cannot use the catalog 'other': spark.sql.catalog.other is"
                + " org.apache.spark.sql.NoSuchCatalog, expected");
    assertThatThrownBy(() -> tables(new TablePlace.Catalog("nowhere", List.of("a"))))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith("Cannot open the catalog 'nowhere': ")
        .hasMessageContaining("warehouse");
    try (URLClassLoader bare =
        new URLClassLoader(new URL[0], ClassLoader.getPlatformClassLoader())) {
      assertThatThrownBy(
              () ->
                  CatalogSettings.require(
                      "lake",
                      "org.apache.iceberg.spark.SparkCatalog",
                      bare,
                      CatalogSettings.runtime("4.1.3")))
          .isInstanceOf(UserInputException.class)
          .hasMessage(
              "Cannot use the catalog 'lake': the Iceberg runtime is not on the class path; add --"
                  + " --packages org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0");
      assertThatThrownBy(() -> CatalogSettings.requireSpark("4.2.0", "lake"))
          .isInstanceOf(UserInputException.class)
          .hasMessage(
              "Cannot use the catalog 'lake' on Spark 4.2.0: Iceberg's runtime for Spark 4.1 fails"
                  + " there; take Spark 4.0 or 4.1, or leave out --catalog");
      assertThat(CatalogSettings.runtime("4.0.1")).contains("iceberg-spark-runtime-4.0_2.13:");
    }
    assertThatThrownBy(() -> TablePlace.Catalog.of("lake", "a..b"))
        .hasMessage(
            "Cannot use --namespace 'a..b': expected letters, digits, _ and -, levels parted by"
                + " dots");
  }

  @FunctionalInterface
  private interface Work {
    void on(TableChanges changes) throws IOException;
  }

  private static void commit(String namespace, String run, Work work) throws IOException {
    try (TableChanges changes = change(namespace, run)) {
      work.on(changes);
      changes.commit();
    }
  }

  private static TableChanges change(String namespace, String run) {
    return tables(namespace).change(run);
  }

  private static TablePlace place(String namespace) {
    return TablePlace.Catalog.of("lake", namespace);
  }

  private static Tables tables(String namespace) {
    return tables(place(namespace));
  }

  private static Tables tables(TablePlace place) {
    return Tables.in(place, spark, STORAGE);
  }

  private static org.apache.iceberg.Table load(String namespace, String table) {
    return ((CatalogTables) tables(namespace)).load(table);
  }

  private static Iterable<String> refs(String namespace, String table) {
    return load(namespace, table).refs().keySet();
  }

  /** A table of which the test needs no more than one column. */
  private static TableDefinition table(String name) {
    String column = name.equals("rejects") ? "code" : "value";
    return new TableDefinition(
        name,
        "checkpoint_id",
        StructType.fromDDL("checkpoint_id STRING, %s STRING".formatted(column)));
  }

  /** Rows as {@code key=value}. */
  private static void replace(
      TableChanges changes, String table, List<String> rows, List<String> without)
      throws IOException {
    changes.replace(table(table), rdd(rows), keys(rows), without);
  }

  private static void replaceRejects(TableChanges changes, String code, String... rows)
      throws IOException {
    changes.replaceWhere(
        table("rejects"), col("code").equalTo(code), rdd(List.of(rows)), keys(List.of(rows)));
  }

  private static List<String> keys(List<String> rows) {
    return rows.stream().map(row -> row.split("=", -1)[0]).distinct().toList();
  }

  /** Every row in a partition of its own; none where there is no row. */
  private static JavaRDD<Row> rdd(List<String> rows) {
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(
            rows.stream().map(row -> RowFactory.create((Object[]) row.split("=", -1))).toList(),
            Math.max(1, rows.size()));
  }

  private static List<String> rows(String namespace, String table) throws IOException {
    return rows(tables(namespace), table);
  }

  private static List<String> rows(Tables tables, String table) throws IOException {
    return rows(tables.stored(table));
  }

  private static List<String> rows(Dataset<Row> rows) {
    return rows.collectAsList().stream().map(row -> row.mkString(",")).sorted().toList();
  }
}
