package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.master.Master;
import org.apache.spark.rpc.RpcEnv;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that takes the job and gives it nothing to run on. */
@ExtendWith(LocalMaster.class)
class NoExecutorsTest {
  @TempDir private static Path temporary;

  @Test
  void aJobThatGetsNoExecutorsIsGivenUpInWords() {
    RpcEnv master =
        Master.startRpcEnvAndEndpoint(
                "127.0.0.1", 0, 0, new SparkConf().set("spark.ui.enabled", "false"))
            ._1();
    Map<String, String> settings =
        Map.of(
            "spark.master", "spark://127.0.0.1:" + master.address().port(),
            "spark.ui.enabled", "false",
            "spark.driver.host", "127.0.0.1",
            "spark.intruders.resources.timeout", "2s");
    settings.forEach(System::setProperty);
    try {
      Outcome outcome =
          Outcome.of(
              "scan",
              "--base",
              System.getProperty("zoo") + "/base",
              "--tuned",
              System.getProperty("zoo") + "/lora-r1/1-python",
              "--out",
              temporary.resolve("out").toString());

      assertThat(outcome.exitCode()).isEqualTo(1);
      assertThat(outcome.err())
          .isEqualTo(
              "intruders: No executor has come within 0:02 (spark.intruders.resources.timeout); the master %s has no worker with enough free cores and memory for one, its queue is full, or executors end as they start and their logs say why%n"
                  .formatted(settings.get("spark.master")));
    } finally {
      settings.keySet().forEach(System::clearProperty);
      master.shutdown();
    }
  }
}
