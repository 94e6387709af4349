package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns the bytes of one matrix, chunk by chunk, into the elements of a {@link Matrix} of its
 * stored shape, and keeps count of those that no analysis can use: NaN, infinity, and values too
 * large for the precision asked for.
 */
final class ElementDecoder {
  private static final int FLOAT_EXPONENT = 0x7f800000;
  private static final int FLOAT_EXPONENT_UNIT = 0x00800000;
  private static final int HALF_EXPONENT = 0x7c00;
  private static final int HALF_EXPONENT_UNIT = 0x0400;

  /** Elements decoded at once: few enough to stay in the processor's cache. */
  private static final int BLOCK = 1 << 15;

  /** Moves the exponent of a half, read in place of a float's, to where a float has it. */
  private static final float HALF_TO_FLOAT = 0x1p112f;

  private final MatrixSource source;
  private final Matrix target;
  private final Matrix scales;
  private final double[] eights;
  private final short[] shorts;
  private final float[] floats;
  private final double[] doubles;

  private long decoded;
  private long notFinite;
  private long tooLarge;
  private String firstNotFinite;
  private String firstTooLarge;

  /**
   * @param target contiguous, in the shape the file has: (cols, rows) where the source is
   *     transposed
   * @param scales the grid of the source's scales, null where it has none
   */
  ElementDecoder(MatrixSource source, Matrix target, Matrix scales) {
    this.source = source;
    this.target = target;
    this.scales = scales;
    boolean single = target.precision() == Precision.SINGLE;
    int block = (int) Math.min(BLOCK, source.elements());
    shorts = new short[source.dtype().bits() == Short.SIZE ? block : 0];
    boolean eightBit = source.dtype().bits() == Byte.SIZE;
    boolean viaDoubles = eightBit || source.dtype() == DType.F64;
    eights = eightBit ? EightBitFloats.values(source.dtype()) : new double[0];
    floats = new float[single || !viaDoubles ? block : 0];
    doubles = new double[single && !viaDoubles ? 0 : block];
  }

  /** Decodes the next {@code count} bytes, a whole number of elements. */
  void accept(byte[] bytes, int count) {
    int elementBytes = source.dtype().bits() / Byte.SIZE;
    int blockBytes = BLOCK * elementBytes;
    for (int start = 0; start < count; start += blockBytes) {
      int length = Math.min(blockBytes, count - start);
      int elements = length / elementBytes;
      decode(ByteBuffer.wrap(bytes, start, length).order(ByteOrder.LITTLE_ENDIAN), elements);
      decoded += elements;
    }
  }

  private void decode(ByteBuffer block, int elements) {
    switch (source.dtype()) {
      case F32 -> {
        block.asFloatBuffer().get(floats, 0, elements);
        storeFloats(elements, countNotFinite(floats, elements));
      }
      case BF16 -> {
        block.asShortBuffer().get(shorts, 0, elements);
        storeFloats(elements, widenBrainFloats(shorts, floats, elements));
      }
      case F16 -> {
        block.asShortBuffer().get(shorts, 0, elements);
        storeFloats(elements, widenHalves(shorts, floats, elements));
      }
      case F64 -> {
        block.asDoubleBuffer().get(doubles, 0, elements);
        storeDoubles(elements);
      }
      case F8_E4M3, F8_E5M2, F8_E8M0 -> {
        for (int i = 0; i < elements; i++) {
          doubles[i] = eights[Byte.toUnsignedInt(block.get())];
        }
        if (scales != null) {
          scale(elements);
        }
        storeDoubles(elements);
      }
      default -> throw new IllegalStateException("Cannot decode " + source.dtype());
    }
  }

  /** Multiplies run by run; the products of 8-bit and single floats are exact. */
  private void scale(int elements) {
    int blockRows = source.scale().blockRows();
    int blockCols = source.scale().blockCols();
    int run;
    for (int i = 0; i < elements; i += run) {
      int row = (int) ((decoded + i) / target.cols());
      int col = (int) ((decoded + i) % target.cols());
      int restOfBlock = Math.min(blockCols - col % blockCols, target.cols() - col);
      run = Math.min(elements - i, restOfBlock);
      double factor = scales.get(row / blockRows, col / blockCols);
      for (int j = i; j < i + run; j++) {
        doubles[j] *= factor;
      }
    }
  }

