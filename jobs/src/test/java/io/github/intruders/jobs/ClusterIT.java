package io.github.intruders.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.KilledRun.Stamp;
import io.github.intruders.jobs.KilledRun.Undisturbed;
import io.github.intruders.jobs.KilledRun.Victim;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The jar on a cluster, in good and in bad times. How often something is killed: {@code
 * -Dkill.rounds=20}; a round is repeated by {@code -Dkill.seed=SEED -Dkill.from=ROUND
 * -Dkill.rounds=1}, with what a failure names.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterIT {
  private static final String FIRST =
      """
      base: {id: base, uri: %1$s/base}
      checkpoints:
        - {id: full, uri: %1$s/full/1-python, sequence: s, step: 1, task: python}
        - {id: chain, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c], sequence: s, step: 2, task: c}
        - {id: missing, uri: %1$s/nowhere, sequence: s, step: 3, task: c}
        - {id: other, uri: %1$s/lora-r1/1-python}
      metrics: first.csv
      """;

  /** Without a checkpoint of the first run, whose rows have to stay, and with a new one. */
  private static final String NIGHTLY =
      """
      base: {id: base, uri: %1$s/base}
      checkpoints:
        - {id: full, uri: %1$s/full/1-python, sequence: s, step: 1, task: python}
        - {id: chain, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c], sequence: s, step: 2, task: c}
        - {id: missing, uri: %1$s/nowhere, sequence: s, step: 3, task: c}
        - {id: new, uri: %1$s/full/2-c, sequence: s, step: 4, task: xml}
      metrics: nightly.csv
      """;

  private static final List<Victim> VICTIMS = List.of(Victim.values());

  private static final String METRICS =
      "checkpoint,metric,value%nbase,loss,1%nfull,loss,2%nchain,loss,3%n%s,loss,5%n";

  @TempDir private static Path temporary;
  private static Cluster cluster;

  /** It takes a minute to give up, which others don't have to wait for. */
  private static Launched.Running noMaster;

  @BeforeAll
  static void startTheCluster() throws Exception {
    String zoo = System.getProperty("zoo");
    Files.writeString(temporary.resolve("first.yaml"), FIRST.formatted(zoo));
    Files.writeString(temporary.resolve("first.csv"), METRICS.formatted("other"));
    Files.writeString(temporary.resolve("nightly.yaml"), NIGHTLY.formatted(zoo));
    Files.writeString(temporary.resolve("nightly.csv"), METRICS.formatted("new"));
    cluster = Cluster.start(temporary);
    Path nowhere = Files.createDirectories(temporary.resolve("nowhere"));
    noMaster =
        Launched.start(
            nowhere,
            Cluster.ENVIRONMENT,
            "run",
            "--manifest",
            temporary.resolve("first.yaml").toString(),
            "--out",
            nowhere.resolve("out").toString(),
            "--",
            "--master",
            "spark://127.0.0.1:" + Cluster.freePort());
  }

  @AfterAll
  static void stopTheCluster() throws Exception {
    noMaster.kill();
    cluster.close();
  }

  @BeforeEach
  void allIsWell() throws Exception {
    cluster.repair();
  }

  @Test
  @Order(1)
  void whateverIsKilledTheTablesAreThoseOfAnUndisturbedRun() throws Exception {
    int rounds = Integer.getInteger("kill.rounds", VICTIMS.size());
    long seed = Long.getLong("kill.seed", new SplittableRandom().nextInt(1_000_000));
    int from = Integer.getInteger("kill.from", 0);
    Path calm = Files.createDirectories(temporary.resolve("calm"));
    Undisturbed first = undisturbed(calm, "first");
    Path evening = temporary.resolve("evening");
    copy(calm.resolve("out"), evening);
    Undisturbed nightly = undisturbed(calm, "nightly");
    assertThat(nightly.before()).isEqualTo(first.after());
    assertThat(nightly.after()).isNotEqualTo(first.after()).containsKeys(other(first));

    Map<String, Integer> kills = new TreeMap<>();
    List<AssertionError> failures = new ArrayList<>();
    int done = 0;
    for (int round = from; done < rounds; round++) {
      String name = "-Dkill.seed=%d -Dkill.from=%d -Dkill.rounds=1".formatted(seed, round);
      SplittableRandom random = new SplittableRandom(seed * 1000 + round);
      Victim victim = VICTIMS.get(round % VICTIMS.size());
      boolean atNight = random.nextBoolean();
      Path folder = Files.createDirectories(temporary.resolve("round-" + round));
      if (atNight) {
        copy(evening, folder.resolve("out"));
      }
      cluster.repair();
      KilledRun run =
          new KilledRun(
              cluster,
              random,
              victim,
              folder,
              atNight ? nightly : first,
              arguments(folder, atNight ? "nightly" : "first"));
      String outcome;
      try {
        outcome = run.carryOut();
      } catch (AssertionError | IOException e) {
        AssertionError failure = new AssertionError("Round failed, repeat it with " + name, e);
        failures.forEach(failure::addSuppressed);
        failures.add(failure);
        outcome = victim + " killed: failed, " + e;
      }
      System.out.printf("%s, %s run: %s%n", name, atNight ? "nightly" : "first", outcome);
      if (outcome != null) {
        kills.merge(outcome.substring(0, outcome.indexOf(" killed")), 1, Integer::sum);
        done++;
      }
      delete(folder);
    }
    System.out.printf(
        "%d rounds of seed %d: %s, %d failed%n", rounds, seed, kills, failures.size());
    if (!failures.isEmpty()) {
      throw failures.get(failures.size() - 1);
    }
  }

  /**
   * While it scans, a worker is taken out of service and comes back; tasks that take longer than
   * others are done a second time.
   */
  @Test
  @Order(2)
  void theZooGivesTheSameTablesRowForRowThoughExecutorsComeAndGo() throws Exception {
    String manifest = System.getProperty("zoo") + "/manifest.yaml";
    Path onCluster = Files.createDirectories(temporary.resolve("zoo-cluster"));
    Path events = Files.createDirectories(onCluster.resolve("events"));
    Path ledger = onCluster.resolve("out/_work/scan");

    Launched.Running running =
        Launched.start(
            onCluster,
            Cluster.ENVIRONMENT,
            onCluster(
                List.of(
                    "run", "--manifest", manifest, "--out", onCluster.resolve("out").toString()),
                "spark.speculation=true",
                "spark.speculation.interval=20ms",
                "spark.speculation.minTaskRuntime=20ms",
                "spark.speculation.quantile=0.1",
                "spark.speculation.multiplier=1.01",
                "spark.speculation.task.duration.threshold=100ms",
                "spark.dynamicAllocation.enabled=true",
                "spark.dynamicAllocation.shuffleTracking.enabled=true",
                "spark.dynamicAllocation.shuffleTracking.timeout=1s",
                "spark.dynamicAllocation.minExecutors=1",
                "spark.dynamicAllocation.initialExecutors=2",
                "spark.dynamicAllocation.maxExecutors=2",
                "spark.dynamicAllocation.executorIdleTimeout=2s",
                "spark.dynamicAllocation.cachedExecutorIdleTimeout=1s",
                "spark.decommission.enabled=true",
                "spark.storage.decommission.enabled=true",
                "spark.storage.decommission.replicationReattemptInterval=1s",
                // An executor that leaves before the other one has come asks again for who takes
                // its
                // blocks; it would stay for a minute otherwise.
                "spark.storage.cachedPeersTtl=1000",
                "spark.eventLog.enabled=true",
                "spark.eventLog.compress=false",
                "spark.eventLog.dir=" + events.toUri()));
    Cluster.await("a finished task", () -> Files.isDirectory(ledger));
    cluster.renewOne();
    Launched there = running.await();
    Path here = DemoRun.get().out();

    assertThat(there.exitCode()).as(String.join("\n", there.err())).isZero();
    Map<String, List<String>> expected = TableRows.in(here);
    Map<String, List<String>> tables = TableRows.in(onCluster.resolve("out"));
    assertThat(expected.get("matrices")).hasSize(16 * 28);
    assertThat(tables.keySet()).isEqualTo(expected.keySet()).hasSizeGreaterThan(8);
    expected.forEach((table, rows) -> assertThat(tables.get(table)).as(table).isEqualTo(rows));
    assertThat(lines(ledger, "")).hasSize(16 * 28).doesNotHaveDuplicates();
    try (Stream<Path> files = Files.list(ledger)) {
      assertThat(files).allMatch(file -> file.toString().endsWith(".jsonl"));
    }
    assertThat(count(events, "SparkListenerTaskStart.*\"Speculative\":true"))
        .as("second attempts of slow tasks")
        .isPositive();
    assertThat(count(events, "SparkListenerExecutorRemoved.*[Dd]ecommission"))
        .as("executors taken out of service")
        .isPositive();
  }

  @Test
  @Order(3)
  void executorsThatEndAsTheyStartEndTheRunInWords() throws Exception {
    Path folder = Files.createDirectories(temporary.resolve("dying"));

    Launched run =
        Launched.run(
            folder,
            Cluster.ENVIRONMENT,
            arguments(
                folder,
                "first",
                "spark.intruders.resources.timeout=5s",
                "spark.executor.extraJavaOptions=-agentlib:none-of-this-name"));

    assertThat(run.exitCode()).as(String.join("\n", run.err())).isEqualTo(1);
    assertThat(run.err())
        .anyMatch(line -> line.startsWith("intruders: No executor has come within 0:05"));
  }

  @Test
  @Order(4)
  void aMasterThatDoesNotAnswerEndsTheRunInWords() throws Exception {
    Launched run = noMaster.await();

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .anyMatch(line -> line.startsWith("intruders: The cluster is gone, or was never there"))
        .noneMatch(line -> line.startsWith("\tat "));
  }

  /** The lines of all files in a folder whose names begin so. */
  private static List<String> lines(Path folder, String prefix) throws IOException {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.getFileName().toString().startsWith(prefix)) {
          lines.addAll(Files.readAllLines(file));
        }
      }
    }
    return lines;
  }

  /** How many events of a log match. */
  private static long count(Path events, String regex) throws IOException {
    return lines(events, "events_").stream().filter(Pattern.compile(regex).asPredicate()).count();
  }

  /** Runs a manifest over what is there. */
  private static Undisturbed undisturbed(Path folder, String manifest) throws Exception {
    Path out = folder.resolve("out");
    Map<String, List<String>> before = KilledRun.byFolder(out);
    Map<Path, Stamp> stamps = KilledRun.stamps(out);
    long begin = System.nanoTime();
    Launched run = Launched.run(folder, Cluster.ENVIRONMENT, arguments(folder, manifest));
    assertThat(run.exitCode()).as(String.join("\n", run.err())).isEqualTo(3);
    return new Undisturbed(
        before,
        KilledRun.byFolder(out),
        KilledRun.changes(out, stamps),
        (System.nanoTime() - begin) / 1_000_000);
  }

  private static String[] other(Undisturbed first) {
    String[] folders =
        first.after().keySet().stream()
            .filter(folder -> folder.endsWith("=other"))
            .toArray(String[]::new);
    assertThat(folders).hasSizeGreaterThan(3);
    return folders;
  }

  private static String[] arguments(Path folder, String manifest, String... settings)
      throws IOException {
    return onCluster(
        List.of(
            "run",
            "--manifest",
            temporary.resolve(manifest + ".yaml").toString(),
            "--include",
            "layers\\.0\\..*proj",
            "--out",
            folder.resolve("out").toString()),
        settings);
  }

  private static String[] onCluster(List<String> command, String... settings) throws IOException {
    List<String> arguments = new ArrayList<>(command);
    arguments.addAll(
        List.of(
            "--", "--master", cluster.url(), "--executor-memory", "1g", "--driver-memory", "1g"));
    List<String> all = new ArrayList<>(List.of("spark.ui.enabled=false"));
    all.addAll(Cluster.startExecutorsFast());
    all.addAll(List.of(settings));
    for (String setting : all) {
      arguments.addAll(List.of("--conf", setting));
    }
    return arguments.toArray(String[]::new);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
