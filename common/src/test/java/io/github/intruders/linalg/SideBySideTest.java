package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SideBySideTest {
  private final int threadsBefore = OpenBlas.threads();

  @AfterEach
  void giveTheThreadsBack() {
    OpenBlas.useThreads(threadsBefore);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void resultsStandInTheProblemsOrder(int threads) throws IOException {
    OpenBlas.useThreads(threads);
    List<Callable<Integer>> problems = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int result = i;
      problems.add(
          () -> {
            Thread.sleep((40 - result) / 4);
            return result;
          });
    }

    assertThat(SideBySide.call(problems)).hasSize(40).isSorted();
    assertThat(OpenBlas.threads()).isEqualTo(threads);
  }

  @Test
  void noProblemsHaveNoResults() throws IOException {
    assertThat(SideBySide.call(List.of())).isEmpty();
  }

  @Test
  void asManyProblemsRunAtOnceAsThereAreThreadsEachWithOne() throws IOException {
    OpenBlas.useThreads(2);
    CountDownLatch both = new CountDownLatch(2);
    Callable<Integer> meeting =
        () -> {
          both.countDown();
          assertThat(both.await(30, TimeUnit.SECONDS)).as("the other one runs too").isTrue();
          return OpenBlas.threads();
        };

    assertThat(SideBySide.call(List.of(meeting, meeting))).containsExactly(1, 1);
    assertThat(OpenBlas.threads()).isEqualTo(2);
  }

  @Test
  void oneProblemRunsHereWithAllThreads() throws IOException {
    OpenBlas.useThreads(2);

    assertThat(SideBySide.call(List.of(Thread::currentThread)))
        .containsExactly(Thread.currentThread());
    assertThat(SideBySide.call(List.of(OpenBlas::threads))).containsExactly(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void failuresPassThroughAsTheyAre(int threads) {
    OpenBlas.useThreads(threads);
    IOException io = new IOException("disk");
    IllegalStateException unchecked = new IllegalStateException("state");
    AssertionError error = new AssertionError("error");
    Exception checked = new Exception("checked");

    assertThatThrownBy(() -> SideBySide.call(failing(io))).isSameAs(io);
    assertThatThrownBy(() -> SideBySide.call(failing(unchecked))).isSameAs(unchecked);
    assertThatThrownBy(() -> SideBySide.call(failing(error))).isSameAs(error);
    assertThatThrownBy(() -> SideBySide.call(failing(checked)))
        .isInstanceOf(IOException.class)
        .hasCause(checked);
    assertThat(OpenBlas.threads()).isEqualTo(threads);
  }

  @Test
  void afterAFailureTheOthersStillRunToTheirEnd() {
    OpenBlas.useThreads(2);
    AtomicInteger ended = new AtomicInteger();
    List<Callable<Integer>> problems = new ArrayList<>(failing(new IOException("disk")));
    for (int i = 0; i < 10; i++) {
      problems.add(ended::incrementAndGet);
    }

    assertThatThrownBy(() -> SideBySide.call(problems)).hasMessage("disk");
    assertThat(ended).hasValue(10);
  }

  @Test
  void anInterruptionIsKeptAndReported() {
    OpenBlas.useThreads(2);
    Callable<Integer> endless =
        () -> {
          Thread.sleep(60_000);
          return 0;
        };

    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> SideBySide.call(List.of(endless, endless)))
        .isInstanceOf(IOException.class)
        .hasMessage("Interrupted");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(OpenBlas.threads()).isEqualTo(2);
  }

  /** Native code knows no interruption. */
  @Test
  void afterAnInterruptionNoProblemRunsAnyMore() throws InterruptedException {
    OpenBlas.useThreads(2);
    CountDownLatch started = new CountDownLatch(2);
    AtomicInteger ended = new AtomicInteger();
    Callable<Integer> deaf =
        () -> {
          started.countDown();
          long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(500);
          while (System.nanoTime() < until) {
            Thread.onSpinWait();
          }
          return ended.incrementAndGet();
        };
    Thread caller = Thread.currentThread();
    Thread canceller =
        new Thread(
            () -> {
              try {
                started.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              caller.interrupt();
            });
    canceller.start();

    assertThatThrownBy(() -> SideBySide.call(List.of(deaf, deaf, deaf))).hasMessage("Interrupted");
    assertThat(ended).as("those that had begun").hasValue(2);
    assertThat(Thread.interrupted()).isTrue();
    canceller.join();
  }

  /** Two tasks of one executor, the first of which is done first. */
  @Test
  void runsThatOverlapHaveTheirThreadsAndGiveThemBackOnceBothAreDone() throws Exception {
    OpenBlas.useThreads(2);
    CountDownLatch firstRuns = new CountDownLatch(1);
    CountDownLatch secondRuns = new CountDownLatch(2);
    CountDownLatch firstIsDone = new CountDownLatch(1);
    Callable<Integer> first =
        () -> {
          firstRuns.countDown();
          assertThat(secondRuns.await(30, TimeUnit.SECONDS)).as("the second runs too").isTrue();
          return OpenBlas.threads();
        };
    Callable<Integer> second =
        () -> {
          secondRuns.countDown();
          assertThat(firstIsDone.await(30, TimeUnit.SECONDS)).isTrue();
          return OpenBlas.threads();
        };
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      Future<List<Integer>> task = other.submit(() -> SideBySide.call(List.of(first, first)));
      assertThat(firstRuns.await(30, TimeUnit.SECONDS)).isTrue();
      Future<?> opener =
          ForkJoinPool.commonPool()
              .submit(
                  () -> {
                    assertThat(task.get()).containsExactly(1, 1);
                    firstIsDone.countDown();
                    return null;
                  });
      assertThat(SideBySide.call(List.of(second, second))).containsExactly(1, 1);
      opener.get();
    } finally {
      other.shutdownNow();
    }

    assertThat(OpenBlas.threads()).isEqualTo(2);
  }

  /** A problem that succeeds and one that doesn't. */
  private static List<Callable<Integer>> failing(Throwable failure) {
    return List.of(
        () -> 1,
        () -> {
          if (failure instanceof Error error) {
            throw error;
          }
          throw (Exception) failure;
        });
  }
}
