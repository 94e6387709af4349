package io.github.intruders.linalg;

import org.bytedeco.javacpp.Pointer;

/**
 * Elements of one precision in native memory. Positions count elements, not bytes. Every access
 * first looks whether the memory has been freed; what another thread frees meanwhile it can't see.
 */
abstract sealed class Elements permits DoubleElements, SingleElements {
  private final Pointer owner;

  /**
   * @param owner whose memory it is; its address is null once that is freed
   */
  Elements(Pointer owner) {
    this.owner = owner;
  }

  /** Elements that are not set, at least one. */
  static Elements allocate(long count, Precision precision) {
    return precision == Precision.SINGLE
        ? SingleElements.allocate(count)
        : DoubleElements.allocate(count);
  }

  /** The pointer that was allocated, also where these elements begin behind its start. */
  final Pointer owner() {
    return owner;
  }

  /**
   * @throws IllegalStateException if the memory is freed
   */
  final void requireAlive() {
    if (owner.isNull()) {
      throw new IllegalStateException(
          "Cannot use a matrix whose memory is freed: the arena it was made in is closed");
    }
  }

  /** The elements from a position on, in the same memory. */
  abstract Elements from(long start);

  abstract double get(long index);

  /** Sets an element, rounded to this precision. */
  abstract void put(long index, double value);

  /** Copies elements at equal distances. */
  abstract void read(long start, long distance, double[] into);

  /** Copies values to elements that follow each other, rounded to this precision. */
  abstract void write(long start, double[] values);

  /** Multiplies elements that follow each other, in double precision, and rounds. */
  abstract void scale(long start, int count, double factor);

  /** The same by a factor for each. */
  abstract void scale(long start, double[] factors);

  /**
   * Copies a matrix of the same shape from either precision.
   *
   * @return 0, or another number if a value is too large
   */
  abstract int assign(int rows, int cols, int lead, Elements other, int otherLead);

  /** Adds {@code factor * other}, of the same shape and precision. */
  abstract void add(int rows, int cols, int lead, double factor, Elements other, int otherLead);

  /** Copies this matrix transposed into one without gaps, of the same precision. */
  abstract void transposeInto(int rows, int cols, int lead, Elements target);
}
