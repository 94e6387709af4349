package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Elements written, against the definitions of their types. */
class ElementEncoderTest {
  /** The value of a finite, positive half or brain float, by definition. */
  private static double value(int bits, DType dtype) {
    int fractionBits = dtype == DType.F16 ? 10 : 7;
    int bias = dtype == DType.F16 ? 15 : 127;
    int exponent = bits >>> fractionBits;
    double fraction = (bits & ((1 << fractionBits) - 1)) / (double) (1 << fractionBits);
    return exponent == 0
        ? fraction * Math.pow(2, 1 - bias)
        : (1 + fraction) * Math.pow(2, exponent - bias);
  }

  private static int written(double value, DType dtype) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Matrix matrix = Matrix.of(new double[][] {{value}});
    ElementEncoder.write(ElementEncoder.roundInPlace(matrix, dtype, "w"), dtype, out);
    return ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN).getShort() & 0xffff;
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void everyValueIsWrittenAsItselfAndWhatLiesBetweenGoesToTheNearest(DType dtype)
      throws IOException {
    int infinity = dtype == DType.F16 ? 0x7c00 : 0x7f80;
    for (int bits = 0; bits < infinity; bits++) {
      double low = value(bits, dtype);
      assertThat(written(low, dtype)).isEqualTo(bits);
      assertThat(written(-low, dtype)).isEqualTo(bits | 0x8000);
      if (bits + 1 < infinity) {
        double middle = (low + value(bits + 1, dtype)) / 2;
        assertThat(written(middle, dtype)).isEqualTo(bits % 2 == 0 ? bits : bits + 1);
        assertThat(written(Math.nextDown(middle), dtype)).isEqualTo(bits);
        assertThat(written(-Math.nextUp(middle), dtype)).isEqualTo((bits + 1) | 0x8000);
      }
    }
  }

  @Test
  void singleAndDoubleAreWrittenInFull() throws IOException {
    Matrix matrix = Matrix.of(new double[][] {{0.1, -3}});
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ElementEncoder.write(matrix, DType.F64, out);
    ElementEncoder.write(ElementEncoder.roundInPlace(matrix, DType.F32, "w"), DType.F32, out);
    ByteBuffer bytes = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);

    assertThat(bytes.getDouble()).isEqualTo(0.1);
    assertThat(bytes.getDouble()).isEqualTo(-3);
    assertThat(bytes.getFloat()).isEqualTo(0.1f);
    assertThat(bytes.getFloat()).isEqualTo(-3f);
  }

  @Test
  void aValueThatIsTooLargeIsRefusedWithItsPlace() {
    Matrix matrix = Matrix.of(new double[][] {{1, 65520}});

    assertThatThrownBy(() -> ElementEncoder.roundInPlace(matrix, DType.F16, "w.weight"))
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "Tensor w.weight: the edited value 65520.0 at row 0, column 1 is too large for F16");
  }
}
