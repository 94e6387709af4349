package io.github.intruders.linalg;

/** The width of a matrix's elements. */
public enum Precision {
  /** IEEE 754 binary32. */
  SINGLE(Float.BYTES, 1.1920929e-7),
  /** IEEE 754 binary64. */
  DOUBLE(Double.BYTES, 2.220446049250313e-16);

  private final int bytes;
  private final double epsilon;

  Precision(int bytes, double epsilon) {
    this.bytes = bytes;
    this.epsilon = epsilon;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** The distance from 1 to the next larger number. */
  public double epsilon() {
    return epsilon;
  }
}
