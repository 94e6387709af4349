package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ArenaTest {
  private static final int ORDER = 500;
  private static final long MATRIX_BYTES = 2_000_000;

  private long before;

  @BeforeEach
  void waitUntilWhatOtherTestsLeftBehindIsFreed() throws InterruptedException {
    before = NativeMemory.whenQuiet();
  }

  private long taken() {
    return NativeMemory.now() - before;
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

  /** It would read what has been freed. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void whatIsFreedCanNotBeUsed(Precision precision) {
    Matrix gone;
    Matrix view;
    try (Arena arena = Arena.open()) {
      gone = Matrix.identity(4, precision);
      view = gone.rowRange(1, 3).columnRange(1, 3);
    }
    Matrix alive = Matrix.identity(4, precision);
    Matrix small = Matrix.identity(2, precision);

    assertFreed(() -> gone.get(0, 0));
    assertFreed(() -> gone.set(0, 0, 1));
    assertFreed(() -> gone.row(1));
    assertFreed(() -> gone.column(1));
    assertFreed(() -> gone.setRow(0, new double[4]));
    assertFreed(() -> gone.rowRange(0, 1));
    assertFreed(() -> gone.times(alive));
    assertFreed(() -> alive.times(gone));
    assertFreed(() -> alive.t().times(gone.t()));
    assertFreed(() -> gone.assignProduct(alive, alive));
    assertFreed(() -> alive.assign(gone));
    assertFreed(() -> gone.to(Precision.SINGLE));
    assertFreed(() -> gone.to(Precision.DOUBLE));
    assertFreed(() -> alive.plusInPlace(1, gone));
    assertFreed(() -> gone.plusInPlace(1, alive));
    assertFreed(() -> gone.scaleInPlace(2));
    assertFreed(() -> gone.scaleColumnsInPlace(new double[4]));
    assertFreed(gone::transposed);
    assertFreed(gone::frobeniusNorm);
    assertFreed(() -> LapackSvd.DIVIDE_AND_CONQUER.decompose(gone));
    assertFreed(() -> OrthonormalBasis.of(gone));
    assertFreed(() -> view.get(0, 0));
    assertFreed(() -> view.times(small));
    assertFreed(() -> small.assign(view));
    assertFreed(view::maxAbsolute);
  }

  private static void assertFreed(ThrowingCallable use) {
    assertThatThrownBy(use)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("Cannot use a matrix whose memory is freed");
  }

  @Test
  void whatAnArenaHandsOverIsFreedByWhoOwnsIt() {
    Matrix owned;
    try (Arena outer = Arena.open()) {
      try (Arena arena = Arena.open()) {
        owned = arena.handOver(matrix());
        matrix();
      }
    }
    assertThat(taken()).isEqualTo(MATRIX_BYTES);
    assertThat(owned.get(3, 3)).isEqualTo(1);
    Matrix view = owned.rowRange(0, 1);
    assertThatThrownBy(view::free).hasMessage("Cannot free a view, 1x500 double");

    owned.free();

    assertThat(taken()).isZero();
    assertFreed(() -> owned.get(3, 3));
    assertFreed(() -> view.get(0, 0));
    owned.free(); // once more does no harm
  }
}
