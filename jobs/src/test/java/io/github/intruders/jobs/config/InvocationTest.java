package io.github.intruders.jobs.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What a summary tells of the command line. */
class InvocationTest {

  @Test
  void theCommandCanBePastedIntoAShell() {
    assertThat(
            Invocation.of(
                List.of("run", "--include", "layers\\.0 it's", "--out", "s3a://b/o"),
                "s3a://b/run.yaml"))
        .isEqualTo(
            new Invocation(
                "intruders run --include 'layers\\.0 it'\\''s' --out s3a://b/o",
                "s3a://b/run.yaml"));
  }

  @Test
  void whatLooksLikeASecretIsMasked() {
    Invocation invocation =
        Invocation.of(
            List.of(
                "scan",
                "--base",
                "s3a://AKIA:hidden@bucket/base",
                "--tuned",
                "https://host/x?X-Amz-Signature=hidden&part=1",
                "--conf=spark.hadoop.fs.s3a.secret.key=hidden"),
            "https://user:hidden@host/run.yaml");

    assertThat(invocation.command())
        .doesNotContain("hidden")
        .contains("s3a://***@bucket/base", "X-Amz-Signature=***&part=1", "fs.s3a.secret.key=***");
    assertThat(invocation.manifestUri()).isEqualTo("https://***@host/run.yaml");
  }
}
