package io.github.intruders.jobs.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileUtil;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * The command {@code run} over the whole zoo, done once for all tests that only read what it wrote.
 *
 * @param out its output folder
 * @param outcome how it ended
 * @param jobs how many Spark jobs it started, by stage
 */
record ZooRun(Path out, Outcome outcome, Map<String, Integer> jobs) implements AutoCloseable {
  private static final String LISTENERS = "spark.extraListeners";

  private static ZooRun start() {
    try {
      Path out = Files.createTempDirectory("zoo-run");
      String manifest = System.getProperty("zoo") + "/manifest.yaml";
      System.setProperty(LISTENERS, StartedJobs.class.getName());
      try {
        StartedJobs.take();
        Outcome outcome = Outcome.of("run", "--manifest", manifest, "--out", out.toString());
        Map<String, Integer> byStage = new TreeMap<>();
        StartedJobs.take()
            .forEach(job -> byStage.merge(job.replaceAll(":.*", ""), 1, Integer::sum));
        return new ZooRun(out, outcome, byStage);
      } finally {
        System.clearProperty(LISTENERS);
      }
    } catch (IOException e) {
      throw new ParameterResolutionException("Cannot make a folder for the run", e);
    }
  }

  @Override
  public void close() {
    FileUtil.fullyDelete(out.toFile());
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
          .getOrComputeIfAbsent(ZooRun.class, key -> start(), ZooRun.class);
    }
  }
}
