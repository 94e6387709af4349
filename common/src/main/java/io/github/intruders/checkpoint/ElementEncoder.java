package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.Set;

/**
 * Turns numbers into the elements of a tensor, rounding to the nearest value its type has, ties to
 * even, as PyTorch and numpy do. What {@link TensorReader} reads from a tensor comes out as the
 * same bytes, except the sign of NaN, which no reader hands out.
 */
public final class ElementEncoder {
  private static final double HALF_MAX = 65504;
  private static final Set<DType> WRITABLE =
      EnumSet.of(DType.F64, DType.F32, DType.F16, DType.BF16);

  private ElementEncoder() {}

  /**
   * Refuses a type that elements can't be written in.
   *
   * @throws UserInputException with code {@code DTYPE_UNSUPPORTED}
   */
  public static void requireWritable(DType dtype, String file, String tensor) {
    if (!WRITABLE.contains(dtype)) {
      throw UserInputException.inTensor(
          RejectCode.DTYPE_UNSUPPORTED,
          file,
          tensor,
          "%s can't be edited: expected one of %s; convert it first".formatted(dtype, WRITABLE));
    }
  }

  /**
   * Rounds every element to a value of the type, in place.
   *
   * @param tensor for the message
   * @throws UserInputException with code {@code NOT_FINITE} if a value is too large for the type
   */
  public static Matrix roundInPlace(Matrix matrix, DType dtype, String tensor) {
    for (int i = 0; i < matrix.rows(); i++) {
      for (int j = 0; j < matrix.cols(); j++) {
        double value = matrix.get(i, j);
        double rounded = round(value, dtype);
        if (!Double.isFinite(rounded)) {
          throw UserInputException.of(
              RejectCode.NOT_FINITE,
              "Tensor %s: the edited value %s at row %d, column %d is too large for %s"
                  .formatted(tensor, value, i, j, dtype));
        }
        matrix.set(i, j, rounded);
      }
    }
    return matrix;
  }

  /** The largest absolute error of rounding to the type where its smallest numbers lie. */
  public static double absoluteError(DType dtype) {
    return switch (dtype) {
      case F64 -> Double.MIN_VALUE;
      case F32 -> 0x1p-150;
      case BF16 -> 0x1p-134;
      case F16 -> 0x1p-25;
      default -> throw new IllegalArgumentException("Cannot write elements of type " + dtype);
    };
  }

  /** The nearest value of the type; infinite where it is too large. */
  public static double round(double value, DType dtype) {
    return switch (dtype) {
      case F64 -> value;
      case F32 -> (float) value;
      case BF16 -> Float.intBitsToFloat(brainFloat(value) << 16);
      case F16 -> roundToHalf(value);
      default -> throw new IllegalArgumentException("Cannot write elements of type " + dtype);
    };
  }

  /**
   * Writes the elements row by row.
   *
   * @param matrix of values that the type has, see {@link #roundInPlace}
   */
  public static void write(Matrix matrix, DType dtype, OutputStream out) throws IOException {
    int width = dtype.bits() / Byte.SIZE;
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(matrix.cols(), width))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < matrix.rows(); i++) {
      bytes.clear();
      for (int j = 0; j < matrix.cols(); j++) {
        double value = matrix.get(i, j);
        switch (dtype) {
          case F64 -> bytes.putDouble(value);
          case F32 -> bytes.putFloat((float) value);
          case BF16 -> bytes.putShort((short) brainFloat(value));
          case F16 -> bytes.putShort(half(value));
          default -> throw new IllegalArgumentException("Cannot write elements of type " + dtype);
        }
      }
      out.write(bytes.array(), 0, bytes.position());
    }
  }

  /** The upper half of a float's bits. Rounds once: a double is not rounded to a float first. */
  private static int brainFloat(double value) {
    float truncated = (float) value;
    if (Double.isInfinite(value) || Double.isNaN(value)) {
      return Float.floatToRawIntBits(truncated) >>> 16;
    }
    // Round to odd: the last bit of the float says whether anything was cut off.
    int bits = Float.floatToRawIntBits(truncated);
    if (truncated != value) {
      if (Math.abs((double) truncated) > Math.abs(value)) {
        bits--; // towards zero
      }
      bits |= 1;
    }
    int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
    return rounded >>> 16;
  }

  private static double roundToHalf(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return value;
    }
    int exponent = Math.max(Math.getExponent(value), -14);
    double unit = Math.scalb(1.0, exponent - 10);
    double rounded = Math.rint(value / unit) * unit;
    return Math.abs(rounded) > HALF_MAX ? Math.copySign(Double.POSITIVE_INFINITY, value) : rounded;
  }

  /** The bits of a half; {@code value} is one exactly. */
  private static short half(double value) {
    double rounded = roundToHalf(value);
    int sign = Double.doubleToRawLongBits(rounded) < 0 ? 0x8000 : 0;
    double magnitude = Math.abs(rounded);
    if (Double.isInfinite(magnitude)) {
      return (short) (sign | 0x7c00);
    }
    int exponent = Math.getExponent(magnitude);
    if (exponent < -14) {
      return (short) (sign | (int) Math.scalb(magnitude, 24));
    }
    int fraction = (int) Math.scalb(magnitude, 10 - exponent) - 0x400;
    return (short) (sign | (exponent + 15) << 10 | fraction);
  }
}
