package io.github.intruders.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One run on a cluster, of which something is killed at a random moment, and what has to hold at
 * that moment and at the end.
 */
final class KilledRun {
  /** What is killed. */
  enum Victim {
    EXECUTOR,
    WORKER,
    DRIVER
  }

  /** How long a task's end takes to reach the driver, at most. */
  private static final long REPORTED_MILLIS = 2000;

  private final Cluster cluster;
  private final SplittableRandom random;
  private final Victim victim;
  private final Path folder;
  private final Path out;
  private final String[] arguments;
  private final Undisturbed undisturbed;

  /**
   * The same run when nothing is killed.
   *
   * @param before the tables it finds, see {@link #byFolder}; empty for a first run
   * @param after the tables it leaves
   * @param changes how many files it writes
   * @param millis how long it takes
   */
  record Undisturbed(
      Map<String, List<String>> before,
      Map<String, List<String>> after,
      int changes,
      long millis) {}

  /**
   * A run.
   *
   * @param folder for what it prints; its output goes to {@code out} in it
   */
  KilledRun(
      Cluster cluster,
      SplittableRandom random,
      Victim victim,
      Path folder,
      Undisturbed undisturbed,
      String... arguments) {
    this.cluster = cluster;
    this.random = random;
    this.victim = victim;
    this.folder = folder;
    this.out = folder.resolve("out");
    this.undisturbed = undisturbed;
    this.arguments = arguments;
  }

  /**
   * Runs and kills.
   *
   * @return what happened, in words; null if the run was over before anything could be killed
   */
  String carryOut() throws IOException, InterruptedException {
    Map<Path, Stamp> start = stamps();
    Launched.Running running = Launched.start(folder, Cluster.ENVIRONMENT, arguments);
    long begin = System.nanoTime();
    awaitMoment(running, start, begin);
    if (!running.process().isAlive()) {
      running.await();
      return null;
    }
    Map<String, Long> ledger = ledger();
    long killed = System.currentTimeMillis();
    String what = kill(running);
    if (what == null) {
      running.await();
      return null;
    }
    String when =
        String.format(
            Locale.ROOT,
            "%s killed after %.1f s, %s",
            what,
            (System.nanoTime() - begin) / 1e9,
            phase(start));
    if (victim == Victim.DRIVER) {
      // The executors of a dead driver may still finish what they are at.
      requireOldOrNewRows(when);
      running = Launched.start(folder, Cluster.ENVIRONMENT, arguments);
    }
    Launched end = running.await();
    assertThat(end.exitCode()).as(when + "\n" + String.join("\n", end.err())).isEqualTo(3);
    assertThat(byFolder(out)).as(when).isEqualTo(undisturbed.after());
    assertThat(out.resolve("report/index.html")).as(when).exists();
    assertThat(out.resolve("_summary.json")).as(when).exists();
    requireNothingElse(when);
    long known = victim == Victim.DRIVER ? Long.MAX_VALUE : killed - REPORTED_MILLIS;
    Map<String, Long> kept = new TreeMap<>(ledger);
    kept.values().removeIf(written -> written >= known);
    assertThat(ledger().keySet()).as("%s: finished work stays", when).containsAll(kept.keySet());
    return "%s; %d finished matrices kept".formatted(when, kept.size());
  }

  /** A random time, or a random number of files that are written and a little more. */
  private void awaitMoment(Launched.Running running, Map<Path, Stamp> start, long begin)
      throws IOException, InterruptedException {
    boolean byTime = random.nextBoolean();
    long millis = (long) (random.nextDouble() * undisturbed.millis());
    int changes = 1 + random.nextInt(undisturbed.changes());
    long more = random.nextInt(150);
    while (running.process().isAlive()
        && (byTime
            ? System.nanoTime() - begin < millis * 1_000_000
            : changed(start).size() < changes)) {
      Thread.sleep(20);
    }
    if (!byTime) {
      Thread.sleep(more);
    }
    while (victim == Victim.EXECUTOR
        && running.process().isAlive()
        && cluster.executors().isEmpty()) {
      Thread.sleep(20);
    }
  }

  private String kill(Launched.Running running) throws IOException, InterruptedException {
    switch (victim) {
      case EXECUTOR -> {
        List<ProcessHandle> executors = cluster.executors();
        if (executors.isEmpty()
            || !executors.get(random.nextInt(executors.size())).destroyForcibly()) {
          return null;
        }
        return "executor";
      }
      case WORKER -> {
        int index = random.nextInt(Cluster.WORKERS);
        cluster.worker(index).destroyForcibly().waitFor();
        if (random.nextBoolean()) {
          return "worker";
        }
        Thread.sleep(random.nextInt(1000));
        cluster.startWorker(index);
        return "worker that comes back";
      }
      default -> {
        running.kill();
        return "driver";
      }
    }
  }

