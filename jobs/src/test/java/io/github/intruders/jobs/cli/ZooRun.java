package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileUtil;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * The command {@code run} over the whole zoo, done once for all tests that only read what it wrote:
 * those of a build, where Maven names a folder for it, else those of this process.
 *
 * @param out its output folder
 * @param outcome how it ended
 * @param jobs how many Spark jobs it started, by stage
 */
record ZooRun(Path out, Outcome outcome, Map<String, Integer> jobs) implements AutoCloseable {
  private static final String LISTENERS = "spark.extraListeners";

  /** Another one in each build. */
  private static final String FOLDER = System.getProperty("zoo.run");

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Does it, or finds it done; those in other processes wait. */
  private static ZooRun get() {
    try {
      return FOLDER == null
          ? start(Files.createTempDirectory("zoo-run"))
          : inBuild(Path.of(FOLDER));
    } catch (IOException e) {
      throw new ParameterResolutionException("Cannot make a folder for the run", e);
    }
  }

  private static ZooRun inBuild(Path folder) throws IOException {
    Files.createDirectories(folder);
    Path out = folder.resolve("out");
    File told = folder.resolve("told.json").toFile();
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      if (told.exists()) {
        Told by = JSON.readValue(told, Told.class);
        return new ZooRun(out, by.outcome(), by.jobs());
      }
      ZooRun run = start(out);
      JSON.writeValue(told, new Told(run.outcome, run.jobs));
      return run;
    }
  }

  private record Told(Outcome outcome, Map<String, Integer> jobs) {}

  private static ZooRun start(Path out) {
    String manifest = System.getProperty("zoo") + "/manifest.yaml";
    System.setProperty(LISTENERS, StartedJobs.class.getName());
    try {
      StartedJobs.take();
      Outcome outcome = Outcome.of("run", "--manifest", manifest, "--out", out.toString());
      Map<String, Integer> byStage = new TreeMap<>();
      StartedJobs.take().forEach(job -> byStage.merge(job.replaceAll(":.*", ""), 1, Integer::sum));
      return new ZooRun(out, outcome, byStage);
    } finally {
      System.clearProperty(LISTENERS);
    }
  }

  @Override
  public void close() {
    if (FOLDER == null) {
      FileUtil.fullyDelete(out.toFile());
    }
  }

  /** Hands it to test methods; needs {@link LocalMaster} before it. */
  static final class Shared implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == ZooRun.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(Namespace.GLOBAL)
          .getOrComputeIfAbsent(ZooRun.class, key -> get(), ZooRun.class);
    }
  }
}
