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

  /**
   * What singular values computed in this precision are zero up to rounding at or below, as in
   * numpy: {@code max(m, n) · epsilon · σ₁}.
   *
   * @param largest σ₁
   * @param maxDimension max(m, n)
   */
  public double noiseFloor(double largest, int maxDimension) {
    return maxDimension * epsilon * largest;
  }
}
