package io.github.intruders.linalg;

import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;

/**
 * The lifetime of native matrices: every {@link Matrix} made on this thread while the arena is the
 * innermost open one is freed when it closes. Arenas nest; they belong to the thread that opened
 * them.
 *
 * <pre>{@code
 * try (Arena arena = Arena.open()) {
 *   Matrix product = a.times(b); // freed at the end of the block
 * }
 * }</pre>
 *
 * A matrix made while no arena is open is freed when the garbage collector finds it unreachable.
 */
public final class Arena implements AutoCloseable {
  private static final ThreadLocal<Arena> INNERMOST = new ThreadLocal<>();

  private final Arena parent;
  private final PointerScope scope;

  private Arena(Arena parent) {
    this.parent = parent;
    this.scope = new PointerScope();
  }

  /** Opens an arena inside the one that is open on this thread, if any. */
  public static Arena open() {
    OpenBlas.load();
    Arena arena = new Arena(INNERMOST.get());
    INNERMOST.set(arena);
    return arena;
  }

  /**
   * Hands a matrix made in this arena to the enclosing arena (or to the garbage collector, if there
   * is none), so that it outlives this one.
   *
   * @return the same matrix
   * @throws IllegalArgumentException for a view, which would outlive the memory it looks into
   */
  public Matrix keep(Matrix matrix) {
    if (parent == null) {
      return handOver(matrix);
    }
    requireNoView(matrix);
    // Taken over before it is let go: a pointer without a holder is freed at once.
    parent.scope.attach(matrix.pointer());
    scope.detach(matrix.pointer());
    return matrix;
  }

  /**
   * Takes a matrix out of this arena for good, so that it outlives it. Whoever asks for it owns it
   * from now on and calls {@link Matrix#free}.
   *
   * @return the same matrix
   * @throws IllegalArgumentException for a view
   */
  public Matrix handOver(Matrix matrix) {
    requireNoView(matrix);
    // Taken over before it is let go: a pointer without a holder is freed at once.
    matrix.pointer().retainReference();
    scope.detach(matrix.pointer());
    return matrix;
  }

  private static void requireNoView(Matrix matrix) {
    Objects.requireNonNull(matrix, "matrix");
    if (matrix.isView()) {
      throw new IllegalArgumentException(
          "Cannot keep a view, %s: its memory is another matrix's; keep a copy".formatted(matrix));
    }
  }

  @Override
  public void close() {
    if (INNERMOST.get() != this) {
      throw new IllegalStateException(
          "Cannot close an arena that is not the innermost one of this thread");
    }
    if (parent == null) {
      INNERMOST.remove();
    } else {
      INNERMOST.set(parent);
    }
    scope.close();
  }
}
