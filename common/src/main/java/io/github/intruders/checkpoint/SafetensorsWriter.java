package io.github.intruders.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;

/**
 * Writes a safetensors file as one stream. The header is padded to eight bytes and tensors stand in
 * the order they were added, so equal input gives equal bytes. Not thread-safe.
 */
public final class SafetensorsWriter {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CHUNK_ELEMENTS = 1 << 18;

  private static final String METADATA = "__metadata__";

  private final Map<String, String> layout = new LinkedHashMap<>();
  private final Map<String, Object> header = new LinkedHashMap<>();
  private final Map<String, Storage.Body> bodies = new LinkedHashMap<>();
  private long end;

  /** Adds what stands under {@code __metadata__}; nothing is written for an empty map. */
  public SafetensorsWriter metadata(Map<String, String> metadata) {
    if (!metadata.isEmpty()) {
      header.put(METADATA, new LinkedHashMap<>(metadata));
    }
    return this;
  }

  /**
   * Adds a tensor whose bytes the caller provides.
   *
   * @param lengthBytes how many bytes {@code body} will write
   */
  public SafetensorsWriter add(
      String name, DType dtype, List<Long> shape, long lengthBytes, Storage.Body body) {
    if (bodies.put(name, body) != null) {
      throw new IllegalArgumentException("Cannot write tensor %s twice".formatted(name));
    }
    Map<String, Object> entry = new LinkedHashMap<>();
    layout.put(name, SealedTensors.layout(dtype, List.copyOf(shape)));
    entry.put("dtype", dtype.name());
    entry.put("shape", List.copyOf(shape));
    entry.put("data_offsets", List.of(end, end + lengthBytes));
    header.put(name, entry);
    end += lengthBytes;
    return this;
  }

  /** Adds a matrix in its own precision, as F32 or F64. It is read when the file is written. */
  public SafetensorsWriter add(String name, Matrix matrix) {
    boolean single = matrix.precision() == Precision.SINGLE;
    return add(
        name,
        single ? DType.F32 : DType.F64,
        List.of((long) matrix.rows(), (long) matrix.cols()),
        (long) matrix.rows() * matrix.cols() * matrix.precision().bytes(),
        out -> writeRows(matrix, out));
  }

  /** Adds a vector as F64. */
  public SafetensorsWriter add(String name, double[] vector) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(vector.length, Double.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(vector);
    return add(
        name,
        DType.F64,
        List.of((long) vector.length),
        bytes.capacity(),
        out -> out.write(bytes.array()));
  }

  /**
   * Puts checksums of all tensors added so far, and a seal over the header, into the metadata; see
   * {@link SealedTensors}. Every tensor is produced once more for that.
   */
  public SafetensorsWriter sealed() throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    if (header.remove(METADATA) instanceof Map<?, ?> said) {
      said.forEach((key, value) -> metadata.put((String) key, (String) value));
    }
    Map<String, Long> sums = new LinkedHashMap<>();
    for (Map.Entry<String, Storage.Body> body : bodies.entrySet()) {
      CheckedOutputStream out =
          new CheckedOutputStream(OutputStream.nullOutputStream(), new CRC32());
      body.getValue().writeTo(out);
      sums.put(body.getKey(), out.getChecksum().getValue());
    }
    SealedTensors.seal(metadata, sums, layout);
    header.put(METADATA, metadata);
    return this;
  }

  /** Writes the whole file; does not close {@code out}. */
  public void writeTo(OutputStream out) throws IOException {
    byte[] json = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
    int padded = Math.addExact(json.length, 7) / 8 * 8;
    ByteBuffer prefix = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    prefix.putLong(padded).put(json);
    while (prefix.hasRemaining()) {
      prefix.put((byte) ' ');
    }
    out.write(prefix.array());
    for (Storage.Body body : bodies.values()) {
      body.writeTo(out);
    }
  }

  private static void writeRows(Matrix matrix, OutputStream out) throws IOException {
    long elements = (long) matrix.rows() * matrix.cols();
    int width = matrix.precision().bytes();
    ByteBuffer bytes = ByteBuffer.allocate(CHUNK_ELEMENTS * width).order(ByteOrder.LITTLE_ENDIAN);
    float[] floats = new float[CHUNK_ELEMENTS];
    double[] doubles = new double[width == Double.BYTES ? CHUNK_ELEMENTS : 0];
    for (long start = 0; start < elements; start += CHUNK_ELEMENTS) {
      int count = (int) Math.min(CHUNK_ELEMENTS, elements - start);
      if (width == Float.BYTES) {
        matrix.copyFloats(start, floats, count);
        bytes.asFloatBuffer().put(floats, 0, count);
      } else {
        matrix.copyDoubles(start, doubles, count);
        bytes.asDoubleBuffer().put(doubles, 0, count);
      }
      out.write(bytes.array(), 0, count * width);
    }
  }
}