  private static int countNotFinite(float[] values, int count) {
    int notFinite = 0;
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToRawIntBits(values[i]) & FLOAT_EXPONENT;
      notFinite += (bits + FLOAT_EXPONENT_UNIT) >>> 31;
    }
    return notFinite;
  }

  private static int widenBrainFloats(short[] from, float[] into, int count) {
    int notFinite = 0;
    for (int i = 0; i < count; i++) {
      int bits = from[i] << 16;
      into[i] = Float.intBitsToFloat(bits);
      notFinite += ((bits & FLOAT_EXPONENT) + FLOAT_EXPONENT_UNIT) >>> 31;
    }
    return notFinite;
  }

  private static int widenHalves(short[] from, float[] into, int count) {
    int notFinite = 0;
    for (int i = 0; i < count; i++) {
      int half = from[i];
      float magnitude = Float.intBitsToFloat((half & 0x7fff) << 13) * HALF_TO_FLOAT;
      int sign = (half & 0x8000) << 16;
      into[i] = Float.intBitsToFloat(Float.floatToRawIntBits(magnitude) | sign);
      notFinite += ((half & HALF_EXPONENT) + HALF_EXPONENT_UNIT) >>> 15;
    }
    return notFinite;
  }

  private void storeFloats(int elements, int blockNotFinite) {
    if (blockNotFinite > 0) {
      noteNotFinite(elements, blockNotFinite);
    }
    if (target.precision() == Precision.SINGLE) {
      target.setFloats(decoded, floats, elements);
      return;
    }
    for (int i = 0; i < elements; i++) {
      doubles[i] = floats[i];
    }
    target.setDoubles(decoded, doubles, elements);
  }

  private void noteNotFinite(int elements, int blockNotFinite) {
    notFinite += blockNotFinite;
    for (int i = 0; firstNotFinite == null && i < elements; i++) {
      // A half's infinity and NaN have become finite floats above.
      if (source.dtype() == DType.F16 && (shorts[i] & HALF_EXPONENT) == HALF_EXPONENT) {
        boolean infinite = (shorts[i] & 0x03ff) == 0;
        String sign = shorts[i] < 0 ? "-" : "";
        firstNotFinite = (infinite ? sign + "Infinity" : "NaN") + place(i);
      } else if (!Float.isFinite(floats[i])) {
        firstNotFinite = floats[i] + place(i);
      }
    }
  }

  private void storeDoubles(int elements) {
    for (int i = 0; i < elements; i++) {
      if (!Double.isFinite(doubles[i])) {
        notFinite++;
        if (firstNotFinite == null) {
          firstNotFinite = doubles[i] + place(i);
        }
      }
    }
    if (target.precision() == Precision.DOUBLE) {
      target.setDoubles(decoded, doubles, elements);
      return;
    }
    for (int i = 0; i < elements; i++) {
      floats[i] = (float) doubles[i];
      if (Float.isInfinite(floats[i]) && Double.isFinite(doubles[i])) {
        tooLarge++;
        if (firstTooLarge == null) {
          firstTooLarge = doubles[i] + place(i);
        }
      }
    }
    target.setFloats(decoded, floats, elements);
  }

  private String place(int indexInBlock) {
    long index = decoded + indexInBlock;
    return " at row %d, column %d".formatted(index / target.cols(), index % target.cols());
  }

  /**
   * Refuses the matrix if any element so far can't be used.
   *
   * @throws UserInputException with code {@code NOT_FINITE}
   */
  void requireUsable() {
    if (notFinite > 0) {
      throw refused(notFinite, "NaN or infinite", firstNotFinite);
    }
    if (tooLarge > 0) {
      throw refused(tooLarge, "too large for single precision", firstTooLarge);
    }
  }

  private UserInputException refused(long count, String what, String first) {
    return UserInputException.inTensor(
        RejectCode.NOT_FINITE,
        source.file(),
        source.matrix(),
        "%d of %d elements %s %s, the first is %s"
            .formatted(count, source.elements(), count == 1 ? "is" : "are", what, first));
  }
}
