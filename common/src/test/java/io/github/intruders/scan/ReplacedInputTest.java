package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.checkpoint.InterferingStorage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Inputs that become others between the plan and the last read. */
class ReplacedInputTest {
  private static final Path ZOO = Path.of(System.getProperty("zoo"));
  private static final String FOUR = "layers\\.0\\.self_attn\\.";

  /** Ways in which another file takes a file's place. */
  enum Replacement {
    OTHER_LENGTH {
      @Override
      void of(Path file, Path other) throws IOException {
        Path longer = Files.copy(other, file.resolveSibling("longer"));
        Files.write(longer, new byte[8], StandardOpenOption.APPEND);
        Files.move(longer, file, StandardCopyOption.REPLACE_EXISTING);
      }
    },
    OTHER_TIME {
      @Override
      void of(Path file, Path other) throws IOException {
        FileTime time = Files.getLastModifiedTime(file);
        move(file, other, FileTime.fromMillis(time.toMillis() + 1));
      }
    },
    SAME_LENGTH_AND_TIME {
      @Override
      void of(Path file, Path other) throws IOException {
        move(file, other, Files.getLastModifiedTime(file));
      }
    },
    IN_PLACE {
      @Override
      void of(Path file, Path other) throws IOException {
        FileTime time = Files.getLastModifiedTime(file);
        Files.write(file, Files.readAllBytes(other));
        Files.setLastModifiedTime(file, time);
      }
    },
    GONE {
      @Override
      void of(Path file, Path other) throws IOException {
        Files.delete(file);
      }
    };

    abstract void of(Path file, Path other) throws IOException;

