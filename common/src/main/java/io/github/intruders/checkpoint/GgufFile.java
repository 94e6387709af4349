package io.github.intruders.checkpoint;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A GGUF file of llama.cpp: a header of keys and values, the tensors' names and places, and their
 * bytes, each from a multiple of the alignment on. Tensors of F64, F32, F16 and BF16 are read under
 * llama.cpp's names; quantised ones are refused. The file has the innermost dimension first, which
 * is turned round here: weights are (outputs, inputs) as in safetensors.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The format</a>
 */
final class GgufFile {
  /** As for safetensors; vocabularies take a few of these. */
  private static final long MAX_HEADER_BYTES = SafetensorsHeader.MAX_HEADER_BYTES;

  private static final int BLOCK_BYTES = 1 << 20;
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int MAX_TENSORS = 1 << 16;
  private static final int MAX_KEYS = 1 << 16;
  private static final int MAX_NAME_BYTES = 1 << 16;
  private static final int MAX_DIMENSIONS = 4;
  private static final int MAX_NESTING = 4;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final String ALIGNMENT = "general.alignment";
  private static final String PARTS = "split.count";

  /** Widths of the plain types of values, by their numbers; 8 is a text, 9 a list. */
  private static final int[] VALUE_BYTES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

  private static final int TEXT = 8;
  private static final int LIST = 9;

  /** One tensor as the header has it; the offset is from the start of the data. */
  private record Entry(
      String name, GgmlType type, List<Long> shape, long offset, long lengthBytes) {}

  private final String file;
  private final long fileBytes;
  private final RangeChannel channel;
  private final ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
  private long alignment = DEFAULT_ALIGNMENT;

