package io.github.intruders.jobs.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes wrong with those who are told, and what does not because of that. */
class ListenersTest {
  private static final RunResult NOTHING =
      new RunResult(List.of(), null, List.of(), List.of(), null);

  private final List<String> calls = new ArrayList<>();

  @FunctionalInterface
  private interface Body {
    void run() throws IOException;
  }

  private RunListener listener(String name, Body body) {
    return new RunListener() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public void open(String address) {}

      @Override
      public void started(RunStart run) throws IOException {
        calls.add(name + " started");
        body.run();
      }

      @Override
      public void completed(RunStart run, RunResult result) throws IOException {
        calls.add(name + " completed");
        body.run();
      }

      @Override
      public void failed(RunStart run, String why) {
        calls.add(name + " failed: " + why);
      }
    };
  }

  private static Listeners listeners(RunListener... all) {
    return new Listeners(List.of(all), Duration.ofSeconds(20), Duration.ofMillis(100));
  }

  @Test
  void allAreToldWhateverBecomesOfOthers() {
    Listeners listeners =
        listeners(
            listener(
                "down",
                () -> {
                  throw new IOException("Connection refused");
                }),
            listener(
                "old",
                () -> {
                  throw new NoSuchMethodError("io.github.intruders.jobs.listener.RunStart.gone()");
                }),
            listener("up", () -> {}));

    assertThatCode(
            () -> {
              listeners.started(null);
              listeners.completed(null, NOTHING);
            })
        .doesNotThrowAnyException();
    assertThat(calls)
        .containsExactly(
            "down started",
            "old started",
            "up started",
            "down completed",
            "old completed",
            "up completed");
  }

  @Test
  @Timeout(20)
  void oneThatNeverAnswersIsGivenUpAndNotToldAnythingMore() {
    CountDownLatch never = new CountDownLatch(1);
    Listeners listeners =
        listeners(
            listener(
                "hung",
                () -> {
                  if (calls.contains("hung completed")) {
                    try {
                      never.await();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  }
                }),
            listener("up", () -> {}));
    listeners.started(null);
    listeners.completed(null, NOTHING);
    listeners.failed(null, "late");

    assertThat(calls)
        .containsExactly(
            "hung started", "up started", "hung completed", "up completed", "up failed: late");
  }

  @Test
  void whatAsksForTheImpossibleIsRefusedAtTheBeginningAlone() {
    Listeners listeners =
        listeners(
            listener(
                "strict",
                () -> {
                  throw UserInputException.of(RejectCode.SETTING_INVALID, "No such model");
                }));

    assertThatThrownBy(() -> listeners.started(null)).hasMessageContaining("No such model");
    assertThatCode(() -> listeners.completed(null, NOTHING)).doesNotThrowAnyException();
  }

  @Test
  void oneThatIsNotOnTheClassPathIsRefusedWithTheJarsName() {
    assertThatThrownBy(() -> Listeners.open(Map.of("mlflow", "")))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining(
            "Cannot use --mlflow: intruders-decisions.jar is not on the class path");
    assertThat(Listeners.open(Map.of("openlineage", "")).isEmpty()).isFalse();
    assertThat(Listeners.open(Map.of())).isSameAs(Listeners.NONE);
  }

  @Test
  void whatFailedIsSaidByTheOneWhoKnowsMost() {
    IOException refused = new IOException("Connection refused");

    assertThat(Listeners.words(new IllegalStateException(refused))).isEqualTo("Connection refused");
    assertThat(Listeners.words(new IOException("MLflow does not answer", refused)))
        .isEqualTo("MLflow does not answer");
    assertThat(Listeners.words(new IllegalStateException(null, new InterruptedException())))
        .isEqualTo("java.lang.InterruptedException");
  }

  @Test
  void aLineHoldsNoSecretOfUrisAndOfTheEnvironment() {
    assertThat(
            OneLine.of(
                "\nPOST https://me:pw123@mlflow/x failed: Bearer dapi-12345, abc\n at Some.java",
                Map.of(
                    "MLFLOW_TRACKING_TOKEN",
                    "dapi-12345",
                    "SECRET_SHORT",
                    "abc",
                    "HOME",
                    "failed")))
        .isEqualTo("POST https://***@mlflow/x failed: Bearer ***, abc");
  }
}
