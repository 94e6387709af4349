package io.github.intruders.jobs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One run of the launcher in a process of its own, as a user starts it. */
public record Launched(int exitCode, List<String> out, List<String> err) {
  private static final long TIMEOUT_MINUTES = Long.getLong("launched.minutes", 5);
  private static final String OUT = "stdout.txt";
  private static final String ERR = "stderr.txt";

  static Launched run(Path folder, String... arguments) throws IOException, InterruptedException {
    return run(folder, Map.of(), arguments);
  }

  /**
   * Runs it with more in its environment.
   *
   * @param folder for what it prints
   */
  public static Launched run(Path folder, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    return start(folder, environment, arguments).await();
  }

  /** Starts it and does not wait. */
  static Running start(Path folder, Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(System.getProperty("launcher")));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve(OUT).toFile())
            .redirectError(folder.resolve(ERR).toFile());
    builder.environment().putAll(environment);
    return new Running(builder.start(), folder);
  }

  /** What one has printed into a folder. Java's word on its options is left out. */
  static Launched read(Path folder, int exitCode) throws IOException {
    return new Launched(
        exitCode,
        Files.readAllLines(folder.resolve(OUT), StandardCharsets.UTF_8),
        Files.readAllLines(folder.resolve(ERR), StandardCharsets.UTF_8).stream()
            .filter(line -> !line.startsWith("Picked up JAVA_TOOL_OPTIONS"))
            .toList());
  }

  /** One that goes on while the test does something else. */
  record Running(Process process, Path folder) {
    /** Waits for its end. */
    Launched await() throws IOException, InterruptedException {
      if (!process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES)) {
        kill();
        throw new IOException(
            "Still running after %d minutes: %s"
                .formatted(TIMEOUT_MINUTES, process.info().commandLine().orElse("the launcher")));
      }
      return read(folder, process.exitValue());
    }

    /** Kills it as a machine that fails does, without a chance to tidy up. */
    void kill() throws InterruptedException {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
  }
}
