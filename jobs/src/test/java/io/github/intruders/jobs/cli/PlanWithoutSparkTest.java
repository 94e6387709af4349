package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.pipeline.Preflight;
import io.github.intruders.jobs.report.PlanReport;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.LocalCores;
import io.github.intruders.jobs.session.SparkSessions;
import io.github.intruders.manifest.ManifestLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code plan} finds the same without a session. */
@ExtendWith(LocalMaster.class)
class PlanWithoutSparkTest {
  @TempDir private Path temporary;

  @Test
  void theReportIsTheOneThatASessionGives() throws IOException {
    Path manifest = temporary.resolve("manifest.yaml");
    Files.writeString(
        manifest,
        """
        base: {id: base, uri: %1$s/base}
        checkpoints:
          - {id: full, uri: %1$s/full/1-python}
          - {id: chain, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c]}
          - {id: missing, uri: %1$s/nowhere}
          - {id: wide, uri: %1$s/lora-r32/4-xml}
          - {id: no-model, uri: %1$s}
        """
            .formatted(System.getProperty("zoo")));
    Storage storage = DriverStorage.open();
    JobConfig config =
        JobConfig.published(
            ManifestLocation.read(storage, manifest.toString()),
            storage.qualify(temporary.resolve("out").toString()));
    PlanReport bySession;
    try (SparkSession spark = SparkSessions.open("test")) {
      bySession = new Preflight(spark, config).planReport();
    }
    SparkConf conf = new SparkConf();

    PlanReport alone = Preflight.report(config, storage, conf, LocalCores.of(conf).getAsInt());

    assertThat(alone.rejected()).isEqualTo(2);
    assertThat(alone.render()).isEqualTo(bySession.render());
    assertThat(alone.toJson()).isEqualTo(bySession.toJson());
  }

  @Test
  void planStartsNoSession() {
    // A session would not start with this; a plan does not ask for it.
    System.setProperty("spark.driver.bindAddress", "no such address");
    try {
      Outcome plan =
          Outcome.of(
              "plan",
              "--manifest",
              System.getProperty("zoo") + "/manifest.yaml",
              "--out",
              temporary.toString());

      assertThat(plan.exitCode()).as(plan.err()).isZero();
      assertThat(plan.out()).contains("448 matrices in 28 tasks");
    } finally {
      System.clearProperty("spark.driver.bindAddress");
    }
  }
}
