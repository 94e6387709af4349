package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.ClassArchive;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that a scheduler ends, at each of its stages. */
class SignalIT {
  /** Also the stages' work of runs before, so that each one goes on from there. */
  @TempDir private static Path temporary;

  @ParameterizedTest
  @ValueSource(
      strings = {"plan", "spectra", "scan", "tables", "accumulation", "forgetting", "report"})
  void oneLineSaysSoAtAnyStage(String stage) throws IOException, InterruptedException {
    String zoo = System.getProperty("zoo");
    Path manifest =
        Files.writeString(
            temporary.resolve("manifest.yaml"),
            """
            base: {id: base, uri: %1$s/base}
            checkpoints:
              - {id: one, uri: %1$s/lora-r1/1-python, sequence: s, step: 1}
              - {id: two, adapters: [%1$s/lora-r1/1-python, %1$s/lora-r1/2-c], sequence: s, step: 2}
            metrics: metrics.csv
            """
                .formatted(zoo));
    Files.writeString(
        temporary.resolve("metrics.csv"),
        "checkpoint,metric,value\nbase,loss,1\none,loss,2\ntwo,loss,3\n");
    Path err = temporary.resolve(stage + ".txt");
    Process process =
        new ProcessBuilder(
                command(
                    stage,
                    stage.equals("spectra") ? "spectra" : "run",
                    "--manifest",
                    manifest.toString(),
                    "--include",
                    "layers\\.0\\.self_attn\\.[qk]_proj",
                    "--out",
                    temporary.resolve("out").toString()))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile())
            .start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }

    List<String> lines = Files.readAllLines(err);
    assertThat(lines)
        .as(String.join("\n", lines))
        .filteredOn(line -> line.startsWith("intruders: "))
        .containsExactly(
            "intruders: Ended by a signal; finished matrices are kept, the same command goes on from there");
    assertThat(lines).as(String.join("\n", lines)).noneMatch(line -> line.startsWith("\tat "));
    assertThat(process.exitValue()).isEqualTo(128 + 15);
  }

  /** This process's Java, with what it was given, and the entry point in the jar. */
  private static List<String> command(String stage, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> option.startsWith("-X") || option.startsWith("--add-opens"))
        .forEach(command::add);
    command.add(ClassArchive.option());
    String listener =
        SignalAtStage.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    command.addAll(
        List.of(
            "-Dspark.master=local[1]",
            "-Dspark.ui.enabled=false",
            "-Dspark.extraListeners=" + SignalAtStage.class.getName(),
            "-D" + SignalAtStage.STAGE + "=" + stage,
            "-cp",
            ClassArchive.classPath() + File.pathSeparator + listener,
            Main.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }
}
