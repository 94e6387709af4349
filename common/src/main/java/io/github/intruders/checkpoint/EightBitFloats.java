package io.github.intruders.checkpoint;

/**
 * The values of 8-bit floating point numbers.
 *
 * @see <a href="https://arxiv.org/abs/2209.05433">Micikevicius et al. 2022</a> for E4M3 and E5M2
 * @see <a
 *     href="https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf">OCP
 *     MX 1.0</a> for E8M0
 */
final class EightBitFloats {
  private static final int NUMBERS = 256;
  private static final int E8M0_BIAS = 127;

  private EightBitFloats() {}

  /** What each of the 256 bytes stands for. */
  static double[] values(DType dtype) {
    double[] values = new double[NUMBERS];
    for (int bits = 0; bits < NUMBERS; bits++) {
      values[bits] =
          switch (dtype) {
            case F8_E4M3 -> e4m3(bits);
            case F8_E5M2 -> e5m2(bits);
            case F8_E8M0 -> bits == 0xff ? Double.NaN : Math.scalb(1.0, bits - E8M0_BIAS);
            default -> throw new IllegalArgumentException("Cannot read " + dtype);
          };
    }
    return values;
  }

  /** No infinity; all ones is NaN. */
  private static double e4m3(int bits) {
    if ((bits & 0x7f) == 0x7f) {
      return Double.NaN;
    }
    return number(bits, 3, 7);
  }

  private static double e5m2(int bits) {
    if ((bits & 0x7c) == 0x7c) {
      double infinity = bits < 0x80 ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
      return (bits & 0x03) == 0 ? infinity : Double.NaN;
    }
    return number(bits, 2, 15);
  }

  private static double number(int bits, int fractionBits, int bias) {
    int exponent = (bits & 0x7f) >> fractionBits;
    int fraction = bits & ((1 << fractionBits) - 1);
    int significand = exponent == 0 ? fraction : fraction + (1 << fractionBits);
    double magnitude =
        Math.scalb((double) significand, Math.max(exponent, 1) - bias - fractionBits);
    return bits < 0x80 ? magnitude : -magnitude;
  }
}
