package io.github.intruders.accumulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.NativeMemory;
import io.github.intruders.linalg.Precision;
import io.github.intruders.scan.TunedVectors;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What tracks hold of native memory, and for how long. */
class TracksMemoryTest {
  private static final int ROWS = 3000;
  private static final int COLS = 2000;

  /** Two intruders, both sides, in double precision. */
  private static final long STEP_BYTES = 2L * (ROWS + COLS) * Double.BYTES;

  private long before;

  @BeforeEach
  void waitUntilWhatOtherTestsLeftBehindIsFreed() throws InterruptedException {
    before = NativeMemory.whenQuiet();
  }

  private long taken() {
    return NativeMemory.now() - before;
  }

  /** A step whose vectors are freed as soon as it is added. */
  private static void addStep(Tracks tracks, int step) {
    try (Arena arena = Arena.open()) {
      Matrix u = Matrix.zeros(ROWS, 10, Precision.SINGLE);
      Matrix v = Matrix.zeros(COLS, 10, Precision.SINGLE);
      for (int j = 0; j < 10; j++) {
        u.set(j, j, 1);
        v.set(j, j, 1);
      }
      List<Intruder> intruders = List.of(new Intruder(1, 9, 0.1), new Intruder(4, 5, 0.1));
      tracks.add(new StepIntruders(step, null, intruders, new TunedVectors(u, v)));
    }
  }

  @Test
  void theIntrudersOfTheLastStepAreHeldUntilTheEndAndNothingElse() {
    Tracks tracks = new Tracks();
    try (tracks) {
      for (int step = 1; step <= 5; step++) {
        addStep(tracks, step);
        assertThat(taken()).as("after step %d", step).isEqualTo(STEP_BYTES);
      }
      tracks.interrupt();
      assertThat(taken()).as("nothing is compared with the step before a gap").isZero();
      addStep(tracks, 7);
    }
    assertThat(taken()).isZero();
    assertThat(tracks.points()).hasSize(12);
    assertThat(tracks.points().stream().filter(point -> point.state() == TrackPoint.State.BORN))
        .as("two at the start, two behind the gap")
        .hasSize(4);
  }
}
