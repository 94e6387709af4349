package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorReaderTest {
  @TempDir Path folder;
  private final CountingStorage storage =
      new CountingStorage(new HadoopStorage(new Configuration()));
  private final TensorReader reader = new TensorReader(storage);
  private Arena arena;

  @BeforeEach
  void openArena() {
    arena = Arena.open();
  }

  @AfterEach
  void closeArena() {
    arena.close();
  }

  private Map<String, TensorInfo> write(SafetensorsFile file) throws IOException {
    Path path = file.write(folder.resolve("model.safetensors"));
    return Checkpoint.open(storage, path.toString()).tensors();
  }

  private MatrixSource write(String dtype, int rows, int cols, byte[] bytes) throws IOException {
    return source(
        write(new SafetensorsFile().add("w", dtype, List.of(rows, cols), bytes)).get("w"));
  }

  private static MatrixSource source(TensorInfo tensor) {
    return MatrixSource.of(tensor, false).get(0);
  }

  private String uri() {
    return "file:" + folder.resolve("model.safetensors");
  }

  private void assertRefused(
      MatrixSource source, Precision precision, RejectCode code, String message) {
    UserInputException refusal =
        catchThrowableOfType(UserInputException.class, () -> reader.read(source, precision));
    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage()).isEqualTo(message);
    assertThat(refusal.code()).isEqualTo(code);
    assertThat(refusal.tensor()).contains(source.matrix());
    assertThat(refusal.file()).contains(uri());
  }

  // ---- element types

  /** A half by the definition of IEEE 754, not by moving bits. */
  private static double half(int bits) {
    int exponent = (bits >> 10) & 0x1f;
    double fraction = (bits & 0x3ff) / 1024.0;
    double magnitude =
        exponent == 0 ? Math.scalb(fraction, -14) : Math.scalb(1 + fraction, exponent - 15);
    return (bits & 0x8000) == 0 ? magnitude : -magnitude;
  }

  private static double brainFloat(int bits) {
    int exponent = (bits >> 7) & 0xff;
    double fraction = (bits & 0x7f) / 128.0;
    double magnitude =
        exponent == 0 ? Math.scalb(fraction, -126) : Math.scalb(1 + fraction, exponent - 127);
    return (bits & 0x8000) == 0 ? magnitude : -magnitude;
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void everyFiniteHalfIsExact(Precision precision) throws IOException {
    int[] bits = IntStream.range(0, 1 << 16).filter(i -> (i & 0x7c00) != 0x7c00).toArray();
    MatrixSource source = write("F16", 2, bits.length / 2, SafetensorsFile.shorts(bits));

    assertElements(
        reader.read(source, precision), IntStream.of(bits).mapToDouble(i -> half(i)).toArray());
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void everyFiniteBrainFloatIsExact(Precision precision) throws IOException {
    int[] bits = IntStream.range(0, 1 << 16).filter(i -> (i & 0x7f80) != 0x7f80).toArray();
    MatrixSource source = write("BF16", 2, bits.length / 2, SafetensorsFile.shorts(bits));

    assertElements(
        reader.read(source, precision),
        IntStream.of(bits).mapToDouble(i -> brainFloat(i)).toArray());
  }

  /** Compares bits, so that −0 is not 0. */
  private static void assertElements(Matrix matrix, double[] expected) {
    assertThat((long) matrix.rows() * matrix.cols()).isEqualTo(expected.length);
    for (int i = 0; i < expected.length; i++) {
      double found = matrix.get(i / matrix.cols(), i % matrix.cols());
      if (Double.doubleToRawLongBits(found) != Double.doubleToRawLongBits(expected[i])) {
        assertThat(found).as("element %d", i).isEqualTo(expected[i]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void floatsAreExact(Precision precision) throws IOException {
    float[] values = {
      0f, -0f, 1.5f, -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_NORMAL, 0.1f
    };
    MatrixSource source = write("F32", 4, 2, SafetensorsFile.floats(values));

    Matrix matrix = reader.read(source, precision);

    assertThat(matrix.precision()).isEqualTo(precision);
    assertElements(matrix, IntStream.range(0, 8).mapToDouble(i -> values[i]).toArray());
  }

  @Test
  void doublesAreExactInDoublePrecisionAndRoundedInSingle() throws IOException {
    double[] values = {Math.PI, -0.0, 1e300, Double.MIN_VALUE, Double.MAX_VALUE, 1};
    MatrixSource exact = write("F64", 2, 3, SafetensorsFile.doubles(values));
    assertElements(reader.read(exact, Precision.DOUBLE), values);

    MatrixSource rounded = write("F64", 1, 2, SafetensorsFile.doubles(Math.PI, 1e-300));
    assertElements(reader.read(rounded, Precision.SINGLE), new double[] {(float) Math.PI, 0});
  }

  @Test
  void elementsNeedNoAlignment() throws IOException {
    Map<String, TensorInfo> tensors =
        write(
            new SafetensorsFile()
                .add("odd", "U8", List.of(3), new byte[3])
                .add("w", "BF16", List.of(1, 2), SafetensorsFile.shorts(0x3f80, 0xc000)));
    long dataStart = tensors.get("odd").offset();

    assertThat(tensors.get("w").offset()).isEqualTo(dataStart + 3);
    assertElements(reader.read(source(tensors.get("w")), Precision.SINGLE), new double[] {1, -2});
  }

  @Test
  void anEmptyMatrixIsLegal() throws IOException {
    Matrix matrix = reader.read(write("F32", 0, 7, new byte[0]), Precision.SINGLE);

    assertThat(matrix.rows()).isZero();
    assertThat(matrix.cols()).isEqualTo(7);
  }

  // ---- refusals

  @ParameterizedTest
  @CsvSource({
    "F16,7e01,NaN",
    "F16,7c00,Infinity",
    "F16,fc00,-Infinity",
    "BF16,ffc0,NaN",
    "BF16,7f80,Infinity",
    "BF16,ff80,-Infinity"
  })
  void elementsThatAreNotFiniteAreRefused(String dtype, String bits, String shown)
      throws IOException {
    int value = Integer.parseInt(bits, 16);
    MatrixSource source = write(dtype, 2, 3, SafetensorsFile.shorts(0, 0, 0, 0, value, value));

    for (Precision precision : Precision.values()) {
      assertRefused(
          source,
          precision,
          RejectCode.NOT_FINITE,
          "[%s] Tensor w: 2 of 6 elements are NaN or infinite, the first is %s at row 1, column 1"
              .formatted(uri(), shown));
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void floatsThatAreNotFiniteAreRefused(float value) throws IOException {
    MatrixSource source = write("F32", 2, 2, SafetensorsFile.floats(0, 0, value, 0));

    for (Precision precision : Precision.values()) {
      assertRefused(
          source,
          precision,
          RejectCode.NOT_FINITE,
          "[%s] Tensor w: 1 of 4 elements is NaN or infinite, the first is %s at row 1, column 0"
              .formatted(uri(), value));
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void doublesThatAreNotFiniteAreRefused(double value) throws IOException {
    MatrixSource source = write("F64", 1, 3, SafetensorsFile.doubles(0, value, 1e300));

    for (Precision precision : Precision.values()) {
      assertRefused(
          source,
          precision,
          RejectCode.NOT_FINITE,
          "[%s] Tensor w: 1 of 3 elements is NaN or infinite, the first is %s at row 0, column 1"
              .formatted(uri(), value));
    }
  }

  @Test
  void doublesTooLargeForSinglePrecisionAreRefused() throws IOException {
    MatrixSource source = write("F64", 1, 3, SafetensorsFile.doubles(0, -1e300, 3.5e38));

    assertRefused(
        source,
        Precision.SINGLE,
        RejectCode.NOT_FINITE,
        ("[%s] Tensor w: 2 of 3 elements are too large for single precision, the first is -1.0E300"
                + " at row 0, column 1")
            .formatted(uri()));
  }

  @Test
  void placesAreCountedOverChunksAndInTheStoredOrder() throws IOException {
    float[] values = new float[6 * 5];
    values[17] = Float.NaN;
    values[28] = Float.NaN;
    Map<String, TensorInfo> tensors =
        write(new SafetensorsFile().addFloats("w", List.of(6, 5), values));
    MatrixSource transposed = MatrixSource.of(tensors.get("w"), true).get(0);
    TensorReader smallChunks = new TensorReader(storage, 16);

    assertThatThrownBy(() -> smallChunks.read(transposed, Precision.SINGLE))
        .hasMessage(
            "[%s] Tensor w: 2 of 30 elements are NaN or infinite, the first is NaN at row 3, column"
                    .formatted(uri())
                + " 2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "I32|4|they are whole numbers, as in weights packed by bitsandbytes, GPTQ, AWQ or MXFP4;"
            + " use the checkpoint from before the quantisation",
        "F8_E4M3|1|8-bit floating point weights count only together with their scales; convert the"
            + " checkpoint to BF16 first",
        "C64|8|complex weights have no real singular vectors",
        "BOOL|1|they are truth values, not weights"
      })
  void elementsThatCannotBeReadAreRefused(String dtype, int width, String reason)
      throws IOException {
    MatrixSource source = write(dtype, 1, 2, new byte[2 * width]);

    assertRefused(
        source,
        Precision.SINGLE,
        RejectCode.DTYPE_UNSUPPORTED,
        "[%s] Tensor w: %s elements can't be analysed: %s".formatted(uri(), dtype, reason));
  }

  @Test
  void onlyFourElementTypesAreReadable() {
    assertThat(DType.values())
        .filteredOn(DType::readable)
        .containsExactlyInAnyOrder(DType.F64, DType.F32, DType.F16, DType.BF16);
  }

  @Test
  void aFileThatWasCutSinceIsRefused() throws IOException {
    MatrixSource source = write("F32", 2, 2, SafetensorsFile.floats(1, 2, 3, 4));
    try (RandomAccessFile file =
        new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
      file.setLength(file.length() - 3);
    }

    assertRefused(
        source.stampedBy(null),
        Precision.SINGLE,
        RejectCode.READ_FAILED,
        "[%s] Tensor w: found 13 of 16 bytes".formatted(uri()));
  }

  @Test
  void aFileThatIsGoneIsNamed() throws IOException {
    MatrixSource source = write("F32", 2, 2, SafetensorsFile.floats(1, 2, 3, 4));
    Files.delete(folder.resolve("model.safetensors"));

    assertThatThrownBy(() -> reader.read(source.stampedBy(null), Precision.SINGLE))
        .isInstanceOf(FileNotFoundException.class)
        .hasMessage(
            "[%s] Tensor w: cannot read 16 bytes from byte %d on: [%s] No such file or folder"
                .formatted(uri(), source.offset(), uri()));
  }

  /** A file that claims a length and fails to deliver it. */
  private record FailingSource(String uri, IOException failure) implements RangeSource {
    @Override
    public long lengthBytes() {
      return 1000;
    }

    @Override
    public void readFully(long offset, byte[] into, int start, int count) throws IOException {
      if (offset + count > 40) {
        throw failure;
      }
    }

    @Override
    public void close() {}
  }

  private static TensorReader failing(IOException failure) {
    Storage storage =
        (Storage)
            Proxy.newProxyInstance(
                TensorReaderTest.class.getClassLoader(),
                new Class<?>[] {Storage.class},
                (proxy, method, arguments) -> {
                  assertThat(method.getName()).isEqualTo("open");
                  return new FailingSource((String) arguments[0], failure);
                });
    return new TensorReader(storage, 16);
  }

  @Test
  void aFileThatShrinksWhileItIsReadIsRefused() {
    TensorReader failingReader = failing(new EOFException());
    MatrixSource source = new MatrixSource("w", "memory:/x", DType.F32, 8, 5, 4, false);

    assertThatThrownBy(() -> failingReader.read(source, Precision.SINGLE))
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "[memory:/x] Tensor w: the file became shorter while it was read; found at least 32 of"
                + " 80 bytes");
  }

  @Test
  void aStorageThatFailsStaysAnIoException() {
    IOException failure = new IOException("connection reset");
    TensorReader failingReader = failing(failure);
    MatrixSource source = new MatrixSource("w", "memory:/x", DType.F32, 8, 5, 4, false);

    assertThatThrownBy(() -> failingReader.contentHash(source))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("[memory:/x] Tensor w: cannot read 80 bytes from byte 8 on: connection reset")
        .hasCause(failure);
  }

  // ---- layout

  @Test
  void aTransposedMatrixIsTurnedRound() throws IOException {
    Map<String, TensorInfo> tensors =
        write(new SafetensorsFile().addFloats("w", List.of(2, 3), 1, 2, 3, 4, 5, 6));
    MatrixSource source = MatrixSource.of(tensors.get("w"), true).get(0);

    Matrix matrix = reader.read(source, Precision.DOUBLE);

    assertThat(source.rows()).isEqualTo(3);
    assertThat(source.cols()).isEqualTo(2);
    assertThat(matrix.rows()).isEqualTo(3);
    assertElements(matrix, new double[] {1, 4, 2, 5, 3, 6});
  }

  @Test
  void slicesOfThreeDimensionsAreMatrices() throws IOException {
    Map<String, TensorInfo> tensors =
        write(
            new SafetensorsFile()
                .addFloats("e", List.of(2, 1, 3), 1, 2, 3, 4, 5, 6)
                .addFloats("none", List.of(1000000000, 0, 0)));

    List<MatrixSource> slices = MatrixSource.of(tensors.get("e"), false);
    List<MatrixSource> turned = MatrixSource.of(tensors.get("e"), true);

    assertThat(slices).extracting(MatrixSource::matrix).containsExactly("e[0]", "e[1]");
    assertElements(reader.read(slices.get(1), Precision.SINGLE), new double[] {4, 5, 6});
    assertThat(turned.get(1).rows()).isEqualTo(3);
    assertElements(reader.read(turned.get(1), Precision.SINGLE), new double[] {4, 5, 6});
    assertThat(MatrixSource.of(tensors.get("none"), false)).isEmpty();
  }

  @Test
  void aVectorIsNoMatrix() {
    TensorInfo vector = new TensorInfo("v", DType.F32, List.of(3L), "memory:/x", 0, 12);

    assertThatThrownBy(() -> MatrixSource.of(vector, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot see a matrix in tensor v, F32 3: expected 2 or 3 dimensions");
  }

  @Test
  void dimensionsBeyondAnIntAreRefused() {
    TensorInfo wide =
        new TensorInfo("w", DType.F32, List.of(1L, 1L << 31), "memory:/x", 0, 4L << 31);
    TensorInfo deep = new TensorInfo("e", DType.U8, List.of(65537L, 1L, 1L), "memory:/x", 0, 65537);

    assertThatThrownBy(() -> MatrixSource.of(wide, false))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[memory:/x] Tensor w: dimension 1 of F32 1x2147483648 exceeds 2147483647");
    assertThatThrownBy(() -> MatrixSource.of(deep, false))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[memory:/x] Tensor e: U8 65537x1x1 has more than 65536 slices");
  }

  @ParameterizedTest
  @CsvSource({"F64,8", "F32,8", "F16,8", "BF16,16", "F32,24"})
  void chunksJoinWithoutSeams(String dtype, int chunkBytes) throws IOException {
    int width = DType.valueOf(dtype).bits() / 8;
    byte[] bytes = new byte[7 * 11 * width];
    new Random(5).nextBytes(bytes);
    for (int i = width - 1; i < bytes.length; i += width) {
      bytes[i] &= (byte) 0xbf; // keeps the exponent away from that of infinity
    }
    MatrixSource source = write(dtype, 7, 11, bytes);
    TensorReader smallChunks = new TensorReader(storage, chunkBytes);

    Matrix whole = reader.read(source, Precision.DOUBLE);
    Matrix chunked = smallChunks.read(source, Precision.DOUBLE);

    for (int i = 0; i < 7; i++) {
      assertThat(chunked.row(i)).isEqualTo(whole.row(i));
    }
  }

  @Test
  void aMatrixOfManyBlocksIsWhole() throws IOException {
    int rows = 300;
    int cols = 401;
    float[] values = new float[rows * cols];
    Random random = new Random(6);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    MatrixSource source = write("F32", rows, cols, SafetensorsFile.floats(values));

    assertElements(
        reader.read(source, Precision.SINGLE),
        IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray());
  }

  @Test
  void aVectorIsReadInDoublePrecision() throws IOException {
    Map<String, TensorInfo> tensors =
        write(
            new SafetensorsFile()
                .add("s", "F64", List.of(3), SafetensorsFile.doubles(3, 2, 1e-9))
                .addFloats("w", List.of(1, 1), 1));

    assertThat(reader.readVector(tensors.get("s"))).containsExactly(3, 2, 1e-9);
    assertThatThrownBy(() -> reader.readVector(tensors.get("w")))
        .hasMessage("Cannot see a vector in tensor w, F32 1x1");
  }

  // ---- what is asked of the storage

  @Test
  void nothingButTheMatrixIsRead() throws IOException {
    Map<String, TensorInfo> tensors =
        write(
            new SafetensorsFile()
                .addFloats("before", List.of(100), new float[100])
                .addFloats("w", List.of(2, 3), 1, 2, 3, 4, 5, 6)
                .addFloats("after", List.of(100), new float[100]));
    long bytes = storage.bytesRead();
    long requests = storage.requests();

    reader.readWithHash(source(tensors.get("w")), Precision.SINGLE);

    assertThat(storage.bytesRead() - bytes).isEqualTo(24);
    assertThat(storage.requests() - requests).isEqualTo(1);
  }

  @Test
  void placesBeyondTwoGibibytesAreRead() throws IOException {
    long before = 3L << 30;
    String header =
        "{\"before\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
                .formatted(before, before)
            + "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[%d,%d]}}"
                .formatted(before, before + 24);
    byte[] start = SafetensorsFile.of(header, new byte[0]);
    Path path = folder.resolve("model.safetensors");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(start.length + before + 24); // sparse: takes no room
      file.write(start);
      file.seek(start.length + before);
      file.write(SafetensorsFile.floats(1, 2, 3, 4, 5, 6));
    }

    TensorInfo tensor = Checkpoint.open(storage, folder.toString()).tensors().get("w");

    assertThat(tensor.offset()).isEqualTo(start.length + before);
    assertElements(reader.read(source(tensor), Precision.SINGLE), new double[] {1, 2, 3, 4, 5, 6});
  }

  @Test
  void slicesBeyondTwoGibibytesHaveTheirPlace() {
    long slice = 16384L * 16384 * 2;
    TensorInfo experts =
        new TensorInfo("e", DType.BF16, List.of(8L, 16384L, 16384L), "memory:/x", 100, 8 * slice);

    MatrixSource last = MatrixSource.of(experts, false).get(7);

    assertThat(last.offset()).isEqualTo(100 + 7 * slice);
    assertThat(last.lengthBytes()).isEqualTo(slice);
  }

  // ---- content hashes

  @Test
  void theHashIsThatOfLayoutAndBytes() throws Exception {
    byte[] bytes = SafetensorsFile.floats(1, 2, 3, 4, 5, 6);
    MatrixSource source = write("F32", 2, 3, bytes);
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update("F32 2 3 false\n".getBytes(StandardCharsets.UTF_8));
    String expected = HexFormat.of().formatHex(digest.digest(bytes));

    ReadMatrix read = reader.readWithHash(source, Precision.DOUBLE);

    assertThat(reader.contentHash(source)).isEqualTo(expected);
    assertThat(new TensorReader(storage, 8).contentHash(source)).isEqualTo(expected);
    assertThat(read.contentHash()).isEqualTo(expected);
    assertElements(read.matrix(), new double[] {1, 2, 3, 4, 5, 6});
  }

  @Test
  void theHashTellsLayoutsApart() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    Map<String, TensorInfo> tensors =
        write(
            new SafetensorsFile()
                .add("f32", "F32", List.of(2, 2), bytes.array())
                .add("other", "F32", List.of(2, 2), bytes.array())
                .add("wide", "F32", List.of(1, 4), bytes.array())
                .add("bf16", "BF16", List.of(2, 4), bytes.array()));
    String hash = reader.contentHash(source(tensors.get("f32")));

    assertThat(reader.contentHash(source(tensors.get("other")))).isEqualTo(hash);
    assertThat(reader.contentHash(source(tensors.get("wide")))).isNotEqualTo(hash);
    assertThat(reader.contentHash(source(tensors.get("bf16")))).isNotEqualTo(hash);
    assertThat(reader.contentHash(MatrixSource.of(tensors.get("f32"), true).get(0)))
        .isNotEqualTo(hash);
  }

  // ---- some rows of a matrix

  @ParameterizedTest
  @ValueSource(ints = {8, 32, 40, 64, 1 << 20})
  void rowsOfAMatrixAreReadAsThoseOfTheWhole(int chunkBytes) throws IOException {
    double[] values = IntStream.range(0, 7 * 5).mapToDouble(i -> i).toArray();
    MatrixSource stored = write("F64", 7, 5, SafetensorsFile.doubles(values));
    MatrixSource byRows =
        new MatrixSource("w", stored.file(), DType.F64, stored.offset(), 7, 5, false);
    MatrixSource byColumns =
        new MatrixSource("w", stored.file(), DType.F64, stored.offset(), 5, 7, true);
    TensorReader chunked = new TensorReader(storage, chunkBytes);
    try (Arena arena = Arena.open()) {
      for (MatrixSource whole : List.of(byRows, byColumns)) {
        Matrix all = chunked.read(whole, Precision.DOUBLE);
        for (int from = 0; from < whole.rows(); from++) {
          MatrixSource some = whole.rowRange("w[q]", from, Math.min(3, whole.rows() - from));
          Matrix found = chunked.read(some, Precision.DOUBLE);
          assertThat(found.rows()).isEqualTo(some.rows());
          for (int i = 0; i < found.rows(); i++) {
            assertThat(found.row(i)).isEqualTo(all.row(from + i));
          }
          assertThat(reader.contentHash(some)).isEqualTo(chunked.contentHash(some));
        }
      }
    }
  }

  @Test
  void rowsThatAMatrixLacksAreNotTaken() throws IOException {
    MatrixSource whole = write("F32", 2, 1, SafetensorsFile.floats(1, 2));

    assertThatThrownBy(() -> whole.rowRange("w[q]", 1, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot take 2 rows from row 1 on of w, 2x1");
  }
}
