package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;

/**
 * An update of low rank whose factors depend on the weight it is applied to. Where that is the
 * base's own, the first link of a chain, its factors cost a pass over the weight.
 */
public sealed interface BaseDependent extends WholeUpdate
    permits MinusPrincipal, ReflectedWeight, ReplacedRows {
  /** Whether there is such a pass; else the weight would have to be decomposed. */
  default boolean factorsAreCheap() {
    return true;
  }

  /** The number of columns of b and rows of a. */
  int rank();

  /**
   * b of {@code tuned = w + b · a}, (outputs, rank), in double precision.
   *
   * @param w the weight it is applied to, of the shape {@link #fittedTo} was asked about
   */
  Matrix readB(MatrixSource w, TensorReader reader) throws IOException;

  /** a, (rank, inputs), in double precision, for the same weight. */
  Matrix readA(MatrixSource w, TensorReader reader) throws IOException;
}