  /**
   * Nothing is lost and nothing is doubled at any moment: each folder is the old one or the new. A
   * run writes rejects twice: those of the scan, then those of the accumulation beside them.
   */
  private void requireOldOrNewRows(String when) throws IOException {
    requireNothingElse(when);
    Map<String, List<String>> seen = byFolder(out);
    Map<String, List<String>> before = undisturbed.before();
    Map<String, List<String>> after = undisturbed.after();
    seen.forEach(
        (name, rows) -> {
          if (name.startsWith("rejects/") && after.containsKey(name)) {
            assertThat(after.get(name)).as("%s: %s", when, name).containsAll(rows);
            assertThat(rows).as("%s: %s", when, name).doesNotHaveDuplicates();
          } else {
            assertThat(rows).as("%s: %s", when, name).isIn(before.get(name), after.get(name));
          }
        });
    Set<String> stay = new HashSet<>(before.keySet());
    stay.retainAll(after.keySet());
    assertThat(seen.keySet()).as(when).containsAll(stay);
  }

  /** Whoever reads all files below a table's folder finds its rows alone. */
  private void requireNothingElse(String when) throws IOException {
    if (!Files.isDirectory(out)) {
      return;
    }
    for (Path table : TableRows.folders(out)) {
      try (Stream<Path> files = Files.walk(table)) {
        assertThat(files.filter(Files::isRegularFile).map(table::relativize).map(Path::toString))
            .as(when)
            .allMatch(
                file -> file.matches("\\w+=[^/]+/part-[0-9a-f-]{36}[.-]c000\\.snappy\\.parquet"));
      }
    }
  }

  /** The rows of each folder, by the table's name and the value of what it is partitioned by. */
  static Map<String, List<String>> byFolder(Path out) throws IOException {
    Map<String, List<String>> folders = new TreeMap<>();
    if (!Files.isDirectory(out)) {
      return folders;
    }
    for (Path table : TableRows.folders(out)) {
      try (Stream<Path> parts = Files.list(table)) {
        for (Path part : parts.filter(KilledRun::hasFiles).toList()) {
          folders.put(out.relativize(part).toString(), TableRows.of(part));
        }
      }
    }
    return folders;
  }

  private static boolean hasFiles(Path folder) {
    String[] names = folder.toFile().list();
    return names != null && names.length > 0;
  }

  private String phase(Map<Path, Stamp> start) throws IOException {
    Set<Path> changed = changed(start);
    long tables = changed.stream().filter(path -> path.toString().endsWith(".parquet")).count();
    if (changed.contains(out.resolve("_summary.json"))) {
      return "report";
    }
    if (tables > 0) {
      return "tables (%d files)".formatted(tables);
    }
    long ledger = changed.stream().filter(path -> path.toString().contains("_work/scan/")).count();
    return ledger > 0 ? "scan (%d tasks done)".formatted(ledger) : "before the scan";
  }

  private Set<Path> changed(Map<Path, Stamp> start) throws IOException {
    Map<Path, Stamp> now = stamps();
    now.entrySet().removeAll(start.entrySet());
    return now.keySet();
  }

  /** How many files a run has written. */
  static int changes(Path out, Map<Path, Stamp> start) throws IOException {
    Map<Path, Stamp> now = stamps(out);
    now.entrySet().removeAll(start.entrySet());
    return now.size();
  }

  private Map<Path, Stamp> stamps() throws IOException {
    return stamps(out);
  }

  /** A file as it is: a new one under the same name has another stamp. */
  record Stamp(long modifiedMillis, Object inode) {}

  /** All files that are in their places. */
  static Map<Path, Stamp> stamps(Path out) throws IOException {
    Map<Path, Stamp> stamps = new HashMap<>();
    if (!Files.isDirectory(out)) {
      return stamps;
    }
    Files.walkFileTree(
        out,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!file.getFileName().toString().startsWith(".")
                && !file.toString().contains("_work/staging")) {
              stamps.put(
                  file, new Stamp(attributes.lastModifiedTime().toMillis(), attributes.fileKey()));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // it got another name meanwhile
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
    return stamps;
  }

  /**
   * The ledger's entries, and when the file was written that holds them. An entry tells how long it
   * took, so that one which was computed again is another text.
   */
  private Map<String, Long> ledger() throws IOException {
    Path scan = out.resolve("_work/scan");
    Map<String, Long> entries = new TreeMap<>();
    for (Map.Entry<Path, Stamp> file : stamps().entrySet()) {
      if (file.getKey().startsWith(scan) && file.getKey().toString().endsWith(".jsonl")) {
        try {
          Files.readAllLines(file.getKey())
              .forEach(line -> entries.put(line, file.getValue().modifiedMillis()));
        } catch (NoSuchFileException e) {
          return ledger(); // it has gone into a part
        }
      }
    }
    return entries;
  }
}
