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
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The jar on a cluster, in good and in bad times. How often something is killed: {@code
 * -Dkill.rounds=20}; a round is repeated by {@code -Dkill.seed=SEED -Dkill.from=ROUND
 * -Dkill.rounds=1}, with what a failure names.
 */
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
  private static SparkSession spark;

  @BeforeAll
  static void startTheCluster() throws Exception {
    String zoo = System.getProperty("zoo");
    Files.writeString(temporary.resolve("first.yaml"), FIRST.formatted(zoo));
    Files.writeString(temporary.resolve("first.csv"), METRICS.formatted("other"));
    Files.writeString(temporary.resolve("nightly.yaml"), NIGHTLY.formatted(zoo));
    Files.writeString(temporary.resolve("nightly.csv"), METRICS.formatted("new"));
    cluster = Cluster.start(temporary);
    spark =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
            .getOrCreate();
  }

  @AfterAll
  static void stopTheCluster() throws Exception {
    spark.stop();
    cluster.close();
  }

  @BeforeEach
  void allIsWell() throws Exception {
    cluster.repair();
  }

  @Test
  void whateverIsKilledTheTablesAreThoseOfAnUndisturbedRun() throws Exception {
    int rounds = Integer.getInteger("kill.rounds", VICTIMS.size());
    long seed = Long.getLong("kill.seed", new Random().nextInt(1_000_000));
    int from = Integer.getInteger("kill.from", 0);
    Path calm = Files.createDirectories(temporary.resolve("calm"));
    Undisturbed first = undisturbed(calm, "first");
    Path evening = temporary.resolve("evening");
    copy(calm.resolve("out"), evening);
    Undisturbed nightly = undisturbed(calm, "nightly");
    assertThat(nightly.before()).isEqualTo(first.after());
    assertThat(nightly.after()).isNotEqualTo(first.after()).containsKeys(other(first));

    Map<String, Integer> kills = new TreeMap<>();
    int done = 0;
    for (int round = from; done < rounds; round++) {
      String name = "-Dkill.seed=%d -Dkill.from=%d -Dkill.rounds=1".formatted(seed, round);
      Random random = new Random(seed * 1000 + round);
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
              spark,
              random,
              victim,
              folder,
              atNight ? nightly : first,
              arguments(folder, atNight ? "nightly" : "first"));
      String outcome;
      try {
        outcome = run.carryOut();
      } catch (AssertionError | IOException e) {
        throw new AssertionError("Round failed, repeat it with " + name, e);
      }
      System.out.printf(
          "%s, %s run: %s%n", name, atNight ? "nightly" : "first", outcome);
      if (outcome != null) {
        kills.merge(outcome.substring(0, outcome.indexOf(" killed")), 1, Integer::sum);
        done++;
      }
      delete(folder);
    }
    System.out.printf("%d rounds of seed %d: %s%n", rounds, seed, kills);
  }

  /** Runs a manifest over what is there. */
  private static Undisturbed undisturbed(Path folder, String manifest) throws Exception {
    Path out = folder.resolve("out");
    Map<String, List<String>> before = KilledRun.byFolder(spark, out);
    Map<Path, Stamp> stamps = KilledRun.stamps(out);
    long begin = System.nanoTime();
    Launched run = Launched.run(folder, Cluster.ENVIRONMENT, arguments(folder, manifest));
    assertThat(run.exitCode()).as(String.join("\n", run.err())).isEqualTo(3);
    return new Undisturbed(
        before,
        KilledRun.byFolder(spark, out),
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

  private static String[] arguments(Path folder, String manifest) {
    return onCluster(
        List.of(
            "run",
            "--manifest",
            temporary.resolve(manifest + ".yaml").toString(),
            "--include",
            "layers\\.[01]\\..*proj",
            "--out",
            folder.resolve("out").toString()));
  }

  private static String[] onCluster(List<String> command, String... settings) {
    List<String> arguments = new ArrayList<>(command);
    arguments.addAll(
        List.of("--", "--master", cluster.url(), "--executor-memory", "1g", "--driver-memory", "1g"));
    for (String setting : settings) {
      arguments.addAll(List.of("--conf", setting));
    }
    return arguments.toArray(String[]::new);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(
            file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
