package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.results.SyntheticFleet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileUtil;
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
    List<FileTime> tables = writtenAt(out, "lora-r1%2F1-python");
    Files.writeString(
        out.resolve("_work/scan/earlier-version.jsonl"),
        "{\"key\":\"0\",\"checkpoint_id\":\"lora-r1/1-python\"}\n");

    run(out, "lora-r1/1-python", "lora-r1/2-c");

    Map<Path, FileTime> second = ledger(out);
    assertThat(first).as("one part for each checkpoint").hasSize(1);
    assertThat(second).hasSize(2).containsAllEntriesOf(first);
    assertThat(out.resolve("_work/damaged")).doesNotExist();
    assertThat(rows(out, "lora-r1/1-python")).isEqualTo(7);
    assertThat(rows(out, "lora-r1/2-c")).isEqualTo(7);
    assertThat(writtenAt(out, "lora-r1%2F1-python"))
        .as("rows that have not changed stay")
        .hasSize(4)
        .isEqualTo(tables);
  }

  @Test
  void rowsThatSomebodyDroppedOrChangedAreWrittenAgain() throws Exception {
    Path out = temporary.resolve("dropped");
    run(out, "lora-r1/1-python", "lora-r8/1-python");
    Map<String, List<String>> before = TableRows.in(out);
    FileUtil.fullyDelete(out.resolve("matrices/checkpoint_id=lora-r1%2F1-python").toFile());
    Path vectors = out.resolve("singular_vectors");
    Files.copy(
        file(vectors.resolve("checkpoint_id=lora-r8%2F1-python")),
        file(vectors.resolve("checkpoint_id=lora-r1%2F1-python")),
        StandardCopyOption.REPLACE_EXISTING);

    run(out, "lora-r1/1-python", "lora-r8/1-python");

    assertThat(TableRows.in(out)).isEqualTo(before);
  }

  /** The rows are changed too: a note that is believed would leave them so. */
  @Test
  void damagedNotesOfWhatWasPublishedAreNotBelieved() throws Exception {
    Path out = temporary.resolve("notes");
    String[] checkpoints = {"lora-r1/1-python", "lora-r8/1-python"};
    run(out, checkpoints);
    Map<String, List<String>> before = TableRows.in(out);
    Path notes = out.resolve("_work/published");
    List<Path> whole = new ArrayList<>();
    try (Stream<Path> files = Files.list(notes)) {
      files.filter(file -> file.toString().endsWith(".json")).sorted().forEach(whole::add);
    }
    assertThat(whole).hasSizeGreaterThanOrEqualTo(4);
    byte[] first = Files.readAllBytes(whole.get(0));
    byte[] second = Files.readAllBytes(whole.get(1));
    byte[] third = Files.readAllBytes(whole.get(2));
    Files.write(whole.get(0), second);
    Files.write(whole.get(1), first);
    Files.write(whole.get(2), Arrays.copyOf(third, third.length / 2));
    Files.write(whole.get(3), new byte[0]);
    for (Path note : whole.subList(0, 4)) {
      Path table = out.resolve(note.getFileName().toString().replace(".json", ""));
      Files.copy(
          file(table.resolve("checkpoint_id=lora-r8%2F1-python")),
          file(table.resolve("checkpoint_id=lora-r1%2F1-python")),
          StandardCopyOption.REPLACE_EXISTING);
    }

    run(out, checkpoints);

    assertThat(TableRows.in(out)).isEqualTo(before);
    byte[] flipped = Files.readAllBytes(whole.get(0));
    flipped[flipped.length / 2] ^= 0x01;
    Files.write(whole.get(0), flipped);
    run(out, checkpoints);
    assertThat(TableRows.in(out)).isEqualTo(before);
  }

  @Test
  void aRunThatLostItsTablesAndHalfItsWorkComputesTheOtherHalf() throws Exception {
    Path out = temporary.resolve("killed");
    run(out, "lora-r8/1-python");
    Map<String, List<String>> before = TableRows.in(out);
    Path part = ledger(out).keySet().iterator().next();
    List<String> lines = Files.readAllLines(part);
    assertThat(lines).hasSize(7);
    Files.delete(part);
    List<String> kept = lines.subList(0, 4);
    for (int i = 0; i < kept.size(); i++) { // as tasks leave them
      Files.writeString(part.resolveSibling("task%d.jsonl".formatted(i)), kept.get(i) + "\n");
    }
    for (String table : before.keySet()) {
      FileUtil.fullyDelete(out.resolve(table).toFile());
    }

    run(out, "lora-r8/1-python");

    assertThat(ledger(out).keySet()).containsExactly(part);
    assertThat(Files.readAllLines(part)).hasSize(7).containsAll(kept);
    assertThat(TableRows.in(out)).isEqualTo(before);
  }

  /** Each way in which a file can come to hold something else than what was written. */
  enum Damage {
    CUT {
      @Override
      byte[] of(byte[] bytes) {
        return Arrays.copyOf(bytes, bytes.length / 2);
      }
    },
    CUT_BETWEEN_LINES {
      @Override
      byte[] of(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.US_ASCII);
        return Arrays.copyOf(bytes, text.indexOf('\n') + 1);
      }
    },
    EMPTIED {
      @Override
      byte[] of(byte[] bytes) {
        return new byte[0];
      }
    },
    FLIPPED {
      @Override
      byte[] of(byte[] bytes) {
        byte[] flipped = bytes.clone();
        int digit = new String(bytes, StandardCharsets.US_ASCII).indexOf("intruder_count") + 16;
        flipped[digit] = (byte) (flipped[digit] == '1' ? '2' : '1');
        return flipped;
      }
    },
    GARBAGE {
      @Override
      byte[] of(byte[] bytes) {
        return "{\"key\": \u0000 not an entry\n".getBytes(StandardCharsets.UTF_8);
      }
    };

    abstract byte[] of(byte[] bytes);
  }

  /**
   * The matrix that can't be read is tried by every run, and twice by one that finds the damage
   * when it brings the results together.
   */
  @Test
  void aDamagedLedgerIsSetAsideAndComputedAgainAndWhatIsRejectedIsToldOnce() throws Exception {
    Path out = temporary.resolve("damaged");
    String[] arguments = args(out, List.of("lora-r1/1-python", "lora-r8/1-python"));
    Path broken = temporary.resolve("broken/model.safetensors");
    Files.createDirectories(broken.getParent());
    SafetensorsParts.read(Path.of(System.getProperty("zoo"), "full/1-python", "model.safetensors"))
        .overwrite(
            "model.layers.0.self_attn.q_proj.weight", 0, new byte[] {(byte) 0xc0, (byte) 0x7f})
        .write(broken, name -> true);
    Files.writeString(
        temporary.resolve("damaged.yaml"),
        "  - {id: broken, uri: %s}%n".formatted(broken.getParent()),
        StandardOpenOption.APPEND);
    assertThat(Main.run(arguments)).isEqualTo(3);
    Map<String, List<String>> before = TableRows.in(out);
    assertThat(before.get("rejects")).hasSize(1);
    Path part = part(out, "lora-r8/1-python");
    byte[] whole = Files.readAllBytes(part);

    Path other = part(out, "lora-r1/1-python");
    byte[] others = Files.readAllBytes(other);
    Files.write(part, others);
    Files.write(other, whole);
    assertThat(Main.run(arguments)).as("exchanged").isEqualTo(3);
    assertThat(TableRows.in(out)).as("exchanged").isEqualTo(before);
    assertThat(ledger(out)).as("exchanged").hasSize(3).containsKeys(part, other);

    for (Damage damage : Damage.values()) {
      byte[] damaged = damage.of(whole);
      Files.write(part, damaged);

      assertThat(Main.run(arguments)).as("%s", damage).isEqualTo(3);

      assertThat(TableRows.in(out)).as("%s", damage).isEqualTo(before);
      assertThat(ledger(out)).as("%s", damage).hasSize(3).containsKey(part);
      if (damage != Damage.EMPTIED) {
        assertThat(out.resolve("_work/damaged").resolve(part.getFileName()))
            .as("%s", damage)
            .hasBinaryContent(damaged);
      }
    }
  }

  /** The other file has the length and the time of the first, as rsync and cp may make it. */
  @Test
  void anInputThatIsReplacedDuringTheScanIsNeverMixedAndCountsAgainOnceItIsRestored()
      throws Exception {
    Path adapter = Files.createDirectories(temporary.resolve("swapped"));
    Path zoo = Path.of(System.getProperty("zoo"), "lora-r8");
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(zoo.resolve("1-python").resolve(file), adapter.resolve(file));
    }
    Path weights = adapter.resolve("adapter_model.safetensors");
    Path kept = Files.copy(weights, temporary.resolve("kept"), StandardCopyOption.COPY_ATTRIBUTES);
    Path lone = temporary.resolve("lone");
    assertThat(Main.run(swapped(lone, adapter))).isZero();
    Map<String, List<String>> expected = TableRows.in(lone);
    assertThat(expected.get("matrices")).hasSize(7);

    Path out = temporary.resolve("replaced");
    SwappedFiles.before(
        8, // some matrices are done
        weights.toString(),
        () -> {
          Path other = temporary.resolve("other");
          Files.copy(zoo.resolve("2-c/adapter_model.safetensors"), other);
          Files.setLastModifiedTime(other, Files.getLastModifiedTime(weights));
          Files.move(other, weights, StandardCopyOption.REPLACE_EXISTING);
        });
    assertThat(Main.run(swapped(out, adapter))).isEqualTo(3);

    Map<String, List<String>> replaced = TableRows.in(out);
    assertThat(replaced.get("rejects")).isNotEmpty().allMatch(row -> row.contains("INPUT_CHANGED"));
    int analysed = replaced.getOrDefault("matrices", List.of()).size();
    assertThat(analysed + replaced.get("rejects").size()).isEqualTo(7);
    if (analysed > 0) {
      assertThat(expected.get("matrices")).containsAll(replaced.get("matrices"));
    }

    Files.move(kept, weights, StandardCopyOption.REPLACE_EXISTING);
    assertThat(Main.run(swapped(out, adapter))).isZero();

    assertThat(TableRows.in(out)).isEqualTo(expected);
  }

  private static String[] swapped(Path out, Path adapter) throws IOException {
    String[] arguments = args(out, List.of());
    Files.writeString(
        temporary.resolve(out.getFileName() + ".yaml"),
        "  - {id: swapped, uri: 'swap:%s'}%n".formatted(adapter),
        StandardOpenOption.APPEND);
    return arguments;
  }

  @Test
  void aDryRunLeavesADamagedLedgerToTheRunAfterIt() throws Exception {
    Path out = temporary.resolve("dry");
    run(out, "lora-r1/1-python");
    Path damaged = Files.writeString(out.resolve("_work/scan/task.jsonl"), "not an entry\n");

    assertThat(Main.run(args(out, List.of("lora-r1/1-python", "lora-r1/2-c"), "--dry-run")))
        .isZero();

    assertThat(damaged).hasContent("not an entry\n");
    assertThat(out.resolve("_work/damaged")).doesNotExist();
    run(out, "lora-r1/1-python", "lora-r1/2-c");
    assertThat(out.resolve("_work/damaged/task.jsonl")).hasContent("not an entry\n");
    assertThat(ledger(out)).hasSize(2);
  }

  /** The file of the ledger that holds a checkpoint. */
  private static Path part(Path out, String checkpoint) throws IOException {
    for (Path file : ledger(out).keySet()) {
      if (Files.readString(file).contains("\"checkpoint_id\":\"" + checkpoint + "\"")) {
        return file;
      }
    }
    throw new AssertionError("No file of the ledger holds " + checkpoint);
  }

  @Test
  void anotherDefinitionIsNeverAnsweredFromOldWork() throws Exception {
    Path out = temporary.resolve("settings");
    run(out, "lora-r1/1-python");
    Map<Path, FileTime> first = ledger(out);

    Main.run(args(out, List.of("lora-r1/1-python"), "--top-k", "5"));

    assertThat(ledger(out)).hasSize(2 * first.size());
    assertThat(rows(out, "lora-r1/1-python")).isEqualTo(7);
    assertThat(TableRows.of(out.resolve("singular_vectors"))).hasSize(7 * 5);
  }

  @Test
  void aRunThatIsContinuedByAnotherRouteKeepsWhatIsFinished() throws Exception {
    Path out = temporary.resolve("routes");
    List<String> both = List.of("lora-r1/1-python", "lora-r1/2-c");
    String[] k = {"--top-k", "4", "--solver"}; // few enough for bounds on so small a matrix
    assertThat(Main.run(args(out, both.subList(0, 1), k[0], k[1], k[2], "stored"))).isZero();
    Map<Path, FileTime> first = ledger(out);
    List<FileTime> tables = writtenAt(out, "lora-r1%2F1-python");

    assertThat(Main.run(args(out, both, k[0], k[1], k[2], "krylov"))).isZero();

    Map<Path, FileTime> second = ledger(out);
    assertThat(second).hasSize(2).containsAllEntriesOf(first);
    assertThat(writtenAt(out, "lora-r1%2F1-python")).isEqualTo(tables);
    assertThat(TableRows.of(out.resolve("matrices/checkpoint_id=lora-r1%2F1-python")))
        .hasSize(7)
        .noneMatch(row -> row.contains(" solver: krylov "));
    assertThat(TableRows.of(out.resolve("matrices/checkpoint_id=lora-r1%2F2-c")))
        .hasSize(7)
        .anyMatch(row -> row.contains(" solver: krylov "));

    assertThat(Main.run(args(out, both, k[0], k[1]))).isZero();
    assertThat(ledger(out)).isEqualTo(second);
    assertThat(Main.run(args(out, both, k[0], k[1], k[2], "exact"))).isZero();
    assertThat(ledger(out)).as("the published algorithm shares no rows").hasSize(4);
  }

  /** What is said of large runs is measured with such fleets. */
  @Test
  void ofAMadeUpFleetNothingIsScanned() throws Exception {
    Path folder = temporary.resolve("fleet");
    SyntheticFleet.main(new String[] {folder.toString(), "3", "4", "2"});
    Path out = folder.resolve("out");

    Outcome run =
        Outcome.of("run", "--manifest", folder.resolve("fleet.yaml").toString(), "--out", "" + out);

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(TableRows.of(out.resolve("matrices")))
        .hasSize(3 * 4)
        .as("made up: matrices that small are decomposed")
        .allMatch(row -> row.contains(" solver: low-rank "));
    assertThat(TableRows.of(out.resolve("accumulation"))).hasSize(2);
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
      for (Path path : paths.filter(file -> file.toString().endsWith(".jsonl")).toList()) {
        files.put(path, Files.getLastModifiedTime(path));
      }
    }
    return files;
  }

  /** The one file of a folder that readers see. */
  private static Path file(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(one -> one.toString().endsWith(".parquet")).findFirst().orElseThrow();
    }
  }

  /** When the files of a checkpoint in all tables were written. */
  private static List<FileTime> writtenAt(Path out, String checkpoint) throws IOException {
    List<FileTime> times = new ArrayList<>();
    for (String table : List.of("checkpoints", "matrices", "singular_vectors", "similarity")) {
      Path folder = out.resolve(table).resolve("checkpoint_id=" + checkpoint);
      times.add(Files.getLastModifiedTime(file(folder)));
    }
    return times;
  }

  private static int rows(Path out, String checkpoint) throws IOException {
    String partition = "checkpoint_id=" + checkpoint.replace("/", "%2F");
    return TableRows.of(out.resolve("matrices").resolve(partition)).size();
  }
}
