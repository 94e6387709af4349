package io.github.intruders.jobs.pipeline;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.discovery.Discovered;
import io.github.intruders.jobs.discovery.DiscoverySettings;
import io.github.intruders.jobs.discovery.DiscoveryStage;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.manifest.ManifestLocation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Looks through folders and keeps what it finds as a manifest. */
public final class DiscoveryRun {
  private final SparkSession spark;

  /**
   * @param spark stays open
   */
  public DiscoveryRun(SparkSession spark) {
    this.spark = spark;
  }

  /**
   * Looks through the folders and writes the manifest, where one is to be written and has changed.
   *
   * @param write whether to write anything
   */
  public Discovered run(DiscoverySettings settings, boolean write) throws IOException {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    TaskStorage storage = TaskStorage.of(context);
    try (JobProgress progress =
        JobProgress.open(
            spark.sparkContext(),
            Supervision.newRunId(Instant.now()),
            List.of(DiscoveryStage.NAME))) {
      try {
        Discovered found = new DiscoveryStage(context, storage, progress).run(settings);
        if (write && settings.manifestUri() != null) {
          write(storage.open(), settings.manifestUri(), found);
        }
        return found;
      } catch (Exception e) { // Spark throws checked exceptions without declaring them
        progress.explain(e);
        throw e;
      }
    }
  }

  /** The metrics first, since the manifest names them. */
  private static void write(Storage storage, String uri, Discovered found) throws IOException {
    if (found.trainerMetrics() != null) {
      writeText(storage, ManifestLocation.metrics(uri), found.trainerMetrics());
    }
    if (found.changed()) {
      writeText(storage, uri, found.text());
    }
  }

  private static void writeText(Storage storage, String uri, String text) throws IOException {
    storage.write(uri, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }
}
