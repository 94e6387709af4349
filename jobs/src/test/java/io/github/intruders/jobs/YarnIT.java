package io.github.intruders.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.YarnCluster.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The jar on YARN, all it reads and writes in HDFS, with the settings of {@code conf/yarn}, which
 * add to the cluster's own. How often a container is killed: {@code -Dkill.rounds=20}; rounds are
 * repeated by {@code -Dkill.seed=SEED}.
 */
@Tag("nightly")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class YarnIT {
  private static final String MANIFEST =
      """
      base: {id: base, uri: zoo/base}
      checkpoints:
        - {id: full, uri: zoo/full/1-python, sequence: s, step: 1, task: python}
        - {id: chain, adapters: [zoo/lora-r8/1-python, zoo/lora-r8/2-c], sequence: s, step: 2, task: c}
        - {id: missing, uri: zoo/nowhere, sequence: s, step: 3, task: c}
        - {id: other, uri: zoo/lora-r1/1-python}
      metrics: evals.csv
      """;

  private static final String METRICS =
      "checkpoint,metric,value\nbase,loss,1\nfull,loss,2\nchain,loss,3\nother,loss,5\n";

  private static final Path SETTINGS =
      Path.of(System.getProperty("launcher")).resolve("../../../conf/yarn/spark.conf").normalize();

  /** What saves a test's time: Java that starts fast, and no more of it than nodes. */
  private static final List<String> SHORT_RUNS =
      List.of(
          "spark.dynamicAllocation.maxExecutors=2",
          "spark.driver.extraJavaOptions=" + System.getProperty("short.jvm.options"),
          "spark.executor.extraJavaOptions=" + System.getProperty("short.jvm.options"));

  /** Who is killed, and where the driver runs meanwhile. */
  private enum Victim {
    EXECUTOR_OF_A_CLIENT("client", Container.EXECUTOR),
    EXECUTOR_OF_A_CLUSTER("cluster", Container.EXECUTOR),
    DRIVER("cluster", Container.DRIVER);

    private final String mode;
    private final Container container;

    Victim(String mode, Container container) {
      this.mode = mode;
      this.container = container;
    }
  }

  @TempDir private static Path temporary;
  private static YarnCluster cluster;

  /** The tables of a run without YARN and HDFS. */
  private static Map<String, List<String>> expected;

  /** Files in its output. */
  private static int written;

  @BeforeAll
  static void startTheCluster() throws Exception {
    Path inputs = Files.createDirectories(temporary.resolve("inputs"));
    Files.createSymbolicLink(inputs.resolve("zoo"), Path.of(System.getProperty("zoo")));
    Path manifest = Files.writeString(inputs.resolve("run.yaml"), MANIFEST);
    Path metrics = Files.writeString(inputs.resolve("evals.csv"), METRICS);
    Path unusable = Files.writeString(inputs.resolve("unusable.yaml"), "base: {id: base}\n");
    Path local = temporary.resolve("local");
    Launched here =
        Launched.run(
            temporary, "run", "--manifest", manifest.toString(), "--out", local.toString());
    assertThat(here.exitCode()).as(String.join("\n", here.err())).isEqualTo(3);
    expected = tables(local, Pattern.quote("file:" + inputs.toRealPath()));
    try (Stream<Path> files = Files.walk(local)) {
      written = (int) files.filter(Files::isRegularFile).count();
    }

    cluster = YarnCluster.start(Files.createDirectories(temporary.resolve("hadoop")));
    for (Path file : List.of(manifest, metrics, unusable, Path.of(System.getProperty("zoo")))) {
      cluster.put(file, "/models/" + file.getFileName());
    }
  }

  @AfterAll
  static void stopTheCluster() throws Exception {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  @Order(1)
  void aClientsRunGivesTheTablesOfThisMachineAndItsExitCode() throws Exception {
    Launched run = Launched.run(temporary, cluster.environment(), run("client", "calm"));

    assertThat(run.exitCode()).as(String.join("\n", run.err())).isEqualTo(3);
    assertThat(run.out()).anyMatch(line -> line.startsWith("Tables in hdfs:"));
    assertThat(run.err()).hasSizeLessThan(60);
    requireTables("calm");
  }

  @Test
  @Order(2)
  void inClusterModeTheDiagnosticsSayThatARunIsPartial() throws Exception {
    Launched run = Launched.run(temporary, cluster.environment(), run("cluster", "partial"));

    assertThat(run.exitCode()).as(String.join("\n", run.err())).isEqualTo(1);
    assertThat(run.err())
        .anyMatch(
            line ->
                line.contains("diagnostics")
                    && line.contains("Exit code 3: partial: something was left out"))
        .noneMatch(line -> line.contains("Shutdown hook called"));
    requireTables("partial");
  }

  /** There is no application yet to have diagnostics: YARN shows how the driver's log ends. */
  @Test
  @Order(3)
  void inClusterModeTheDiagnosticsSayWhatCanNotBeUsed() throws Exception {
    List<String> arguments = new ArrayList<>(List.of(run("cluster", "unusable")));
    arguments.replaceAll(argument -> argument.replace("run.yaml", "unusable.yaml"));

    Launched run = Launched.run(temporary, cluster.environment(), arguments.toArray(String[]::new));

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .anyMatch(
            line -> line.matches("Exit code 2: \\[hdfs:[^ ]+] line 1: Missing key 'uri' in base"));
  }

  @Test
  @Order(4)
  void whateverContainerIsKilledTheTablesAreTheSame() throws Exception {
    int rounds = Integer.getInteger("kill.rounds", Victim.values().length);
    long seed = Long.getLong("kill.seed", new SplittableRandom().nextInt(1_000_000));
    SplittableRandom random = new SplittableRandom(seed);
    int done = 0;
    for (int round = 0; done < rounds; round++) {
      assertThat(round).as("runs that end before anything is killed").isLessThan(3 * rounds);
      Victim victim = Victim.values()[done % Victim.values().length];
      String outcome = kill(victim, "round-" + round, random);
      System.out.printf("YARN, -Dkill.seed=%d, round %d: %s%n", seed, round, outcome);
      done += outcome.startsWith("killed") ? 1 : 0;
    }
  }

  @Test
  @Order(5)
  void aContainerOfMoreThanYarnGivesIsASettingToLower() throws Exception {
    Launched run =
        Launched.run(
            temporary, cluster.environment(), run("client", "large", "spark.executor.memory=12g"));

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().stream().filter(line -> !line.startsWith("WARNING: ")))
        .singleElement()
        .asString()
        .startsWith("intruders: YARN gives no container of more than 8192 MB: lower");
  }

  /** The heap is larger than the container, and touched from the start. */
  @Test
  @Order(6)
  void containersThatTakeMoreThanTheyAskedForAreKilledAndTheRunEndsInWords() throws Exception {
    Launched run =
        Launched.run(
            temporary,
            cluster.environment(),
            run(
                "client",
                "greedy",
                "spark.executor.memory=512m",
                "spark.executor.memoryOverhead=256m",
                "spark.executor.extraJavaOptions=-XX:+UseSerialGC -XX:MaxHeapSize=1500m -Xms1500m -XX:+AlwaysPreTouch",
                "spark.intruders.resources.timeout=20s"));

    assertThat(run.exitCode()).as(String.join("\n", run.err())).isEqualTo(1);
    assertThat(run.err())
        .anyMatch(line -> line.startsWith("intruders: No executor has come within 0:20"));
  }

  /** Runs and kills one container, at a random number of files that have been written. */
  private static String kill(Victim victim, String name, SplittableRandom random)
      throws IOException, InterruptedException {
    int files = random.nextInt(written * 3 / 4);
    Path folder = Files.createDirectories(temporary.resolve(name));
    List<String> command = new ArrayList<>(List.of(run(victim.mode, name)));
    command.add(1, "--allow-rejects");
    String[] arguments = command.toArray(String[]::new);
    Launched.Running running = Launched.start(folder, cluster.environment(), arguments);
    while (running.process().isAlive()
        && (cluster.count("/tables/" + name) < files
            || cluster.running(victim.container).isEmpty())) {
      Thread.sleep(50);
    }
    List<ProcessHandle> containers = cluster.running(victim.container);
    String when = "%s after %d files".formatted(victim, cluster.count("/tables/" + name));
    boolean killed =
        !containers.isEmpty()
            && containers.get(random.nextInt(containers.size())).destroyForcibly();
    Launched end = running.await();
    if (victim == Victim.DRIVER && killed) {
      assertThat(end.exitCode()).as(when + "\n" + String.join("\n", end.err())).isEqualTo(1);
      end = Launched.run(folder, cluster.environment(), arguments);
    }
    assertThat(end.exitCode()).as(when + "\n" + String.join("\n", end.err())).isZero();
    requireTables(name);
    return (killed ? "killed " : "over before ") + when;
  }

  private static String[] run(String mode, String name, String... settings) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "run",
                "--manifest",
                "hdfs:///models/run.yaml",
                "--out",
                "hdfs:///tables/" + name,
                "--",
                "--master",
                "yarn",
                "--deploy-mode",
                mode,
                "--load-spark-defaults",
                "--properties-file",
                SETTINGS.toString()));
    List<String> all = new ArrayList<>(SHORT_RUNS);
    all.addAll(List.of(settings));
    for (String setting : all) {
      arguments.addAll(List.of("--conf", setting));
    }
    return arguments.toArray(String[]::new);
  }

  private static void requireTables(String name) throws IOException {
    Path copy = temporary.resolve("tables-" + name);
    cluster.get("/tables/" + name, copy);
    Map<String, List<String>> tables = tables(copy, "hdfs:(//[^/]+)?/models");
    assertThat(tables.keySet()).as(name).isEqualTo(expected.keySet()).hasSizeGreaterThan(8);
    expected.forEach((table, rows) -> assertThat(tables.get(table)).as(table).isEqualTo(rows));
    assertThat(cluster.names("/tables/" + name)).contains("_summary.json", "report");
  }

  /** All tables; where inputs lie is as good as another place. */
  private static Map<String, List<String>> tables(Path out, String inputs) throws IOException {
    Pattern place = Pattern.compile(inputs);
    UnaryOperator<String> elsewhere = row -> place.matcher(row).replaceAll("INPUTS");
    Map<String, List<String>> tables = new TreeMap<>();
    for (Map.Entry<String, List<String>> table : TableRows.in(out).entrySet()) {
      tables.put(table.getKey(), table.getValue().stream().map(elsewhere).sorted().toList());
    }
    return tables;
  }
}
