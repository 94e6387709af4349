package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;

/** Files of the golden script beside their safetensors twins. */
public final class Twins {
  static final Storage STORAGE = new HadoopStorage(new Configuration());

  private Twins() {}

  /** A file or folder of the golden script's. */
  public static Path fixture(String name) {
    try {
      return Path.of(Objects.requireNonNull(Twins.class.getResource("/fixtures/formats")).toURI())
          .resolve(name);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  public static Map<String, TensorInfo> twin(String name) throws IOException {
    return Checkpoint.open(STORAGE, fixture(name) + ".twin.safetensors").tensors();
  }

  /** Types, shapes and all bits are the twin's. */
  static void assertSame(Map<String, TensorInfo> tensors, Map<String, TensorInfo> twin)
      throws IOException {
    assertThat(tensors.keySet()).isEqualTo(twin.keySet());
    for (TensorInfo expected : twin.values()) {
      TensorInfo tensor = tensors.get(expected.name());
      assertThat(tensor.description()).as(tensor.name()).isEqualTo(expected.description());
      assertThat(tensor.lengthBytes()).as(tensor.name()).isEqualTo(expected.lengthBytes());
      if (!tensor.byColumns()) {
        assertThat(bytes(tensor)).as(tensor.name()).isEqualTo(bytes(expected));
      }
      if (tensor.dtype().readable() && tensor.shape().size() == 2) {
        assertSameNumbers(tensor, expected, false);
        assertSameNumbers(tensor, expected, true);
      }
    }
  }

  private static byte[] bytes(TensorInfo tensor) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(tensor.lengthBytes())];
    try (RangeSource source = STORAGE.open(tensor.file())) {
      source.readFully(tensor.offset(), bytes, 0, bytes.length);
    }
    return bytes;
  }

  private static void assertSameNumbers(TensorInfo tensor, TensorInfo expected, boolean transposed)
      throws IOException {
    TensorReader reader = new TensorReader(STORAGE);
    try (Arena arena = Arena.open()) {
      Matrix found = reader.read(MatrixSource.of(tensor, transposed).get(0), Precision.DOUBLE);
      Matrix twin = reader.read(MatrixSource.of(expected, transposed).get(0), Precision.DOUBLE);
      assertThat(found.rows()).isEqualTo(twin.rows());
      assertThat(found.cols()).isEqualTo(twin.cols());
      for (int row = 0; row < twin.rows(); row++) {
        assertThat(found.row(row)).as(tensor.name()).isEqualTo(twin.row(row));
      }
    }
  }
}
