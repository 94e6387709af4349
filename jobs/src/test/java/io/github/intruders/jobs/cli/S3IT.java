package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.DemoRun;
import io.github.intruders.jobs.Launched;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.cli.FaultyProxy.Fault;
import io.github.intruders.jobs.config.TablePlace;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.RemoteDefaults;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.store.Tables;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.s3a.impl.AWSClientConfig;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything on an S3 server, in good and in bad times. */
class S3IT {
  private static final String ROOT = "s3a://" + S3Server.BUCKET + "/";
  private static final String FS = "spark.hadoop.fs.s3a.";
  private static final TableDefinition TABLE =
      new TableDefinition(
          "t", "checkpoint_id", StructType.fromDDL("checkpoint_id STRING, value INT"));

  private static final String SMALL =
      """
      base: {id: base, uri: %1$s/base}
      checkpoints:
        - {id: full, uri: %1$s/full/1-python, sequence: s, step: 1, task: python}
        - {id: chain, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c], sequence: s, step: 2, task: c}
      """;

  @TempDir private static Path temporary;
  private static S3Server server;
  private static FaultyProxy proxy;
  private static final Map<String, String> PROPERTIES = new TreeMap<>();
  private static Map<String, List<String>> expected;

  @BeforeAll
  static void startTheServer() throws Exception {
    server = S3Server.start(temporary);
    proxy = FaultyProxy.start(server.port());
    server.upload(Path.of(System.getProperty("zoo")), "zoo");
    Files.createDirectories(temporary.resolve("events"));
    Path manifests = Files.createDirectories(temporary.resolve("manifests"));
    Files.writeString(manifests.resolve("small.yaml"), SMALL.formatted(ROOT + "zoo"));
    server.upload(manifests, "manifests");
    Path local = temporary.resolve("local.yaml");
    Files.writeString(local, SMALL.formatted(System.getProperty("zoo")));

    set("spark.master", "local[2,2]");
    set("spark.ui.enabled", "false");
    set("spark.eventLog.enabled", "true");
    set("spark.eventLog.compress", "false");
    set("spark.eventLog.dir", temporary.resolve("events").toUri().toString());
    set(FS + "endpoint", proxy.endpoint());
    set(FS + "endpoint.region", "us-east-1");
    set(FS + "path.style.access", "true");
    set(FS + "access.key", S3Server.KEY_ID);
    set(FS + "secret.key", S3Server.SECRET);
    set(FS + "retry.interval", "50ms");
    set(FS + "retry.throttle.interval", "50ms");
    Outcome outcome = small(local.toString(), temporary.resolve("local").toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    expected = tables(temporary.resolve("local"));
  }

  @AfterAll
  static void stopTheServer() throws IOException {
    PROPERTIES.forEach((key, value) -> System.clearProperty(key));
    proxy.close();
    server.close();
    FileSystem.closeAll();
  }

  @BeforeEach
  void allIsWell() throws IOException {
    proxy.begin(request -> Fault.NONE);
    PROPERTIES.forEach(System::setProperty);
    FileSystem.closeAll();
  }

  @AfterEach
  void theSecretIsNowhereAndNothingWasCopied() throws IOException {
    StringBuilder events = new StringBuilder();
    try (Stream<Path> files = Files.walk(temporary.resolve("events"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        events.append(Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    assertThat(events.indexOf("fs.s3a.secret.key")).isPositive();
    assertThat(events.indexOf(S3Server.SECRET)).isNegative();
    assertThat(proxy.requests())
        .allSatisfy(
            request -> assertThat(request.headers()).doesNotContainKey("x-amz-copy-source"));
  }

  private static void set(String key, String value) {
    PROPERTIES.put(key, value);
    System.setProperty(key, value);
  }

  private static Outcome run(String... args) {
    Outcome outcome = Outcome.of(args);
    assertThat(outcome.out() + outcome.err()).doesNotContain(S3Server.SECRET);
    return outcome;
  }

  private static Outcome small(String manifest, String out) {
    return run(
        "scan", "--manifest", manifest, "--out", out, "--include", "layers\\.0\\..*proj", "--json");
  }

  private static Outcome smallOnS3(String out) {
    return small(ROOT + "manifests/small.yaml", ROOT + out);
  }

  /**
   * The tables below a prefix on the server, table by table: every row as text, but for what
   * differs from run to run and where the input lies.
   */
  private static Map<String, List<String>> tablesOnS3(String prefix) throws IOException {
    Path folder = Files.createTempDirectory(temporary, "download");
    server.download(prefix + "/", folder);
    return tables(folder);
  }

  private static Map<String, List<String>> tables(Path folder) throws IOException {
    Map<String, List<String>> tables = TableRows.in(folder);
    tables.replaceAll(
        (table, rows) ->
            rows.stream()
                .map(row -> row.replace("file:" + System.getProperty("zoo"), ROOT + "zoo"))
                .sorted()
                .toList());
    return tables;
  }

  @Test
  void theZooGivesTheSameTablesRowForRow() throws Exception {
    Launched onS3 =
        Launched.run(
            temporary,
            Map.of("AWS_ACCESS_KEY_ID", S3Server.KEY_ID, "AWS_SECRET_ACCESS_KEY", S3Server.SECRET),
            "run",
            "--manifest",
            ROOT + "zoo/manifest.yaml",
            "--out",
            ROOT + "zoo-out",
            "--json",
            "--",
            "--conf",
            FS + "endpoint=" + proxy.endpoint(),
            "--conf",
            FS + "endpoint.region=us-east-1",
            "--conf",
            FS + "path.style.access=true",
            "--conf",
            "spark.eventLog.enabled=true",
            "--conf",
            "spark.eventLog.compress=false",
            "--conf",
            "spark.eventLog.dir=" + temporary.resolve("events").toUri());

    assertThat(onS3.exitCode()).as(String.join("\n", onS3.err())).isZero();
    assertThat(onS3.err()).noneMatch(line -> line.contains("WARN ") || line.contains("ERROR"));
    assertThat(String.join("\n", onS3.out()) + String.join("\n", onS3.err()))
        .doesNotContain(S3Server.SECRET);
    Map<String, List<String>> tables = tablesOnS3("zoo-out");
    Map<String, List<String>> localTables = tables(DemoRun.get().out());
    assertThat(tables.keySet())
        .isEqualTo(localTables.keySet())
        .contains("matrices", "similarity", "intruder_tracks", "accumulation", "forgetting");
    localTables.forEach((table, rows) -> assertThat(tables.get(table)).as(table).isEqualTo(rows));
    assertThat(tables.get("matrices")).hasSize(16 * 28);
    assertThat(server.keys("zoo-out/report/index.html")).hasSize(1);
    assertThat(server.keys("zoo-out/")).noneMatch(key -> key.contains("__magic"));
    assertThat(server.openUploads()).isZero();
    for (String key : server.keys("zoo-out/")) {
      assertThat(new String(server.bytes(key), StandardCharsets.ISO_8859_1))
          .as(key)
          .doesNotContain(S3Server.SECRET);
    }
    assertThat(proxy.requests())
        .filteredOn(request -> request.reads("zoo/base/model.safetensors"))
        .isNotEmpty()
        .allSatisfy(request -> assertThat(request.header("range")).startsWith("bytes="));
  }

  @Test
  void slowDroppedRefusedAndCutAnswersChangeNothing() throws Exception {
    AtomicInteger count = new AtomicInteger();
    List<Fault> turns = List.of(Fault.DELAY, Fault.DROP, Fault.SLOW_DOWN, Fault.CUT);
    proxy.begin(
        request -> {
          int turn = count.getAndIncrement();
          Fault fault = turn % 7 == 0 ? turns.get(turn / 7 % turns.size()) : Fault.NONE;
          // Half an answer to a change would hide whether it was made.
          return fault == Fault.CUT && !request.method().equals("GET") ? Fault.DROP : fault;
        });

    Outcome outcome = smallOnS3("bad-times");

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(proxy.faults()).hasSizeGreaterThan(40).containsAll(turns);
    assertThat(tablesOnS3("bad-times")).isEqualTo(expected);
    assertThat(server.openUploads()).isZero();
  }

  @Test
  void anInputThatIsReplacedDuringTheScanIsNeverMixedAndCountsAgainOnceItIsRestored()
      throws Exception {
    String full = "replaced/full/1-python";
    Path zoo = Path.of(System.getProperty("zoo"));
    server.upload(zoo.resolve("full/1-python"), full);
    Path manifests = Files.createDirectories(temporary.resolve("replaced"));
    Files.writeString(
        manifests.resolve("replaced.yaml"),
        SMALL.formatted(ROOT + "zoo").replace(ROOT + "zoo/full", ROOT + "replaced/full"));
    server.upload(manifests, "manifests");
    AtomicInteger reads = new AtomicInteger();
    proxy.begin(
        request -> {
          if (request.reads(full + "/model.safetensors") && reads.incrementAndGet() == 6) {
            upload(zoo.resolve("full/2-c"), full);
          }
          return Fault.NONE;
        });

    Outcome outcome = small(ROOT + "manifests/replaced.yaml", ROOT + "replaced-out");

    assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(3);
    assertThat(proxy.requests())
        .filteredOn(request -> request.reads(full + "/model.safetensors"))
        .as("every range is asked for by the ETag it was planned with")
        .hasSizeGreaterThan(5)
        .allSatisfy(request -> assertThat(request.header("if-match")).isNotEmpty());
    Map<String, List<String>> tables = tablesOnS3("replaced-out");
    assertThat(tables.get("rejects"))
        .isNotEmpty()
        .allMatch(row -> row.contains("INPUT_CHANGED") && row.contains("full"));
    assertThat(expected.get("matrices")).containsAll(tables.get("matrices"));
    assertThat(tables.get("matrices").size() + tables.get("rejects").size()).isEqualTo(2 * 7);

    proxy.begin(request -> Fault.NONE);
    server.upload(zoo.resolve("full/1-python"), full);
    Outcome again = small(ROOT + "manifests/replaced.yaml", ROOT + "replaced-out");

    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(tablesOnS3("replaced-out")).isEqualTo(expected);
  }

  private static void upload(Path folder, String prefix) {
    try {
      server.upload(folder, prefix);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void credentialsThatExpireEndTheRunInWordsAndItGoesOnWithNewOnes() throws Exception {
    AtomicBoolean expired = new AtomicBoolean();
    proxy.begin(
        request -> {
          if (request.writes("expiring/matrices/")) {
            expired.set(true);
          }
          return expired.get() ? Fault.EXPIRED : Fault.NONE;
        });

    Outcome outcome = smallOnS3("expiring");

    assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
    assertThat(outcome.err())
        .contains("intruders: The credentials have expired: renew them, then run the same command")
        .contains("ExpiredToken");
    assertThat(outcome.out()).isEmpty();
    assertThat(server.keys("expiring/"))
        .noneMatch(key -> key.contains("/matrices/checkpoint_id=") && key.endsWith(".parquet"))
        .doesNotContain("expiring/_summary.json");

    proxy.begin(request -> Fault.NONE);
    FileSystem.closeAll();
    Outcome again = smallOnS3("expiring");

    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(proxy.requests())
        .as("no task writes what was finished before, though it goes into a part")
        .noneMatch(
            request -> request.writes("expiring/_work/scan/") && !request.writes(".part.jsonl"));
    assertThat(tablesOnS3("expiring")).isEqualTo(expected);
  }

  @Test
  void credentialsThatExpireDuringTheScanRejectNothing() {
    AtomicBoolean expired = new AtomicBoolean();
    proxy.begin(
        request -> {
          if (request.writes("during-scan/_work/scan/")) {
            expired.set(true);
          }
          return expired.get() ? Fault.EXPIRED : Fault.NONE;
        });

    Outcome outcome = smallOnS3("during-scan");

    assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(2);
    assertThat(outcome.err()).startsWith("intruders: The ").contains("expired").hasLineCount(1);
    assertThat(server.keys("during-scan/")).noneMatch(key -> key.endsWith(".parquet"));
  }

  @Test
  void whatTheStorageRefusesIsSaidInOneLine() throws IOException {
    System.setProperty(FS + "secret.key", "notTheSecret");
    Outcome wrong = smallOnS3("refused");
    assertThat(wrong.exitCode()).as(wrong.err()).isEqualTo(2);
    assertThat(wrong.err())
        .startsWith("intruders: The credentials ")
        .doesNotContain("notTheSecret")
        .hasLineCount(1);

    System.setProperty(FS + "secret.key", S3Server.SECRET);
    FileSystem.closeAll();
    Outcome bucket = small("s3a://no-such-bucket/small.yaml", ROOT + "refused");
    assertThat(bucket.exitCode()).isEqualTo(2);
    assertThat(bucket.err())
        .startsWith("intruders: There is no such bucket: check its name")
        .hasLineCount(1);

    Outcome missing = small(ROOT + "nothing.yaml", ROOT + "refused");
    assertThat(missing.exitCode()).isEqualTo(2);
    assertThat(missing.err())
        .isEqualTo("intruders: [%snothing.yaml] There is no such manifest%n".formatted(ROOT));

    Outcome inUri = small("s3a://key:Hidden123@bucket/small.yaml", ROOT + "refused");
    assertThat(inUri.exitCode()).isEqualTo(2);
    assertThat(inUri.err())
        .contains("Cannot use a URI with credentials in it")
        .doesNotContain("Hidden123");
  }

  @Test
  void aServerThatHangsOrIsGoneIsGivenUp() throws IOException {
    AWSClientConfig.setMinimumOperationDuration(Duration.ofMillis(100));
    try {
      System.setProperty(FS + "connection.timeout", "300ms");
      System.setProperty(FS + "connection.establish.timeout", "300ms");
      System.setProperty(FS + "retry.limit", "1");
      proxy.begin(request -> Fault.HANG);
      Instant begin = Instant.now();

      Outcome hanging = smallOnS3("hanging");

      assertThat(hanging.exitCode()).as(hanging.err()).isEqualTo(1);
      assertThat(hanging.err())
          .startsWith("intruders: The storage failed again and again: wait")
          .hasLineCount(1);
      assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(30));
      // Tries of the SDK within tries of S3A, at most.
      assertThat(proxy.requests()).hasSizeBetween(2, 8);

      FileSystem.closeAll();
      System.setProperty(FS + "endpoint", "http://127.0.0.1:1");
      Outcome gone = smallOnS3("gone");
      assertThat(gone.exitCode()).as(gone.err()).isEqualTo(1);
      assertThat(gone.err())
          .startsWith("intruders: The storage can't be reached: check the endpoint")
          .hasLineCount(1);
    } finally {
      AWSClientConfig.resetMinimumOperationDuration();
      List.of("connection.timeout", "connection.establish.timeout", "retry.limit")
          .forEach(key -> System.clearProperty(FS + key));
    }
  }

  @Test
  void theSettingsOfTheFileAreInForceUnlessOthersAreSet() throws IOException {
    DriverStorage.open().exists(ROOT + "zoo/manifest.yaml");

    Configuration opened =
        FileSystem.get(URI.create(ROOT), SparkHadoopUtil.get().newConfiguration(new SparkConf()))
            .getConf();

    RemoteDefaults.all().entrySet().stream()
        .filter(setting -> setting.getKey().startsWith(FS))
        .filter(setting -> !PROPERTIES.containsKey(setting.getKey()))
        .forEach(
            setting ->
                assertThat(opened.get(setting.getKey().substring("spark.hadoop.".length())))
                    .as(setting.getKey())
                    .isEqualTo(setting.getValue()));
    assertThat(opened.get("fs.s3a.retry.interval")).isEqualTo("50ms");
    assertThat(RemoteDefaults.all()).hasSizeGreaterThan(15);
  }

  @Test
  void largeRangesComeSideBySideAndWholeThoughAnswersAreCut() throws IOException {
    byte[] bytes = new byte[20 << 20];
    new Random(7).nextBytes(bytes);
    Storage storage = DriverStorage.open();
    storage.write(ROOT + "large", out -> out.write(bytes));
    AtomicInteger count = new AtomicInteger();
    proxy.begin(
        request ->
            !request.reads("/large")
                ? Fault.NONE
                : count.getAndIncrement() % 5 == 0 ? Fault.CUT : Fault.DELAY);
    byte[] read = new byte[8 << 20];

    try (RangeSource source = storage.open(ROOT + "large")) {
      source.readFully(3_000_001, read, 0, read.length);
    }

    assertThat(read).isEqualTo(Arrays.copyOfRange(bytes, 3_000_001, 3_000_001 + (8 << 20)));
    assertThat(proxy.faults()).contains(Fault.CUT);
    assertThat(proxy.mostReadsAtOnce()).isBetween(2, 4);

    proxy.begin(request -> Fault.DELAY);
    List<RangeSource.Range> rows = new ArrayList<>();
    for (int row = 0; row < 6; row++) {
      rows.add(new RangeSource.Range(3_000_000L * row, 1000));
    }
    try (RangeSource source = storage.open(ROOT + "large")) {
      source.readFully(rows, read);
    }
    for (int row = 0; row < 6; row++) {
      assertThat(Arrays.copyOfRange(read, 1000 * row, 1000 * (row + 1)))
          .isEqualTo(Arrays.copyOfRange(bytes, 3_000_000 * row, 3_000_000 * row + 1000));
    }
    assertThat(proxy.requests()).filteredOn(request -> request.reads("/large")).hasSize(6);
    assertThat(proxy.mostReadsAtOnce()).isBetween(2, 4);
  }

  @Test
  void aFileIsThereWholeOrNotAtAll() throws IOException {
    Storage storage = DriverStorage.open();
    storage.write(ROOT + "whole", out -> out.write(1));

    assertThatThrownBy(
            () ->
                storage.write(
                    ROOT + "whole",
                    out -> {
                      out.write(new byte[1000]);
                      throw new IOException("no more of it");
                    }))
        .hasMessage("no more of it");
    assertThat(server.bytes("whole")).containsExactly(1);

    storage.write(ROOT + "whole", out -> out.write(2));
    assertThat(server.bytes("whole")).containsExactly(2);
    assertThat(server.keys("whole")).containsExactly("whole");
    assertThat(server.openUploads()).isZero();
    assertThat(storage.status(ROOT + "whole").etag()).isNotEmpty();
    assertThat(storage.list(ROOT)).contains(storage.status(ROOT + "whole"));
  }

  @Test
  void aFailedAttemptLeavesNoRowAndAFailedJobLeavesTheOldOnes() throws IOException {
    String out = ROOT + "attempts";
    try (SparkSession spark = SparkSessions.open("attempts")) {
      // One task: another one may still write when its job has failed, and leave an upload open.
      int tasks = 1;
      List<String> keys = List.of("a", "b", "c");
      Storage storage = DriverStorage.open();
      changes(storage, out, "old").replace(TABLE, rows(spark, tasks, keys, 1), keys, List.of());
      assertThat(values(out)).containsExactlyInAnyOrder("a1 old", "b1 old", "c1 old");

      // What no retry within a task mends, so that the task is tried again.
      AtomicBoolean failed = new AtomicBoolean();
      proxy.begin(
          request ->
              isLastFile(request) && failed.compareAndSet(false, true)
                  ? Fault.EXPIRED
                  : Fault.NONE);
      changes(storage, out, "retried").replace(TABLE, rows(spark, tasks, keys, 2), keys, List.of());
      assertThat(proxy.faults()).containsExactly(Fault.EXPIRED);
      assertThat(values(out)).containsExactlyInAnyOrder("a2 retried", "b2 retried", "c2 retried");
      assertThat(server.keys("attempts/t/checkpoint_id")).hasSize(3);
      assertThat(server.keys("attempts/t/")).noneMatch(key -> key.contains("__magic"));
      assertThat(server.openUploads()).isZero();

      proxy.begin(request -> isLastFile(request) ? Fault.EXPIRED : Fault.NONE);
      assertThatThrownBy(
              () ->
                  changes(storage, out, "failed")
                      .replace(TABLE, rows(spark, tasks, keys, 3), keys, List.of()))
          .hasStackTraceContaining("ExpiredToken");
      assertThat(proxy.faults()).hasSizeGreaterThan(1);
      assertThat(values(out)).containsExactlyInAnyOrder("a2 retried", "b2 retried", "c2 retried");
      assertThat(server.keys("attempts/t/checkpoint_id")).hasSize(3);
      assertThat(server.openUploads()).isZero();
    }
  }

  @Test
  void ofTwoJobsAtOnceEachFolderHasTheRowsOfOne() throws Exception {
    String out = ROOT + "two-jobs";
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (SparkSession spark = SparkSessions.open("two-jobs")) {
      Storage storage = DriverStorage.open();
      List<Callable<Void>> jobs = new ArrayList<>();
      for (String run : List.of("one", "two")) {
        List<String> keys = List.of("a", "b", "c", "only-" + run);
        JavaRDD<Row> rows = rows(spark, keys.size(), keys, 1);
        jobs.add(
            () -> {
              changes(storage, out, run).replace(TABLE, rows, keys, List.of());
              return null;
            });
      }
      for (Future<Void> job : threads.invokeAll(jobs)) {
        job.get();
      }

      List<String> values = values(out);
      assertThat(values).hasSize(5).contains("only-one1 one", "only-two1 two");
      assertThat(values.stream().map(value -> value.substring(0, 2)).filter("a1 b1 c1"::contains))
          .containsExactlyInAnyOrder("a1", "b1", "c1");
      assertThat(server.openUploads()).isZero();
    } finally {
      threads.shutdownNow();
    }
  }

  /** {@code -Ddiscover.folders=10000} tries a large one, without the proxy between. */
  @Test
  void aFleetIsDiscoveredInFewRequests() throws Exception {
    int folders = Integer.getInteger("discover.folders", 60);
    boolean large = folders > 1_000;
    Path zoo = Path.of(System.getProperty("zoo"));
    Path adapter = zoo.resolve("lora-r1/1-python");
    byte[] config =
        Files.readString(adapter.resolve("adapter_config.json"))
            .replace("../../base", "fleet/base")
            .getBytes(StandardCharsets.UTF_8);
    byte[] weights = Files.readAllBytes(adapter.resolve("adapter_model.safetensors"));
    for (String file : List.of("config.json", "model.safetensors")) {
      server.put("fleet/base/" + file, Files.readAllBytes(zoo.resolve("base").resolve(file)));
    }
    for (int i = 0; i < folders; i++) {
      String folder = "fleet/team-%02d/run-%d/checkpoint-%d/".formatted(i % 20, i / 100, i);
      server.put(folder + "adapter_config.json", config);
      server.put(folder + "adapter_model.safetensors", weights);
      server.put(folder + "trainer_state.json", "{}".getBytes(StandardCharsets.UTF_8));
      server.put(folder + "README.md", new byte[0]);
    }
    if (large) {
      System.setProperty(FS + "endpoint", "http://127.0.0.1:" + server.port());
    }

    Instant start = Instant.now();
    Outcome found =
        run("discover", ROOT + "fleet", "--manifest-out", ROOT + "manifests/fleet.yaml", "--json");
    Duration took = Duration.between(start, Instant.now());

    assertThat(found.exitCode()).as(found.err()).isZero();
    assertThat(found.out())
        .contains("\"base_id\":\"base\",\"checkpoints\":%1$d,\"added\":%1$d,".formatted(folders));
    if (large) {
      System.out.printf("%d folders in %d s%n", folders, took.toSeconds());
      assertThat(took).isLessThan(Duration.ofMinutes(2));
      return;
    }
    List<FaultyProxy.Request> requests = List.copyOf(proxy.requests());
    assertThat(requests)
        .filteredOn(request -> request.target().contains("list-type=2"))
        .hasSizeLessThan(folders);
    assertThat(requests)
        .filteredOn(request -> request.method().equals("HEAD"))
        .hasSizeLessThan(folders);
    assertThat(requests)
        .filteredOn(request -> request.reads("checkpoint-7/"))
        .hasSizeLessThanOrEqualTo(4);

    proxy.begin(request -> Fault.NONE);
    Outcome again =
        run("discover", ROOT + "fleet", "--update", ROOT + "manifests/fleet.yaml", "--json");
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(again.out()).contains("\"added\":0,");
    assertThat(proxy.requests()).noneMatch(request -> request.writes("/"));
    assertThat(proxy.requests())
        .as("of what is known, some configs are asked what they call their base")
        .filteredOn(request -> request.reads("checkpoint-"))
        .hasSizeLessThanOrEqualTo(16)
        .allMatch(request -> request.reads("adapter_config.json"));
  }

  private static boolean isLastFile(FaultyProxy.Request request) {
    return request.writes("checkpoint_id%3Dc") || request.writes("checkpoint_id=c");
  }

  private static TableChanges changes(Storage storage, String out, String run) {
    return Tables.in(new TablePlace.Folder(out), SparkSession.active(), storage).change(run);
  }

  private static JavaRDD<Row> rows(SparkSession spark, int tasks, List<String> keys, int value) {
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(keys.stream().map(id -> RowFactory.create(id, value)).toList(), tasks);
  }

  /** The rows of a table as text, read past Spark's own caches. */
  private static List<String> values(String out) {
    return SparkSession.active()
        .read()
        .parquet(out + "/t")
        .selectExpr("concat(checkpoint_id, value, ' ', run_id)")
        .as(Encoders.STRING())
        .collectAsList();
  }
}
