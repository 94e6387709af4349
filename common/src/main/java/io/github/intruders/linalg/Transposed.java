package io.github.intruders.linalg;

import java.util.Objects;

/**
 * A matrix that is read transposed.
 *
 * @param of the matrix as it lies in memory
 */
record Transposed(Matrix of) implements Factor {
  Transposed {
    Objects.requireNonNull(of, "of");
  }

  @Override
  public int rows() {
    return of.cols();
  }

  @Override
  public int cols() {
    return of.rows();
  }

  @Override
  public Matrix t() {
    return of;
  }

  @Override
  public String toString() {
    return of + "ᵀ";
  }
}