    static void move(Path file, Path other, FileTime time) throws IOException {
      Path copy = Files.copy(other, file.resolveSibling("copy"));
      Files.setLastModifiedTime(copy, time);
      Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @TempDir private Path folder;
  private final InterferingStorage storage =
      new InterferingStorage(new HadoopStorage(new Configuration()));

  @BeforeEach
  void copyTheInputs() throws IOException {
    for (String model : List.of("base", "full/1-python", "lora-r8/1-python", "lora-r8/2-c")) {
      Path copy = Files.createDirectories(folder.resolve(model));
      try (Stream<Path> files = Files.list(ZOO.resolve(model))) {
        for (Path file : files.toList()) {
          Files.copy(file, copy.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  private BasePlan base() throws IOException {
    return BasePlan.of(
        storage, "base", folder.resolve("base").toString(), MatrixSelection.of(FOUR, null));
  }

  private CheckpointPlan plan(BasePlan base, String... sources) throws IOException {
    List<String> uris =
        Stream.of(sources).map(source -> folder.resolve(source).toString()).toList();
    return new Planner(storage, base)
        .plan(new CheckpointSpec("t", uris, null, null, null, Map.of()));
  }

  /** What comes of each matrix. */
  private Map<String, ScanOutcome> scan(BasePlan base, CheckpointPlan plan, String store)
      throws IOException {
    assertThat(plan.rejections()).isEmpty();
    MatrixScanner scanner =
        new MatrixScanner(
            storage,
            new SpectraStore(storage, storage.qualify(folder.resolve(store).toString())),
            ScanSettings.published(),
            (matrix, vectors) -> {});
    Map<String, ScanOutcome> outcomes = new TreeMap<>();
    for (MatrixPlan matrix : plan.matrices()) {
      BaseMatrix of = matrix.base();
      scanner.scan(
          of, base.identity(of), List.of(matrix), outcome -> outcomes.put(of.name(), outcome));
    }
    assertThat(outcomes).hasSize(4);
    return outcomes;
  }

  private static List<VectorScan> found(ScanOutcome outcome) {
    assertThat(outcome).isInstanceOf(ScanOutcome.Analysed.class);
    return ((ScanOutcome.Analysed) outcome).scan().vectors();
  }

  private static List<Rejection> rejected(Map<String, ScanOutcome> outcomes) {
    List<Rejection> rejections = new ArrayList<>();
    outcomes.values().stream()
        .filter(ScanOutcome.Rejected.class::isInstance)
        .forEach(outcome -> rejections.add(((ScanOutcome.Rejected) outcome).rejection()));
    return rejections;
  }

  private static void requireEqual(
      Map<String, ScanOutcome> outcomes, Map<String, ScanOutcome> lone) {
    outcomes.forEach(
        (name, outcome) -> assertThat(found(outcome)).isEqualTo(found(lone.get(name))));
  }

  /** Tuned models, each with the file that is replaced and what by. */
  static Stream<Arguments> tuned() {
    List<Arguments> cases = new ArrayList<>();
    for (Replacement replacement : Replacement.values()) {
      String adapter = "lora-r8/1-python/adapter_model.safetensors";
      cases.add(
          Arguments.of(
              replacement,
              List.of("lora-r8/1-python"),
              adapter,
              "lora-r8/3-javascript/adapter_model.safetensors"));
      cases.add(
          Arguments.of(
              replacement,
              List.of("lora-r8/1-python", "lora-r8/2-c"),
              "lora-r8/2-c/adapter_model.safetensors",
              "lora-r8/3-javascript/adapter_model.safetensors"));
      cases.add(
          Arguments.of(
              replacement,
              List.of("full/1-python"),
              "full/1-python/model.safetensors",
              "full/2-c/model.safetensors"));
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("tuned")
  void noMatrixIsOfTheOtherFile(
      Replacement replacement, List<String> sources, String replaced, String by)
      throws IOException {
    String[] named = sources.toArray(String[]::new);
    Path file = folder.resolve(replaced);
    Path kept = Files.copy(file, folder.resolve("kept"), StandardCopyOption.COPY_ATTRIBUTES);
    BasePlan base = base();
    CheckpointPlan planned = plan(base, named);
    storage.watch(replaced);
    Map<String, ScanOutcome> lone = scan(base, planned, "store");
    int half = storage.reads() / 2;

    storage.watch(replaced).before(half, () -> replacement.of(file, ZOO.resolve(by)));
    Map<String, ScanOutcome> outcomes = scan(base, planned, "store");

    List<Rejection> rejections = rejected(outcomes);
    assertThat(rejections).hasSizeBetween(1, 3);
    assertThat(rejections)
        .allSatisfy(
            rejection -> {
              assertThat(rejection.code()).isEqualTo(RejectCode.INPUT_CHANGED);
              assertThat(rejection.file()).isEqualTo(storage.qualify(file.toString()));
              assertThat(rejection.message())
                  .startsWith("[%s] The file changed during the run: ".formatted(rejection.file()))
                  .endsWith("; run again once nobody writes to it");
            });
    outcomes.values().removeIf(ScanOutcome.Rejected.class::isInstance);
    requireEqual(outcomes, lone);
    if (replacement != Replacement.GONE && replacement != Replacement.OTHER_LENGTH) {
      List<MatrixPlan> others = plan(base, named).matrices();
      for (int i = 0; i < others.size(); i++) {
        assertThat(others.get(i).inputs())
            .as("no entry of the one file is taken for the other's")
            .isNotEqualTo(planned.matrices().get(i).inputs());
      }
    }

    Files.move(kept, file, StandardCopyOption.REPLACE_EXISTING);
    CheckpointPlan restored = plan(base, named);
    assertThat(restored.matrices())
        .as("what was finished is still valid")
        .isEqualTo(planned.matrices());
    requireEqual(scan(base, restored, "store"), lone);
  }

  @ParameterizedTest
  @EnumSource(Replacement.class)
  void theStoreNeverHoldsADecompositionOfAnotherBase(Replacement replacement) throws IOException {
    Path file = folder.resolve("base/model.safetensors");
    Path kept = Files.copy(file, folder.resolve("kept"), StandardCopyOption.COPY_ATTRIBUTES);
    BasePlan base = base();
    CheckpointPlan planned = plan(base, "lora-r8/1-python");
    Map<String, ScanOutcome> lone = scan(base, planned, "lone");

    storage
        .watch("base/model")
        .before(1, () -> replacement.of(file, ZOO.resolve("full/2-c/model.safetensors")));
    Map<String, ScanOutcome> outcomes = scan(base, planned, "store");

    assertThat(rejected(outcomes))
        .isNotEmpty()
        .allSatisfy(rejection -> assertThat(rejection.code()).isEqualTo(RejectCode.INPUT_CHANGED));
    outcomes.values().removeIf(ScanOutcome.Rejected.class::isInstance);
    requireEqual(outcomes, lone);

    Files.move(kept, file, StandardCopyOption.REPLACE_EXISTING);
    BasePlan restored = base();
    requireEqual(scan(restored, plan(restored, "lora-r8/1-python"), "store"), lone);
  }

  @Test
  void aTensorOfWhichOnlyAPartIsAnotherIsTold() throws IOException {
    Path file = folder.resolve("full/1-python/model.safetensors");
    BasePlan base = base();
    CheckpointPlan planned = plan(base, "full/1-python");
    FileTime time = Files.getLastModifiedTime(file);
    byte[] bytes = Files.readAllBytes(file);
    byte[] other = Files.readAllBytes(ZOO.resolve("full/2-c/model.safetensors"));
    System.arraycopy(other, 0, bytes, 0, bytes.length / 2);
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, time);

    Map<String, ScanOutcome> outcomes = scan(base, planned, "store");

    assertThat(rejected(outcomes)).hasSizeBetween(1, 4);
  }

  @Test
  void aConfigAndWeightsOfTwoStatesAreNoPlan() throws IOException {
    Path config = folder.resolve("lora-r8/1-python/adapter_config.json");
    BasePlan base = base();
    storage
        .watch("adapter_model")
        .before(
            0,
            () ->
                Files.writeString(
                    config,
                    Files.readString(config).replace("\"lora_alpha\": 16", "\"lora_alpha\": 160")));

    CheckpointPlan plan = plan(base, "lora-r8/1-python");

    assertThat(plan.matrices()).isEmpty();
    assertThat(plan.rejections()).hasSize(1);
    assertThat(plan.rejections().get(0).code()).isEqualTo(RejectCode.INPUT_CHANGED);
    assertThat(plan.rejections().get(0).file()).endsWith("lora-r8/1-python/adapter_config.json");
    assertThat(plan(base, "lora-r8/1-python").rejections()).isEmpty();
  }

  @Test
  void aFileThatIsWrittenWhileItIsPlannedIsSaidToChange() throws IOException {
    Path file = folder.resolve("base/model.safetensors");
    storage.watch("base/model").before(1, () -> Files.write(file, new byte[20]));

    UserInputException fault = catchThrowableOfType(UserInputException.class, this::base);

    assertThat(fault.code()).isEqualTo(RejectCode.INPUT_CHANGED);
    assertThat(fault.file()).contains(storage.qualify(file.toString()));
  }
}
