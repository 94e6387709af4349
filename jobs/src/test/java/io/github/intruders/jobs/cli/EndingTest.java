package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left of a command's end where no exit code reaches whoever asks. */
class EndingTest {
  @AfterEach
  void leaveYarn() {
    System.clearProperty("spark.master");
    System.clearProperty("spark.submit.deployMode");
  }

  /** The properties that Spark's application master sets; its report is what a trace prints. */
  @Test
  void aDriverInYarnsMasterEndsByAFailureOfOneLine() {
    System.setProperty("spark.master", "yarn");
    System.setProperty("spark.submit.deployMode", "cluster");

    assertThatThrownBy(() -> Ending.with(3, "partial"))
        .hasToString("Exit code 3: partial")
        .hasNoCause()
        .satisfies(failure -> assertThat(failure.getStackTrace()).isEmpty());
  }

  @Test
  void whyACommandCanNotBeUsedIsHandedOn(@TempDir Path folder) throws Exception {
    Path manifest = Files.writeString(folder.resolve("m.yaml"), "base: {id: base}\n");
    AtomicReference<String> why = new AtomicReference<>();

    assertThat(Main.run(why::set, "scan", "--nonsense")).isEqualTo(2);
    assertThat(why.get()).isEqualTo("Unknown option: '--nonsense'");
    assertThat(Main.run(why::set, "plan", "--manifest", manifest.toString())).isEqualTo(2);
    assertThat(why.get())
        .contains("m.yaml] line 1: Missing key 'uri' in base")
        .doesNotContain("\n");
  }
}
