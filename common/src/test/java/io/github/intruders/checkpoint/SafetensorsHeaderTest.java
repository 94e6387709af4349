package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.management.ThreadMXBean;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsHeaderTest {
  private static final String URI = "memory:/m.safetensors";

  private static SafetensorsHeader parse(byte[] file) throws IOException {
    return SafetensorsHeader.parse(new BytesSource(URI, file));
  }

  private static SafetensorsHeader parse(String header, int dataBytes) throws IOException {
    return parse(SafetensorsFile.of(header, new byte[dataBytes]));
  }

  private static void assertRefused(byte[] file, RejectCode code, String message) {
    UserInputException refusal = catchThrowableOfType(UserInputException.class, () -> parse(file));
    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage()).isEqualTo(message);
    assertThat(refusal.code()).isEqualTo(code);
    assertThat(refusal.file()).contains(URI);
  }

  private static void assertRefused(String header, int dataBytes, RejectCode code, String message) {
    assertRefused(SafetensorsFile.of(header, new byte[dataBytes]), code, message);
  }

  private static String tensor(String name, String dtype, String shape, String offsets) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}"
        .formatted(name, dtype, shape, offsets);
  }

  // ---- what is legal

  @Test
  void tensorsAreFoundWhereTheyLie() throws IOException {
    byte[] file =
        new SafetensorsFile()
            .add("b", "U8", List.of(3), new byte[3])
            .add("a", "BF16", List.of(2, 1), new byte[4])
            .bytes();

    SafetensorsHeader header = parse(file);

    int start = file.length - 7;
    assertThat(header.tensors().values())
        .containsExactly(
            new TensorInfo("b", DType.U8, List.of(3L), URI, start, 3),
            new TensorInfo("a", DType.BF16, List.of(2L, 1L), URI, start + 3, 4));
    assertThat(header.metadata()).isEmpty();
  }

  @Test
  void theOrderIsThatOfTheBytesWhateverTheHeaderSays() throws IOException {
    String header =
        "{%s,%s}".formatted(tensor("z", "U8", "[2]", "[1,3]"), tensor("y", "U8", "[1]", "[0,1]"));

    assertThat(parse(header, 3).tensors().keySet()).containsExactly("y", "z");
  }

  @Test
  void metadataIsKept() throws IOException {
    assertThat(parse("{\"__metadata__\":{\"format\":\"pt\",\"é\":\"\"}}", 0).metadata())
        .isEqualTo(Map.of("format", "pt", "é", ""));
  }

  @Test
  void spacesMayStandBeforeAndAfterTheJson() throws IOException {
    String header = "  {%s}   ".formatted(tensor("a", "U8", "[1]", "[0,1]"));

    assertThat(parse(header, 1).tensors()).containsOnlyKeys("a");
  }

  @Test
  void scalarsAndEmptyTensorsAreLegal() throws IOException {
    String header =
        "{%s,%s,%s}"
            .formatted(
                tensor("empty", "F32", "[0,7]", "[0,0]"),
                tensor("scalar", "F32", "[]", "[0,4]"),
                tensor("end", "F32", "[5,0]", "[4,4]"));

    Map<String, TensorInfo> tensors = parse(header, 4).tensors();

    assertThat(tensors.keySet()).containsExactly("empty", "scalar", "end");
    assertThat(tensors.get("scalar").description()).isEqualTo("F32 scalar");
    assertThat(tensors.get("empty").description()).isEqualTo("F32 0x7");
  }

  @Test
  void aFileWithoutTensorsIsLegal() throws IOException {
    assertThat(parse("{}", 0).tensors()).isEmpty();
  }

  @Test
  void unknownFieldsOfATensorAreSkipped() throws IOException {
    String header =
        "{\"a\":{\"dtype\":\"U8\",\"extra\":{\"x\":[1,{}]},\"shape\":[1],\"data_offsets\":[0,1]}}";

    assertThat(parse(header, 1).tensors()).containsOnlyKeys("a");
  }

  @ParameterizedTest
  @CsvSource({
    "BOOL,8",
    "F4,4",
    "F6_E2M3,6",
    "F6_E3M2,6",
    "U8,8",
    "I8,8",
    "F8_E5M2,8",
    "F8_E4M3,8",
    "F8_E8M0,8",
    "F8_E4M3FNUZ,8",
    "F8_E5M2FNUZ,8",
    "I16,16",
    "U16,16",
    "F16,16",
    "BF16,16",
    "I32,32",
    "U32,32",
    "F32,32",
    "C64,64",
    "F64,64",
    "I64,64",
    "U64,64"
  })
  void everyDtypeHasItsWidth(String dtype, int bits) throws IOException {
    String header = "{%s}".formatted(tensor("a", dtype, "[4]", "[0," + bits / 2 + "]"));

    TensorInfo tensor = parse(header, bits / 2).tensors().get("a");

    assertThat(tensor.dtype().name()).isEqualTo(dtype);
    assertThat(tensor.dtype().bits()).isEqualTo(bits);
  }

  @Test
  void onlyTheHeaderIsAskedFor() throws IOException {
    byte[] file = new SafetensorsFile().add("a", "U8", List.of(1000), new byte[1000]).bytes();
    RangeSource source =
        new RangeSource() {
          @Override
          public String uri() {
            return URI;
          }

          @Override
          public long lengthBytes() {
            return file.length;
          }

          @Override
          public void readFully(long offset, byte[] into, int start, int count) {
            assertThat(offset + count).isLessThanOrEqualTo(file.length - 1000);
            System.arraycopy(file, (int) offset, into, start, count);
          }

          @Override
          public void close() {}
        };

    assertThat(SafetensorsHeader.parse(source).tensors()).containsOnlyKeys("a");
  }

  @Test
  void theZooIsReadable() throws IOException {
    byte[] file =
        Files.readAllBytes(Path.of(System.getProperty("zoo"), "base", "model.safetensors"));

    SafetensorsHeader header = parse(file);

    assertThat(header.metadata()).isEqualTo(Map.of("format", "pt"));
    assertThat(header.tensors()).hasSize(39);
    assertThat(header.tensors().get("model.layers.0.mlp.down_proj.weight").description())
        .isEqualTo("BF16 128x384");
  }

  // ---- the length

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7})
  void aFileTooShortForTheLengthIsRefused(int bytes) {
    assertRefused(
        new byte[bytes],
        RejectCode.HEADER_TOO_SMALL,
        "[%s] Expected at least 8 bytes, which hold the header's length; found %d"
            .formatted(URI, bytes));
  }

  @Test
  void aHeaderBeyondTheFormatsLimitIsRefused() {
    assertRefused(
        lengthOnly(100_000_001),
        RejectCode.HEADER_TOO_LARGE,
        "[%s] The header claims 100000001 bytes; at most 100000000 are legal".formatted(URI));
  }

  @Test
  void aLengthIsUnsigned() {
    assertRefused(
        lengthOnly(-1),
        RejectCode.HEADER_TOO_LARGE,
        "[%s] The header claims 18446744073709551615 bytes; at most 100000000 are legal"
            .formatted(URI));
  }

  @Test
  void aHeaderThatReachesBeyondTheFileIsRefused() {
    assertRefused(
        lengthOnly(100_000_000),
        RejectCode.HEADER_LENGTH,
        "[%s] The header claims to reach up to byte 100000008, but the file has 8 bytes"
            .formatted(URI));
  }

  private static byte[] lengthOnly(long length) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
  }

  @Test
  void aFileThatShrinksWhileItIsReadIsRefused() {
    RangeSource shrinking =
        new RangeSource() {
          @Override
          public String uri() {
            return URI;
          }

          @Override
          public long lengthBytes() {
            return 1000;
          }

          @Override
          public void readFully(long offset, byte[] into, int start, int count) throws IOException {
            throw new EOFException();
          }

          @Override
          public void close() {}
        };

    assertThat(
            catchThrowableOfType(
                UserInputException.class, () -> SafetensorsHeader.parse(shrinking)))
        .hasMessage("[%s] The file became shorter while it was read".formatted(URI))
        .extracting(UserInputException::code)
        .isEqualTo(RejectCode.READ_FAILED);
  }

  // ---- the text

  @ParameterizedTest
  @ValueSource(strings = {"", "   "})
  void anEmptyHeaderIsRefused(String header) {
    assertRefused(header, 0, RejectCode.HEADER_INVALID, "[%s] The header is empty".formatted(URI));
  }

  @ParameterizedTest
  @CsvSource({"'[]',5b", "'\n{}',0a", "'\uFEFF{}',ef", "'null',6e"})
  void aHeaderThatStartsWithAnythingElseIsRefused(String header, String found) {
    assertRefused(
        header,
        0,
        RejectCode.HEADER_INVALID,
        "[%s] The header must start with '{', found byte 0x%s".formatted(URI, found));
  }

  @Test
  void aHeaderThatIsNotUtf8IsRefused() {
    byte[] file = SafetensorsFile.of("{\"a\":1}", new byte[0]);
    file[10] = (byte) 0xff;

    assertRefused(
        file, RejectCode.HEADER_INVALID, "[%s] The header is not valid UTF-8".formatted(URI));
  }

  @Test
  void anOverlongUtf8SequenceIsRefused() {
    byte[] json = "{\"ab\":1}".getBytes(StandardCharsets.UTF_8);
    json[2] = (byte) 0xc1;
    json[3] = (byte) 0x81;
    byte[] file = SafetensorsFile.of("{\"ab\":1}", new byte[0]);
    System.arraycopy(json, 0, file, 8, json.length);

    assertRefused(
        file, RejectCode.HEADER_INVALID, "[%s] The header is not valid UTF-8".formatted(URI));
  }

  @Test
  void aHeaderThatIsNotJsonIsRefused() {
    assertRefused(
        "{\"a\" 1}",
        0,
        RejectCode.HEADER_INVALID,
        ("[%s] The header is not valid JSON at line 1, column 6: Unexpected character ('1' (code 49)):"
                + " was expecting a colon to separate field name and value")
            .formatted(URI));
  }

  @Test
  void aHeaderThatBreaksOffIsRefused() {
    assertThat(catchThrowableOfType(UserInputException.class, () -> parse("{\"a\":{\"dtype\":", 0)))
        .hasMessageStartingWith(
            "[%s] The header is not valid JSON at line 1, column".formatted(URI))
        .extracting(UserInputException::code)
        .isEqualTo(RejectCode.HEADER_INVALID);
  }

  @Test
  void textAfterTheJsonIsRefused() {
    assertRefused(
        "{} {}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] The header must end after its JSON object, found an object".formatted(URI));
  }

  @Test
  void deepNestingIsRefused() {
    String header = "{\"a\":{\"extra\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}}";

    assertRefused(
        header,
        0,
        RejectCode.HEADER_INVALID,
        ("[%s] The header is not valid JSON: Document nesting depth (65) exceeds the maximum allowed"
                + " (64, from `StreamReadConstraints.getMaxNestingDepth()`)")
            .formatted(URI));
  }

  private static String manyTensors(int count) {
    StringJoiner header = new StringJoiner(",", "{", "}");
    for (int i = 0; i < count; i++) {
      header.add(tensor("layers." + i, "U8", "[0,1,1]", "[0,0]"));
    }
    return header.toString();
  }

  @Test
  void aHeaderOfMoreTensorsThanAnyModelHasIsRefused() {
    assertRefused(
        manyTensors(250_001),
        0,
        RejectCode.HEADER_TOO_LARGE,
        "[%s] The header has more than 250000 tensors".formatted(URI));
  }

  @Test
  void theLargestHeaderTakesBoundedMemory() throws IOException {
    byte[] file = SafetensorsFile.of(manyTensors(250_000), new byte[0]);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();

    assertThat(parse(file).tensors()).hasSize(250_000);

    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(800 << 20);
  }

  @Test
  void countlessTokensOfUnknownFieldsAreRefused() {
    assertRefused(
        "{\"a\":{\"extra\":[%s]}}".formatted("[],".repeat(13_000_000) + "[]"),
        0,
        RejectCode.HEADER_INVALID,
        ("[%s] The header is not valid JSON: Token count (25000001) exceeds the maximum allowed"
                + " (25000000, from `StreamReadConstraints.getMaxTokenCount()`)")
            .formatted(URI));
  }

  @ParameterizedTest
  @ValueSource(ints = {1_001, 1_000_000})
  void endlessNumbersAreRefused(int digits) {
    String header = "{%s}".formatted(tensor("a", "U8", "[" + "9".repeat(digits) + "]", "[0,1]"));

    assertThat(catchThrowableOfType(UserInputException.class, () -> parse(header, 1)))
        .extracting(UserInputException::code)
        .isEqualTo(RejectCode.HEADER_INVALID);
  }

  @Test
  void endlessNamesAreRefused() {
    String header = "{%s}".formatted(tensor("a".repeat(100_000), "U8", "[1]", "[0,1]"));

    assertThat(catchThrowableOfType(UserInputException.class, () -> parse(header, 1)))
        .extracting(UserInputException::code)
        .isEqualTo(RejectCode.HEADER_INVALID);
  }

  // ---- the schema

  @Test
  void aTensorMustBeAnObject() {
    assertRefused(
        "{\"a\":[]}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: expected an object, found a list".formatted(URI));
  }

  @Test
  void anUnknownDtypeIsRefused() {
    assertRefused(
        "{%s}".formatted(tensor("a", "F31", "[1]", "[0,4]")),
        4,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: dtype \"F31\" is not known".formatted(URI));
  }

  @Test
  void aDtypeMustBeText() {
    assertRefused(
        "{\"a\":{\"dtype\":32}}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: dtype must be text, found 32".formatted(URI));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.0",
        "1e2",
        "-1",
        "-0",
        "true",
        "null",
        "\"4\"",
        "9007199254740993",
        "9223372036854775808",
        "123456789012345678901234567890"
      })
  void aShapeMustHoldWholeNumbers(String dimension) {
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "[" + dimension + "]", "[0,1]")),
        1,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: shape must hold whole numbers from 0 to 9007199254740992, found %s"
            .formatted(URI, dimension));
  }

  @Test
  void anOffsetMustBeAWholeNumber() {
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "[1]", "[0.5,1]")),
        1,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: data_offsets must hold whole numbers from 0 to 9007199254740992, found 0.5"
            .formatted(URI));
  }

  @Test
  void aShapeMustBeAList() {
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "1", "[0,1]")),
        1,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: shape must be a list of numbers, found 1".formatted(URI));
  }

  @Test
  void offsetsAreTwo() {
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "[1]", "[0]")),
        1,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: data_offsets must be two numbers, found [0]".formatted(URI));
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "[1]", "[0,1,2]")),
        1,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: data_offsets has more than 2 numbers".formatted(URI));
  }

  @Test
  void aShapeWithoutEndIsRefused() {
    String shape = "[" + "1,".repeat(256) + "1]";

    assertRefused(
        "{%s}".formatted(tensor("a", "U8", shape, "[0,1]")),
        1,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: shape has more than 256 numbers".formatted(URI));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{\"shape\":[],\"data_offsets\":[0,1]};dtype",
        "{\"dtype\":\"U8\",\"data_offsets\":[0,1]};shape",
        "{\"dtype\":\"U8\",\"shape\":[]};data_offsets"
      })
  void aMissingFieldIsNamed(String tensor, String field) {
    assertRefused(
        "{\"a\":%s}".formatted(tensor),
        1,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: %s is missing".formatted(URI, field));
  }

  @Test
  void aFieldThatStandsTwiceIsRefused() {
    assertRefused(
        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] Tensor a: dtype stands twice".formatted(URI));
  }

  @Test
  void aTensorThatStandsTwiceIsRefusedEvenIfBothAreEqual() {
    String twice = tensor("a", "U8", "[1]", "[0,1]");

    assertRefused(
        "{%s,%s}".formatted(twice, twice),
        1,
        RejectCode.DUPLICATE_TENSOR,
        "[%s] Tensor a: stands twice in the header".formatted(URI));
  }

  @Test
  void metadataThatIsNotTextIsRefused() {
    assertRefused(
        "{\"__metadata__\":{\"n\":1}}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] __metadata__ must map text to text, found 1 at n".formatted(URI));
    assertRefused(
        "{\"__metadata__\":[]}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] __metadata__ must be an object, found a list".formatted(URI));
  }

  @Test
  void metadataThatStandsTwiceIsRefused() {
    assertRefused(
        "{\"__metadata__\":{},\"__metadata__\":{}}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] __metadata__ stands twice in the header".formatted(URI));
    assertRefused(
        "{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] a stands twice in __metadata__".formatted(URI));
  }

  @Test
  void textWithoutUtf8FormIsRefused() {
    assertRefused(
        "{\"__metadata__\":{\"a\":\"\\udc00\"}}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] __metadata__ has half of a surrogate pair in it".formatted(URI));
    assertRefused(
        "{\"\\ud800\":{}}",
        0,
        RejectCode.HEADER_INVALID,
        "[%s] A tensor's name has half of a surrogate pair in it".formatted(URI));
  }

  // ---- places

  @Test
  void dataThatDoesNotBeginAtZeroIsRefused() {
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "[1]", "[3,4]")),
        4,
        RejectCode.TENSOR_OFFSETS,
        "[%s] Tensor a: begins at byte 3 of the data, but no tensor holds the bytes before it"
            .formatted(URI));
  }

  @Test
  void aHoleNamesBothTensors() {
    String header =
        "{%s,%s}".formatted(tensor("a", "U8", "[1]", "[0,1]"), tensor("b", "U8", "[1]", "[3,4]"));

    assertRefused(
        header,
        4,
        RejectCode.TENSOR_OFFSETS,
        ("[%s] Tensor b: begins at byte 3 of the data, but tensor a before it ends at byte 1:"
                + " a hole of 2 bytes")
            .formatted(URI));
  }

  @Test
  void anOverlapNamesBothTensors() {
    String header =
        "{%s,%s}".formatted(tensor("a", "U8", "[4]", "[0,4]"), tensor("b", "U8", "[2]", "[3,5]"));

    assertRefused(
        header,
        5,
        RejectCode.TENSOR_OFFSETS,
        ("[%s] Tensor b: begins at byte 3 of the data, but tensor a before it ends at byte 4:"
                + " they overlap")
            .formatted(URI));
  }

  @Test
  void twoNamesForTheSameBytesAreRefused() {
    String header =
        "{%s,%s}".formatted(tensor("a", "U8", "[4]", "[0,4]"), tensor("b", "U8", "[4]", "[0,4]"));

    assertRefused(
        header,
        4,
        RejectCode.TENSOR_OFFSETS,
        ("[%s] Tensor b: begins at byte 0 of the data, but tensor a before it ends at byte 4:"
                + " they overlap")
            .formatted(URI));
  }

  @Test
  void offsetsThatRunBackwardsAreRefused() {
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "[1]", "[1,0]")),
        1,
        RejectCode.TENSOR_OFFSETS,
        "[%s] Tensor a: data_offsets end at 0, before they begin at 1".formatted(URI));
  }

  // ---- sizes

  @Test
  void aLengthThatDoesNotFollowFromTheShapeIsRefused() {
    assertRefused(
        "{%s}".formatted(tensor("q_proj.weight", "BF16", "[2048,2048]", "[0,8388606]")),
        8388606,
        RejectCode.TENSOR_SIZE,
        "[%s] Tensor q_proj.weight: expected 8388608 bytes for BF16 2048x2048, found 8388606"
            .formatted(URI));
  }

  @Test
  void aSizeThatOverflowsIsRefused() {
    assertRefused(
        "{%s}".formatted(tensor("a", "U8", "[4294967296,4294967296]", "[0,0]")),
        0,
        RejectCode.TENSOR_SIZE,
        "[%s] Tensor a: the size of U8 4294967296x4294967296 exceeds any file's".formatted(URI));
    assertRefused(
        "{%s}".formatted(tensor("a", "F64", "[9007199254740992,1024]", "[0,0]")),
        0,
        RejectCode.TENSOR_SIZE,
        "[%s] Tensor a: the size of F64 9007199254740992x1024 exceeds any file's".formatted(URI));
  }

  @Test
  void partsOfBytesAreRefused() {
    assertRefused(
        "{%s}".formatted(tensor("a", "F4", "[3]", "[0,1]")),
        1,
        RejectCode.TENSOR_SIZE,
        "[%s] Tensor a: F4 3 takes 12 bits, which do not fill whole bytes".formatted(URI));
  }

  @Test
  void aFileThatIsCutOffNamesTheFirstTensorThatIsNotWhole() {
    String header =
        "{%s,%s,%s}"
            .formatted(
                tensor("a", "U8", "[4]", "[0,4]"),
                tensor("b", "U8", "[4]", "[4,8]"),
                tensor("c", "U8", "[4]", "[8,12]"));
    int start = 8 + header.length();

    assertRefused(
        header,
        7,
        RejectCode.FILE_SIZE,
        "[%s] Expected a file of %d bytes, found %d: it is cut off within tensor b"
            .formatted(URI, start + 12, start + 7));
  }

  @Test
  void bytesThatBelongToNoTensorAreRefused() {
    String header = "{%s}".formatted(tensor("a", "U8", "[4]", "[0,4]"));
    int start = 8 + header.length();

    assertRefused(
        header,
        9,
        RejectCode.FILE_SIZE,
        "[%s] Expected a file of %d bytes, found %d: the last 5 belong to no tensor"
            .formatted(URI, start + 4, start + 9));
  }
}
