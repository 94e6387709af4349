package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The element types of safetensors, under the names that its headers use. */
public enum DType {
  BOOL(8, Family.BOOLEAN),
  F4(4, Family.MICROSCALING),
  F6_E2M3(6, Family.MICROSCALING),
  F6_E3M2(6, Family.MICROSCALING),
  U8(8, Family.WHOLE),
  I8(8, Family.WHOLE),
  F8_E5M2(8, Family.EIGHT_BIT),
  F8_E4M3(8, Family.EIGHT_BIT),
  F8_E8M0(8, Family.MICROSCALING),
  F8_E4M3FNUZ(8, Family.EIGHT_BIT),
  F8_E5M2FNUZ(8, Family.EIGHT_BIT),
  I16(16, Family.WHOLE),
  U16(16, Family.WHOLE),
  F16(16, Family.READABLE),
  BF16(16, Family.READABLE),
  I32(32, Family.WHOLE),
  U32(32, Family.WHOLE),
  F32(32, Family.READABLE),
  C64(64, Family.COMPLEX),
  F64(64, Family.READABLE),
  I64(64, Family.WHOLE),
  U64(64, Family.WHOLE);

  private static final Map<String, DType> BY_NAME =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(DType::name, Function.identity()));

  private final int bits;
  private final Family family;

  DType(int bits, Family family) {
    this.bits = bits;
    this.family = family;
  }

  /** The element type that headers call so, if there is one. */
  public static Optional<DType> named(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /**
   * Half the distance from 1 to the next larger number of the type: what rounding to it changes a
   * number by at most, relatively.
   *
   * @throws IllegalStateException for a type that no weight is read from
   */
  public double unitRoundoff() {
    return switch (this) {
      case F64 -> 0x1p-53;
      case F32 -> 0x1p-24;
      case F16 -> 0x1p-11;
      case BF16 -> 0x1p-8;
      case F8_E4M3 -> 0x1p-4;
      case F8_E5M2 -> 0x1p-3;
      default -> throw new IllegalStateException("No weight is read from " + this);
    };
  }

  /** Width of one element. */
  public int bits() {
    return bits;
  }

  /** Whether {@link TensorReader} understands the elements: F64, F32, F16 and BF16. */
  public boolean readable() {
    return family == Family.READABLE;
  }

  /** Whether {@link TensorReader} understands the elements together with scales. */
  public boolean readableWithScales() {
    return this == F8_E4M3 || this == F8_E5M2;
  }

  /**
   * Refuses a tensor whose elements can't be read.
   *
   * @throws UserInputException with code {@code DTYPE_UNSUPPORTED}
   */
  public void requireReadable(String file, String tensor) {
    if (!readable()) {
      throw UserInputException.inTensor(
          RejectCode.DTYPE_UNSUPPORTED,
          file,
          tensor,
          "%s elements can't be analysed: %s".formatted(name(), family.reason));
    }
  }

  /**
   * Refuses a tensor whose elements are no places.
   *
   * @throws UserInputException with code {@code DTYPE_UNSUPPORTED}
   */
  public void requireWholeNumbers(String file, String tensor) {
    if (this != I32 && this != I64) {
      throw UserInputException.inTensor(
          RejectCode.DTYPE_UNSUPPORTED,
          file,
          tensor,
          "expected whole numbers, I32 or I64, found " + name());
    }
  }

  /** What stands in the way of reading an element type. */
  private enum Family {
    READABLE("nothing"),
    BOOLEAN("they are truth values, not weights"),
    WHOLE(
        "they are whole numbers, as in weights packed by bitsandbytes, GPTQ, AWQ or MXFP4; use the"
            + " checkpoint from before the quantisation"),
    EIGHT_BIT(
        "8-bit floating point weights count only together with their scales; convert the checkpoint"
            + " to BF16 first"),
    MICROSCALING(
        "they are parts of packed quantised weights (MX formats); use the checkpoint from before"
            + " the quantisation"),
    COMPLEX("complex weights have no real singular vectors");

    private final String reason;

    Family(String reason) {
      this.reason = reason;
    }
  }
}