  private GgufFile(RangeSource source) {
    file = source.uri();
    fileBytes = source.lengthBytes();
    channel = new RangeChannel(source, BLOCK_BYTES, MAX_HEADER_BYTES);
    number.order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads the header.
   *
   * @throws UserInputException if the file is broken, or one part of several
   */
  static TensorFile read(RangeSource source) throws IOException {
    GgufFile gguf = new GgufFile(source);
    try {
      return gguf.readHeader();
    } catch (EOFException e) {
      gguf.channel.rethrowFailure();
      if (gguf.channel.exhausted()) {
        throw UserInputException.inFile(
            RejectCode.HEADER_TOO_LARGE,
            source.uri(),
            "The header takes more than %d bytes".formatted(MAX_HEADER_BYTES));
      }
      throw UserInputException.inFile(
          RejectCode.HEADER_LENGTH, source.uri(), "The file ends within its header");
    } catch (ArithmeticException e) {
      throw gguf.invalid("a number in the header exceeds any file's");
    }
  }

  private TensorFile readHeader() throws IOException {
    if (fileBytes < 2 * Integer.BYTES || readInt() != MAGIC) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED, file, "Expected a GGUF file, which starts with GGUF");
    }
    requireVersion(readInt());
    long tensorCount = count("tensors", MAX_TENSORS);
    long keyCount = count("keys", MAX_KEYS);
    for (long i = 0; i < keyCount; i++) {
      readKey();
    }
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (long i = 0; i < tensorCount; i++) {
      Entry entry = readEntry();
      if (entries.put(entry.name(), entry) != null) {
        throw UserInputException.inTensor(
            RejectCode.DUPLICATE_TENSOR, file, entry.name(), "stands twice in the header");
      }
    }
    return located(entries, aligned(channel.position()));
  }

  private void requireVersion(int version) {
    if (Integer.reverseBytes(version) == 3 || Integer.reverseBytes(version) == 2) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          "Expected numbers in little-endian order, found big-endian; convert the model again on a"
              + " little-endian machine");
    }
    if (version != 2 && version != 3) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          "Expected GGUF version 2 or 3, found %s; convert the model again with today's llama.cpp"
              .formatted(Integer.toUnsignedString(version)));
    }
  }

  private long count(String what, int most) throws IOException {
    long count = readLong();
    if (Long.compareUnsigned(count, most) > 0) {
      throw UserInputException.inFile(
          RejectCode.HEADER_TOO_LARGE,
          file,
          "The header claims %s %s; at most %d are read"
              .formatted(Long.toUnsignedString(count), what, most));
    }
    return count;
  }

  // ---- keys

  private void readKey() throws IOException {
    String key = readText();
    int type = readInt();
    boolean wanted = key.equals(ALIGNMENT) || key.equals(PARTS);
    if (!wanted) {
      skip(key, type, 0);
      return;
    }
    int bytes = type >= 0 && type < VALUE_BYTES.length ? VALUE_BYTES[type] : 0;
    if (type > 5 || bytes == 0) {
      throw invalid("%s is no small whole number".formatted(key));
    }
    long value = readNumber(bytes);
    if (key.equals(PARTS) && value > 1) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          file,
          "This is one of %d parts; join them with llama-gguf-split --merge".formatted(value));
    }
    if (key.equals(ALIGNMENT)) {
      if (value < 8 || value % 8 != 0 || value > BLOCK_BYTES) {
        throw invalid("the alignment must be a multiple of 8, found %d".formatted(value));
      }
      alignment = value;
    }
  }

  private void skip(String key, int type, int depth) throws IOException {
    if (type < 0 || type >= VALUE_BYTES.length || depth > MAX_NESTING) {
      throw invalid("the value of %s is of no known type".formatted(shown(key)));
    }
    if (type == TEXT) {
      skipBytes(readLong());
    } else if (type == LIST) {
      int elementType = readInt();
      long count = readLong();
      if (elementType >= 0
          && elementType < VALUE_BYTES.length
          && elementType != TEXT
          && elementType != LIST) {
        skipBytes(Math.multiplyExact(count, (long) VALUE_BYTES[elementType]));
        return;
      }
      if (count < 0 || count > fileBytes) {
        throw new EOFException();
      }
      for (long i = 0; i < count; i++) {
        skip(key, elementType, depth + 1);
      }
    } else {
      skipBytes(VALUE_BYTES[type]);
    }
  }

  private void skipBytes(long count) throws IOException {
    if (count < 0 || count > fileBytes - channel.position()) {
      throw new EOFException();
    }
    channel.position(channel.position() + count);
  }

  // ---- tensors

  private Entry readEntry() throws IOException {
    String name = readText();
    int dimensions = readInt();
    if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
      throw UserInputException.inTensor(
          RejectCode.HEADER_INVALID,
          file,
          name,
          "has %s dimensions, at most %d are legal"
              .formatted(Integer.toUnsignedString(dimensions), MAX_DIMENSIONS));
    }
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (int i = 0; i < dimensions; i++) {
      long dimension = readLong();
      if (dimension < 0) {
        throw invalid("a dimension of %s exceeds any file's".formatted(shown(name)));
      }
      shape.add(dimension);
      elements = Math.multiplyExact(elements, dimension);
    }
    int number = readInt();
    GgmlType type =
        GgmlType.numbered(Integer.toUnsignedLong(number))
            .orElseThrow(
                () ->
                    UserInputException.inTensor(
                        RejectCode.DTYPE_UNSUPPORTED,
                        file,
                        name,
                        "element type %s is not known"
                            .formatted(Integer.toUnsignedString(number))));
    long inner = shape.isEmpty() ? 1 : shape.get(0);
    if (inner % type.blockElements() != 0) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_SIZE,
          file,
          name,
          "rows of %d elements are no blocks of %d, as %s has them"
              .formatted(inner, type.blockElements(), type));
    }
    Collections.reverse(shape);
    long bytes = Math.multiplyExact(elements / type.blockElements(), (long) type.blockBytes());
    return new Entry(name, type, List.copyOf(shape), readLong(), bytes);
  }

  /** The tensors must follow each other, each from a multiple of the alignment on. */
  private TensorFile located(Map<String, Entry> entries, long dataStart) {
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    Map<GgmlType, List<String>> quantised = new EnumMap<>(GgmlType.class);
    long expected = 0;
    for (Entry entry : entries.values()) {
      if (entry.offset() != expected) {
        throw UserInputException.inTensor(
            RejectCode.TENSOR_OFFSETS,
            file,
            entry.name(),
            "begins at byte %s of the data, expected %d"
                .formatted(Long.toUnsignedString(entry.offset()), expected));
      }
      expected = aligned(Math.addExact(expected, entry.lengthBytes()));
      long offset = Math.addExact(dataStart, entry.offset());
      if (entry.lengthBytes() > fileBytes - offset) {
        throw UserInputException.inFile(
            RejectCode.FILE_SIZE,
            file,
            "The file of %d bytes is cut off within tensor %s".formatted(fileBytes, entry.name()));
      }
      if (entry.type().plain().isEmpty()) {
        quantised.computeIfAbsent(entry.type(), type -> new ArrayList<>()).add(entry.name());
        continue;
      }
      tensors.put(
          entry.name(),
          new TensorInfo(
              entry.name(),
              entry.type().plain().get(),
              entry.shape(),
              file,
              offset,
              entry.lengthBytes()));
    }
    Map<String, UserInputException> refused = new LinkedHashMap<>();
    quantised.forEach(
        (type, names) -> {
          UserInputException fault = refusal(type, names);
          names.forEach(name -> refused.put(name, fault));
        });
    return new TensorFile(file, tensors, refused);
  }

  private UserInputException refusal(GgmlType type, List<String> names) {
    return UserInputException.inFile(
        RejectCode.DTYPE_UNSUPPORTED,
        file,
        "Weights quantised as %s can't be analysed: %d of its tensors, the first being %s; use the"
                .formatted(type, names.size(), names.get(0))
            + " F32, F16 or BF16 file that it was made from");
  }

  private long aligned(long position) {
    return Math.multiplyExact(Math.addExact(position, alignment - 1) / alignment, alignment);
  }

  // ---- numbers and texts

  private int readInt() throws IOException {
    return (int) readNumber(Integer.BYTES);
  }

  private long readLong() throws IOException {
    return readNumber(Long.BYTES);
  }

  private long readNumber(int bytes) throws IOException {
    number.clear().putLong(0, 0).limit(bytes);
    readFully(number);
    return number.clear().getLong(0);
  }

  private void readFully(ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        throw new EOFException();
      }
    }
  }

  private String readText() throws IOException {
    long length = readLong();
    if (length < 0 || length > MAX_NAME_BYTES) {
      throw invalid(
          "a name of %s bytes, at most %d are legal"
              .formatted(Long.toUnsignedString(length), MAX_NAME_BYTES));
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) length);
    readFully(bytes);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
    } catch (CharacterCodingException e) {
      throw invalid("a name is not UTF-8");
    }
  }

  private static String shown(String name) {
    return Excerpt.of(name, 80);
  }

  private UserInputException invalid(String message) {
    return UserInputException.inFile(
        RejectCode.HEADER_INVALID, file, "The header is broken: " + message);
  }
}
