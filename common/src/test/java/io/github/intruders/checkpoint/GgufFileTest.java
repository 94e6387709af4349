package io.github.intruders.checkpoint;

import static io.github.intruders.checkpoint.Twins.STORAGE;
import static io.github.intruders.checkpoint.Twins.fixture;
import static io.github.intruders.checkpoint.Twins.twin;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the gguf package wrote is found where it finds it. */
class GgufFileTest {
  private static final String URI = "memory:/model.gguf";

  private static Checkpoint open(String name) throws IOException {
    return Checkpoint.open(STORAGE, fixture(name).toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gguf/plain.gguf", "gguf/aligned.gguf"})
  void everyTensorIsTheTwins(String name) throws IOException {
    Checkpoint checkpoint = open(name);

    assertThat(checkpoint.faults()).isEmpty();
    assertThat(checkpoint.tensors()).hasSize(7);
    Twins.assertSame(checkpoint.tensors(), twin(name));
  }

  @Test
  void quantisedTensorsAreRefusedByTypeAndTheRestIsRead() throws IOException {
    Checkpoint checkpoint = open("gguf/quantised.gguf");

    Twins.assertSame(checkpoint.tensors(), twin("gguf/quantised.gguf"));
    assertThat(checkpoint.unusable())
        .containsOnlyKeys("blk.0.attn_q.weight", "blk.0.attn_v.weight");
    assertThat(checkpoint.faults()).hasSize(1);
    assertThat(checkpoint.faults().get(0).code()).isEqualTo(RejectCode.DTYPE_UNSUPPORTED);
    assertThat(checkpoint.faults().get(0))
        .hasMessage(
            "[file:%s] Weights quantised as Q8_0 can't be analysed: 2 of its tensors, the first"
                    .formatted(fixture("gguf/quantised.gguf"))
                + " being blk.0.attn_q.weight; use the F32, F16 or BF16 file that it was made from");
  }

  // ---- broken files, byte by byte

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private GgufFileTest header(int version, long tensors, long keys) {
    bytes.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    return number(version).number(tensors).number(keys);
  }

  private GgufFileTest number(int value) {
    bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  private GgufFileTest number(long value) {
    bytes.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    return this;
  }

  private GgufFileTest text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    number((long) utf8.length);
    bytes.writeBytes(utf8);
    return this;
  }

  private GgufFileTest tensor(String name, int type, long offset, long... dimensions) {
    text(name).number(dimensions.length);
    Arrays.stream(dimensions).forEach(this::number);
    return number(type).number(offset);
  }

  private GgufFileTest data(int count) {
    int padding = -bytes.size() & 31;
    bytes.writeBytes(new byte[padding + count]);
    return this;
  }

  private TensorFile parsed() throws IOException {
    return TensorFile.read(new BytesSource(URI, bytes.toByteArray()));
  }

  private void assertRefused(RejectCode code, String message) {
    UserInputException refusal = catchThrowableOfType(UserInputException.class, this::parsed);

    assertThat(refusal).hasMessage("[%s] %s".formatted(URI, message));
    assertThat(refusal.code()).isEqualTo(code);
  }

  @Test
  void aWholeFileIsRead() throws IOException {
    header(3, 2, 0).tensor("a", 0, 0, 3, 2).tensor("b", 1, 32, 4).data(32 + 8);

    assertThat(parsed().tensors().get("a").description()).isEqualTo("F32 2x3");
    assertThat(parsed().tensors().get("b").lengthBytes()).isEqualTo(8);
  }

  @Test
  void anotherFileIsRefused() {
    bytes.writeBytes(new byte[64]);

    assertRefused(RejectCode.FORMAT_UNSUPPORTED, "Expected a GGUF file, which starts with GGUF");
  }

  @Test
  void aBigEndianFileIsRefused() {
    header(3 << 24, 0, 0);

    assertRefused(
        RejectCode.FORMAT_UNSUPPORTED,
        "Expected numbers in little-endian order, found big-endian; convert the model again on a"
            + " little-endian machine");
  }

  @Test
  void anotherVersionIsRefused() {
    header(1, 0, 0);

    assertRefused(
        RejectCode.FORMAT_UNSUPPORTED,
        "Expected GGUF version 2 or 3, found 1; convert the model again with today's llama.cpp");
  }

  @Test
  void onePartOfSeveralIsRefused() {
    header(3, 0, 1).text("split.count").number(2);
    bytes.writeBytes(new byte[] {3, 0});

    assertRefused(
        RejectCode.FORMAT_UNSUPPORTED,
        "This is one of 3 parts; join them with llama-gguf-split --merge");
  }

  @ParameterizedTest
  @ValueSource(longs = {65_537, Long.MAX_VALUE, -1})
  void tooManyTensorsAreRefused(long tensors) {
    header(3, tensors, 0);

    assertRefused(
        RejectCode.HEADER_TOO_LARGE,
        "The header claims %s tensors; at most 65536 are read"
            .formatted(Long.toUnsignedString(tensors)));
  }

  @Test
  void overlappingTensorsAreRefused() {
    header(3, 2, 0).tensor("a", 0, 0, 16).tensor("b", 0, 32, 4).data(100);

    assertRefused(
        RejectCode.TENSOR_OFFSETS, "Tensor b: begins at byte 32 of the data, expected 64");
  }

  @Test
  void aTensorBeyondTheFileIsRefused() {
    header(3, 1, 0).tensor("a", 0, 0, 16).data(63);

    assertRefused(
        RejectCode.FILE_SIZE,
        "The file of %d bytes is cut off within tensor a".formatted(bytes.size()));
  }

  @Test
  void aProductThatOverflowsIsRefused() {
    header(3, 1, 0).tensor("a", 0, 0, 1L << 40, 1L << 40).data(0);

    assertRefused(
        RejectCode.HEADER_INVALID,
        "The header is broken: a number in the header exceeds any file's");
  }

  @Test
  void aNameTwiceIsRefused() {
    header(3, 2, 0).tensor("a", 0, 0, 8).tensor("a", 0, 32, 8).data(64);

    assertRefused(RejectCode.DUPLICATE_TENSOR, "Tensor a: stands twice in the header");
  }

  @Test
  void anUnknownTypeIsRefused() {
    header(3, 1, 0).tensor("a", 99, 0, 8).data(64);

    assertRefused(RejectCode.DTYPE_UNSUPPORTED, "Tensor a: element type 99 is not known");
  }

  @Test
  void listsInListsInListsAreRefused() {
    header(3, 0, 1).text("deep").number(9);
    for (int i = 0; i < 10; i++) {
      number(9).number(1L);
    }

    assertRefused(
        RejectCode.HEADER_INVALID, "The header is broken: the value of deep is of no known type");
  }

  /** A file of a terabyte, of which only the beginning is not zero. */
  private RangeSource endless() {
    byte[] start = bytes.toByteArray();
    return new RangeSource() {
      @Override
      public String uri() {
        return URI;
      }

      @Override
      public long lengthBytes() {
        return 1L << 40;
      }

      @Override
      public void readFully(long offset, byte[] into, int from, int count) {
        for (int i = 0; i < count; i++) {
          into[from + i] = offset + i < start.length ? start[(int) offset + i] : 0;
        }
      }

      @Override
      public void close() {}
    };
  }

  @Test
  void aHeaderOfMoreThanAHundredMegabytesIsGivenUp() {
    header(3, 0, 1).text("tokens").number(9).number(8).number(1L << 39);

    UserInputException refusal =
        catchThrowableOfType(UserInputException.class, () -> TensorFile.read(endless()));

    assertThat(refusal).hasMessage("[%s] The header takes more than 100000000 bytes", URI);
    assertThat(refusal.code()).isEqualTo(RejectCode.HEADER_TOO_LARGE);
  }
}
