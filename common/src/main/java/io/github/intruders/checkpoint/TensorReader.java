package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * Reads matrices out of files, in ranges of a few megabytes; nothing but the matrix's own bytes is
 * asked for. Keeps its buffer between matrices, so it is for one thread at a time. Opens a file for
 * each matrix and closes it again.
 */
public final class TensorReader {
  private static final int CHUNK_BYTES = 8 << 20;

  /** Shorter pieces cost more to ask for than what lies between them. */
  private static final int LEAST_RANGE_BYTES = 4096;

  /** The longest array that every Java makes. */
  private static final int MAX_ARRAY = Integer.MAX_VALUE - 8;

  private final Storage storage;
  private final int chunkBytes;
  private byte[] chunk = new byte[0];
  private long delivered;
  private Stamp.Watch watch;

  public TensorReader(Storage storage) {
    this(storage, CHUNK_BYTES);
  }

  /**
   * @param chunkBytes the most that one range asks for, a multiple of 8
   */
  TensorReader(Storage storage, int chunkBytes) {
    this.storage = Objects.requireNonNull(storage, "storage");
    this.chunkBytes = chunkBytes;
  }

  /**
   * Reads one matrix.
   *
   * @return (rows, cols) of the source, with the file's transpose undone; made in the arena that is
   *     open on this thread
   * @throws UserInputException with code {@code DTYPE_UNSUPPORTED}; {@code NOT_FINITE} if an
   *     element is NaN or infinite or exceeds the precision, where the place named is the one in
   *     the stored order; {@code READ_FAILED} if the file ends early; {@code CHECKSUM_WRONG} if the
   *     file has a checksum for these bytes, and another
   */
  public Matrix read(MatrixSource source, Precision precision) throws IOException {
    return decode(source, precision, null);
  }

  /**
   * Reads a tensor of one dimension.
   *
   * @return as many values as it has elements, on the Java heap
   * @throws IllegalArgumentException if the tensor has another number of dimensions
   * @throws UserInputException as {@link #read}
   */
  public double[] readVector(TensorInfo tensor) throws IOException {
    if (tensor.shape().size() != 1) {
      throw new IllegalArgumentException(
          "Cannot see a vector in tensor %s, %s".formatted(tensor.name(), tensor.description()));
    }
    TensorInfo row =
        new TensorInfo(
            tensor.name(),
            tensor.dtype(),
            List.of(1L, tensor.shape().get(0)),
            tensor.file(),
            tensor.offset(),
            tensor.lengthBytes(),
            false,
            tensor.checksum(),
            tensor.stamp());
    try (Arena arena = Arena.open()) {
      return read(MatrixSource.of(row, false).get(0), Precision.DOUBLE).row(0);
    }
  }

