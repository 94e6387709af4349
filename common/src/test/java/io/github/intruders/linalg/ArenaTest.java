package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ArenaTest {
  private static final int ORDER = 500;
  private static final long MATRIX_BYTES = 2_000_000;

  private long before;

  @BeforeEach
  void waitUntilWhatOtherTestsLeftBehindIsFreed() throws InterruptedException {
    OpenBlas.load();
    int quiet = 0;
    while (quiet < 3) {
      before = Pointer.totalBytes();
      System.gc();
      Thread.sleep(10); // it is freed by a thread of its own
      quiet = Pointer.totalBytes() == before ? quiet + 1 : 0;
    }
  }

  private long taken() {
    return Pointer.totalBytes() - before;
  }

  private static Matrix matrix() {
    return Matrix.identity(ORDER, Precision.DOUBLE);
  }

  @Test
  void anArenaFreesWhatWasMadeInIt() {
    try (Arena arena = Arena.open()) {
      Matrix first = matrix();
      Matrix second = first.times(first);
      assertThat(taken()).isEqualTo(2 * MATRIX_BYTES);
      assertThat(second.get(0, 0)).isEqualTo(1);
    }
    assertThat(taken()).isZero();
  }

  @Test
  void anArenaFreesWhenItsBlockFails() {
    assertThatThrownBy(
            () -> {
              try (Arena arena = Arena.open()) {
                matrix().times(Matrix.zeros(1, 1, Precision.DOUBLE));
              }
            })
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(taken()).isZero();
  }

  @Test
  void whatIsKeptOutlivesItsArenaAndIsFreedByTheOuterOne() {
    try (Arena outer = Arena.open()) {
      Matrix kept;
      try (Arena inner = Arena.open()) {
        matrix();
        kept = inner.keep(matrix());
      }
      assertThat(taken()).isEqualTo(MATRIX_BYTES);
      matrix(); // would take the kept one's place, had it been freed
      assertThat(kept.get(ORDER - 1, ORDER - 1)).isEqualTo(1);
      assertThat(kept.frobeniusNorm()).isEqualTo(Math.sqrt(ORDER));
    }
    assertThat(taken()).isZero();
  }

  @Test
  void whatIsKeptMayBeKeptAgain() {
    try (Arena outermost = Arena.open()) {
      Matrix kept;
      try (Arena middle = Arena.open()) {
        try (Arena inner = Arena.open()) {
          kept = middle.keep(inner.keep(matrix()));
        }
        assertThat(taken()).isEqualTo(MATRIX_BYTES);
      }
      assertThat(taken()).isEqualTo(MATRIX_BYTES);
      assertThat(kept.get(0, 0)).isEqualTo(1);
    }
    assertThat(taken()).isZero();
  }

  @Test
  void withoutAnOuterArenaWhatIsKeptIsLeftToTheGarbageCollector() {
    Matrix kept;
    try (Arena arena = Arena.open()) {
      matrix();
      kept = arena.keep(matrix());
    }
    assertThat(taken()).isEqualTo(MATRIX_BYTES);
    assertThat(kept.get(ORDER - 1, ORDER - 1)).isEqualTo(1);
    kept.pointer().releaseReference(); // rather than wait for it
    assertThat(taken()).isZero();
  }

  @Test
  void aViewMadeInAnInnerArenaDoesNotFreeTheOuterOnesMatrix() {
    try (Arena outer = Arena.open()) {
      Matrix whole = matrix();
      Matrix view;
      try (Arena inner = Arena.open()) {
        view = whole.rowRange(3, 5);
      }
      assertThat(taken()).isEqualTo(MATRIX_BYTES);
      assertThat(view.get(1, 4)).isEqualTo(1);
    }
    assertThat(taken()).isZero();
  }

  @Test
  void arenasBelongToTheirThread() throws InterruptedException {
    try (Arena arena = Arena.open()) {
      Thread other =
          new Thread(
              () -> {
                try (Arena own = Arena.open()) {
                  matrix();
                }
              });
      other.start();
      other.join();
      assertThat(taken()).isZero();
      matrix();
      assertThat(taken()).isEqualTo(MATRIX_BYTES);
    }
    assertThat(taken()).isZero();
  }

  @Test
  void anArenaThatIsNotTheInnermostCanNotBeClosed() {
    try (Arena outer = Arena.open()) {
      try (Arena inner = Arena.open()) {
        matrix();
        assertThatThrownBy(outer::close)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("Cannot close an arena that is not the innermost one of this thread");
        assertThat(taken()).as("nothing is freed by the refused call").isEqualTo(MATRIX_BYTES);
      }
    }
    assertThat(taken()).isZero();
  }

  @Test
  void anArenaCanNotBeClosedTwice() {
    Arena arena = Arena.open();
    arena.close();

    assertThatThrownBy(arena::close).isInstanceOf(IllegalStateException.class);
  }
}
