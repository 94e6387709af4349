package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What is finished is not computed again, neither by a nightly run nor by one that was killed. */
@ExtendWith(LocalMaster.class)
class IncrementalRunTest {
  @TempDir private static Path temporary;

  @Test
  void anAddedCheckpointIsComputedAlone() throws Exception {
    Path out = temporary.resolve("nightly");
    run(out, "lora-r1/1-python");
    Map<Path, FileTime> first = ledger(out);

    run(out, "lora-r1/1-python", "lora-r1/2-c");

    Map<Path, FileTime> second = ledger(out);
    assertThat(first).hasSize(7);
    assertThat(second).hasSize(14).containsAllEntriesOf(first);
    assertThat(rows(out, "lora-r1/1-python")).isEqualTo(7);
    assertThat(rows(out, "lora-r1/2-c")).isEqualTo(7);
  }

  @Test
  void aRunThatLostItsTablesAndHalfItsWorkComputesTheOtherHalf() throws Exception {
    Path out = temporary.resolve("killed");
    run(out, "lora-r8/1-python");
    Map<Path, FileTime> whole = ledger(out);
    List<Path> kept = List.copyOf(whole.keySet()).subList(0, 4);
    for (Path entry : whole.keySet()) {
      if (!kept.contains(entry)) {
        Files.delete(entry);
      }
    }

    run(out, "lora-r8/1-python");

    Map<Path, FileTime> after = ledger(out);
    assertThat(after).hasSameSizeAs(whole);
    kept.forEach(entry -> assertThat(after.get(entry)).isEqualTo(whole.get(entry)));
    assertThat(rows(out, "lora-r8/1-python")).isEqualTo(7);
  }

  @Test
  void anotherDefinitionIsNeverAnsweredFromOldWork() throws Exception {
    Path out = temporary.resolve("settings");
    run(out, "lora-r1/1-python");
    Map<Path, FileTime> first = ledger(out);

    Main.run(args(out, List.of("lora-r1/1-python"), "--top-k", "5"));

    assertThat(ledger(out)).hasSize(2 * first.size());
    assertThat(rows(out, "lora-r1/1-python")).isEqualTo(7);
    assertThat(session().read().parquet(out.resolve("singular_vectors").toString()).count())
        .isEqualTo(7 * 5);
  }

  private static void run(Path out, String... checkpoints) throws IOException {
    assertThat(Main.run(args(out, List.of(checkpoints)))).isZero();
  }

  private static String[] args(Path out, List<String> checkpoints, String... more)
      throws IOException {
    String zoo = System.getProperty("zoo");
    StringBuilder manifest =
        new StringBuilder("base: {id: base, uri: %s/base}%ncheckpoints:%n".formatted(zoo));
    for (String checkpoint : checkpoints) {
      manifest.append("  - {id: %1$s, uri: %2$s/%1$s}%n".formatted(checkpoint, zoo));
    }
    Path file = Files.writeString(temporary.resolve(out.getFileName() + ".yaml"), manifest);
    return Stream.concat(
            Stream.of(
                "run",
                "--manifest",
                file.toString(),
                "--out",
                out.toString(),
                "--include",
                "layers\\.0\\..*proj"),
            Stream.of(more))
        .toArray(String[]::new);
  }

  /** The ledger's files and when they were written. */
  private static Map<Path, FileTime> ledger(Path out) throws IOException {
    Map<Path, FileTime> files = new TreeMap<>();
    try (Stream<Path> paths = Files.list(out.resolve("_work/scan"))) {
      for (Path path : paths.toList()) {
        files.put(path, Files.getLastModifiedTime(path));
      }
    }
    return files;
  }

  private static long rows(Path out, String checkpoint) {
    return session()
        .read()
        .parquet(out.resolve("matrices").toString())
        .where("checkpoint_id = '" + checkpoint + "'")
        .count();
  }

  private static SparkSession session() {
    return SparkSession.builder().master("local[2]").getOrCreate();
  }
}