  /**
   * Reads a matrix of whole numbers, I32 or I64.
   *
   * @param source not transposed
   * @return its elements row by row
   * @throws UserInputException with code {@code DTYPE_UNSUPPORTED} for another type, {@code
   *     TOO_LARGE} for more than 2³¹ − 1 elements, {@code READ_FAILED} if the file ends early
   */
  public long[] readWholeNumbers(MatrixSource source) throws IOException {
    source.dtype().requireWholeNumbers(source.file(), source.matrix());
    if (source.elements() > MAX_ARRAY) {
      throw UserInputException.inTensor(
          RejectCode.TOO_LARGE,
          source.file(),
          source.matrix(),
          "%d whole numbers, at most %d are read".formatted(source.elements(), MAX_ARRAY));
    }
    long[] numbers = new long[(int) source.elements()];
    int width = source.dtype().bits() / Byte.SIZE;
    int[] filled = {0};
    stream(
        source,
        (bytes, count) -> { // a multiple of 8 bytes, or the rest
          ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, count).order(ByteOrder.LITTLE_ENDIAN);
          for (int at = 0; at < count; at += width) {
            numbers[filled[0]++] = width == Long.BYTES ? buffer.getLong() : buffer.getInt();
          }
        });
    return numbers;
  }

  /**
   * Names a matrix by its content: equal for equal bytes of equal type and shape, wherever they
   * lie.
   *
   * @return the SHA-256 of the line {@code DTYPE ROWS COLS TRANSPOSED} and the stored bytes, in
   *     hex; where there are scales, the line {@code DTYPE ROWS COLS BLOCK_ROWS BLOCK_COLS} and
   *     their bytes stand between the two
   */
  public String contentHash(MatrixSource source) throws IOException {
    MessageDigest digest = newDigest(source);
    if (source.scale() != null) {
      digest.update(layout(source.scale()));
      stream(source.scale().grid(), (bytes, count) -> digest.update(bytes, 0, count));
    }
    stream(source, (bytes, count) -> digest.update(bytes, 0, count));
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Does {@link #read} and {@link #contentHash} in one pass over the file. */
  public ReadMatrix readWithHash(MatrixSource source, Precision precision) throws IOException {
    MessageDigest digest = newDigest(source);
    Matrix matrix = decode(source, precision, digest);
    return new ReadMatrix(matrix, HexFormat.of().formatHex(digest.digest()));
  }

  private Matrix decode(MatrixSource source, Precision precision, MessageDigest digest)
      throws IOException {
    if (source.scale() == null || !source.dtype().readableWithScales()) {
      source.dtype().requireReadable(source.file(), source.matrix());
    }
    if (!source.transposed() && source.scale() == null) {
      return decodeStored(source, source.rows(), source.cols(), precision, null, digest);
    }
    try (Arena scratch = Arena.open()) {
      Matrix scales = source.scale() == null ? null : readScales(source.scale(), digest);
      if (!source.transposed()) {
        return scratch.keep(
            decodeStored(source, source.rows(), source.cols(), precision, scales, digest));
      }
      Matrix stored = decodeStored(source, source.cols(), source.rows(), precision, scales, digest);
      return scratch.keep(stored.transposed());
    }
  }

  private Matrix readScales(ScaleSource scale, MessageDigest digest) throws IOException {
    if (digest != null) {
      digest.update(layout(scale));
    }
    return decodeStored(scale.grid(), scale.rows(), scale.cols(), Precision.DOUBLE, null, digest);
  }

  private static byte[] layout(ScaleSource scale) {
    return "%s %d %d %d %d\n"
        .formatted(scale.dtype(), scale.rows(), scale.cols(), scale.blockRows(), scale.blockCols())
        .getBytes(StandardCharsets.UTF_8);
  }

  private Matrix decodeStored(
      MatrixSource source,
      int storedRows,
      int storedCols,
      Precision precision,
      Matrix scales,
      MessageDigest digest)
      throws IOException {
    Matrix stored = Matrix.allocate(storedRows, storedCols, precision);
    ElementDecoder decoder = new ElementDecoder(source, stored, scales);
    stream(
        source,
        (bytes, count) -> {
          decoder.accept(bytes, count);
          if (digest != null) {
            digest.update(bytes, 0, count);
          }
        });
    decoder.requireUsable();
    return stored;
  }

  private static MessageDigest newDigest(MatrixSource source) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String layout =
          "%s %d %d %s\n"
              .formatted(source.dtype(), source.rows(), source.cols(), source.transposed());
      digest.update(layout.getBytes(StandardCharsets.UTF_8));
      return digest;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  /** Takes the bytes of a matrix in order; the array is reused. */
  @FunctionalInterface
  private interface Sink {
    void accept(byte[] bytes, int count);
  }

  private int bufferBytes(MatrixSource source) {
    return (int) Math.min(chunkBytes, source.spanBytes());
  }

  private void stream(MatrixSource source, Sink sink) throws IOException {
    long length = source.spanBytes();
    if (chunk.length < bufferBytes(source)) {
      chunk = new byte[bufferBytes(source)];
    }
    delivered = 0;
    watch = source.stamp() == null ? null : source.stamp().new Watch();
    CRC32 sum = source.checksum() == null ? null : new CRC32();
    Sink checked =
        (bytes, count) -> {
          if (sum != null) {
            sum.update(bytes, 0, count);
          }
          sink.accept(bytes, count);
        };
    try (RangeSource file = storage.open(source.file())) {
      source.requireAsPlanned(file);
      long available = Math.max(0, file.lengthBytes() - source.offset());
      if (available < length) {
        throw UserInputException.inTensor(
            RejectCode.READ_FAILED,
            source.file(),
            source.matrix(),
            "found %d of %d bytes".formatted(available, length));
      }
      if (length == source.lengthBytes()) {
        streamRange(file, source.offset(), length, checked);
      } else {
        streamRows(file, source, checked);
      }
      if (watch != null && !file.failsWhenReplaced()) {
        requireAsPlanned(source);
      }
    } catch (EOFException e) {
      requireAsPlanned(source, e);
      throw UserInputException.inTensor(
          RejectCode.READ_FAILED,
          source.file(),
          source.matrix(),
          "the file became shorter while it was read; found at least %d of %d bytes"
              .formatted(delivered, source.lengthBytes()));
    } catch (FileNotFoundException e) {
      requireAsPlanned(source, e);
      throw (FileNotFoundException) new FileNotFoundException(place(source, e)).initCause(e);
    } catch (IOException e) {
      requireAsPlanned(source, e);
      throw new IOException(place(source, e), e);
    } catch (RuntimeException e) {
      requireAsPlanned(source, e);
      throw e;
    }
    if (watch != null) {
      watch.require(source.file(), source.matrix());
    }
    if (sum != null) {
      source.checksum().require(sum.getValue(), source.file(), source.matrix());
    }
  }

  private void see(long offset, int count) {
    if (watch != null) {
      watch.see(offset, chunk, count);
    }
  }

  /** Requires the file that is there now to be the one that was planned with. */
  private void requireAsPlanned(MatrixSource source) throws IOException {
    if (source.stamp() != null) {
      source.stamp().requireStill(storage, source.file());
    }
  }

  /** The same after a fault, which may come of reading two files. */
  private void requireAsPlanned(MatrixSource source, Exception fault) {
    try {
      requireAsPlanned(source);
    } catch (IOException e) {
      fault.addSuppressed(e);
    }
    if (watch != null) {
      watch.require(source.file(), source.matrix());
    }
  }

  private void streamRange(RangeSource file, long offset, long length, Sink sink)
      throws IOException {
    for (long done = 0; done < length; ) {
      int count = (int) Math.min(chunkBytes, length - done);
      file.readFully(offset + done, chunk, 0, count);
      see(offset + done, count);
      sink.accept(chunk, count);
      done += count;
      delivered += count;
    }
  }

  /**
   * Rows with a gap between them: many in one range where the gaps are short, else many ranges at
   * once.
   */
  private void streamRows(RangeSource file, MatrixSource source, Sink sink) throws IOException {
    int storedRows = source.transposed() ? source.cols() : source.rows();
    long rowBytes = source.lengthBytes() / storedRows;
    long pitch = source.pitchBytes();
    if (rowBytes > chunkBytes) {
      for (long row = 0; row < storedRows; row++) {
        streamRange(file, source.offset() + row * pitch, rowBytes, sink);
      }
      return;
    }
    boolean worthAsking = pitch - rowBytes > rowBytes && rowBytes >= LEAST_RANGE_BYTES;
    if (pitch > chunkBytes || worthAsking) {
      streamRowsAsRanges(file, source, storedRows, (int) rowBytes, sink);
      return;
    }
    int atOnce = (int) (chunkBytes / pitch);
    for (int row = 0; row < storedRows; row += atOnce) {
      int count = Math.min(atOnce, storedRows - row);
      int span = (int) ((count - 1) * pitch + rowBytes);
      file.readFully(source.offset() + row * pitch, chunk, 0, span);
      see(source.offset() + row * pitch, span);
      for (int i = 1; i < count; i++) {
        System.arraycopy(chunk, (int) (i * pitch), chunk, (int) (i * rowBytes), (int) rowBytes);
      }
      sink.accept(chunk, (int) (count * rowBytes));
      delivered += count * rowBytes;
    }
  }

  private void streamRowsAsRanges(
      RangeSource file, MatrixSource source, int storedRows, int rowBytes, Sink sink)
      throws IOException {
    int atOnce = chunkBytes / rowBytes;
    for (int row = 0; row < storedRows; row += atOnce) {
      int count = Math.min(atOnce, storedRows - row);
      List<RangeSource.Range> ranges = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        ranges.add(
            new RangeSource.Range(source.offset() + (row + i) * source.pitchBytes(), rowBytes));
      }
      file.readFully(ranges, chunk);
      sink.accept(chunk, count * rowBytes);
      delivered += (long) count * rowBytes;
    }
  }

  private static String place(MatrixSource source, IOException cause) {
    return "[%s] Tensor %s: cannot read %d bytes from byte %d on: %s"
        .formatted(
            source.file(),
            source.matrix(),
            source.lengthBytes(),
            source.offset(),
            cause.getMessage());
  }
}
