package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The header of one safetensors file: 8 bytes of length N, little-endian; N bytes of JSON; then the
 * tensors' bytes without gaps up to the end of the file.
 *
 * @param file URI of the file
 * @param tensors by name, in the order of their bytes in the file; unmodifiable
 * @param metadata the header's free text; unmodifiable
 */
public record SafetensorsHeader(
    String file, Map<String, TensorInfo> tensors, Map<String, String> metadata) {
  /** The longest header that the format allows. */
  public static final int MAX_HEADER_BYTES = 100_000_000;

  private static final Comparator<HeaderParser.Entry> BY_PLACE =
      Comparator.comparingLong(HeaderParser.Entry::begin)
          .thenComparingLong(HeaderParser.Entry::end)
          .thenComparing(HeaderParser.Entry::name);

  public SafetensorsHeader {
    Objects.requireNonNull(file, "file");
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /**
   * Reads and checks the header of an open file; reads nothing beyond it. Spaces before the JSON
   * are accepted, as the reference implementation does. Stricter than that implementation about
   * names that stand twice, about numbers beyond 2⁵³, and about tensors of more than 256
   * dimensions.
   *
   * @throws UserInputException if any of the format's rules is broken; each has its own code
   */
  public static SafetensorsHeader parse(RangeSource source) throws IOException {
    try {
      byte[] header = headerBytes(source);
      HeaderParser parsed = HeaderParser.parse(source.uri(), header);
      List<HeaderParser.Entry> entries = new ArrayList<>(parsed.entries());
      entries.sort(BY_PLACE);
      checkPlaces(source.uri(), entries);
      long dataStart = Long.BYTES + (long) header.length;
      checkFileSize(source, dataStart, entries);

      Map<String, TensorInfo> tensors = new LinkedHashMap<>();
      for (HeaderParser.Entry entry : entries) {
        tensors.put(
            entry.name(),
            new TensorInfo(
                entry.name(),
                entry.dtype(),
                entry.shape(),
                source.uri(),
                dataStart + entry.begin(),
                entry.end() - entry.begin()));
      }
      return new SafetensorsHeader(source.uri(), tensors, parsed.metadata());
    } catch (EOFException e) {
      throw UserInputException.inFile(
          RejectCode.READ_FAILED, source.uri(), "The file became shorter while it was read");
    }
  }

  private static byte[] headerBytes(RangeSource source) throws IOException {
    long fileBytes = source.lengthBytes();
    if (fileBytes < Long.BYTES) {
      throw UserInputException.inFile(
          RejectCode.HEADER_TOO_SMALL,
          source.uri(),
          "Expected at least 8 bytes, which hold the header's length; found %d"
              .formatted(fileBytes));
    }
    byte[] prefix = new byte[Long.BYTES];
    source.readFully(0, prefix, 0, prefix.length);
    long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (Long.compareUnsigned(length, MAX_HEADER_BYTES) > 0) {
      throw UserInputException.inFile(
          RejectCode.HEADER_TOO_LARGE,
          source.uri(),
          "The header claims %s bytes; at most %d are legal"
              .formatted(Long.toUnsignedString(length), MAX_HEADER_BYTES));
    }
    if (Long.BYTES + length > fileBytes) {
      throw UserInputException.inFile(
          RejectCode.HEADER_LENGTH,
          source.uri(),
          "The header claims to reach up to byte %d, but the file has %d bytes"
              .formatted(Long.BYTES + length, fileBytes));
    }
    byte[] header = new byte[(int) length];
    source.readFully(Long.BYTES, header, 0, header.length);
    checkStart(source.uri(), header);
    return header;
  }

  private static void checkStart(String file, byte[] header) {
    int start = 0;
    while (start < header.length && header[start] == ' ') {
      start++;
    }
    if (start == header.length) {
      throw UserInputException.inFile(RejectCode.HEADER_INVALID, file, "The header is empty");
    }
    if (header[start] != '{') {
      throw UserInputException.inFile(
          RejectCode.HEADER_INVALID,
          file,
          "The header must start with '{', found byte 0x%02x".formatted(header[start]));
    }
  }

  /** The tensors must follow each other from byte 0 on, each as long as its shape and dtype say. */
  private static void checkPlaces(String file, List<HeaderParser.Entry> entries) {
    HeaderParser.Entry before = null;
    for (HeaderParser.Entry entry : entries) {
      long expected = before == null ? 0 : before.end();
      if (entry.end() < entry.begin()) {
        throw misplaced(
            file,
            entry,
            "data_offsets end at %d, before they begin at %d"
                .formatted(entry.end(), entry.begin()));
      }
      if (before == null && entry.begin() != 0) {
        throw misplaced(
            file,
            entry,
            "begins at byte %d of the data, but no tensor holds the bytes before it"
                .formatted(entry.begin()));
      }
      if (entry.begin() > expected) {
        throw misplaced(
            file,
            entry,
            "begins at byte %d of the data, but tensor %s before it ends at byte %d: a hole of %d"
                    .formatted(entry.begin(), before.name(), expected, entry.begin() - expected)
                + " bytes");
      }
      if (entry.begin() < expected) {
        throw misplaced(
            file,
            entry,
            "begins at byte %d of the data, but tensor %s before it ends at byte %d: they overlap"
                .formatted(entry.begin(), before.name(), expected));
      }
      checkSize(file, entry);
      before = entry;
    }
  }

  private static UserInputException misplaced(
      String file, HeaderParser.Entry entry, String message) {
    return UserInputException.inTensor(RejectCode.TENSOR_OFFSETS, file, entry.name(), message);
  }

  private static void checkSize(String file, HeaderParser.Entry entry) {
    String description = TensorInfo.describe(entry.dtype(), entry.shape());
    long bits;
    try {
      long elements = 1;
      for (long dimension : entry.shape()) {
        elements = Math.multiplyExact(elements, dimension);
      }
      bits = Math.multiplyExact(elements, entry.dtype().bits());
    } catch (ArithmeticException e) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_SIZE,
          file,
          entry.name(),
          "the size of %s exceeds any file's".formatted(description));
    }
    if (bits % Byte.SIZE != 0) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_SIZE,
          file,
          entry.name(),
          "%s takes %d bits, which do not fill whole bytes".formatted(description, bits));
    }
    if (bits / Byte.SIZE != entry.end() - entry.begin()) {
      throw UserInputException.inTensor(
          RejectCode.TENSOR_SIZE,
          file,
          entry.name(),
          "expected %d bytes for %s, found %d"
              .formatted(bits / Byte.SIZE, description, entry.end() - entry.begin()));
    }
  }

  private static void checkFileSize(
      RangeSource source, long dataStart, List<HeaderParser.Entry> entries) {
    long dataBytes = entries.isEmpty() ? 0 : entries.get(entries.size() - 1).end();
    long expected = dataStart + dataBytes;
    long found = source.lengthBytes();
    if (found > expected) {
      throw UserInputException.inFile(
          RejectCode.FILE_SIZE,
          source.uri(),
          "Expected a file of %d bytes, found %d: the last %d belong to no tensor"
              .formatted(expected, found, found - expected));
    }
    if (found < expected) {
      String firstCut =
          entries.stream()
              .filter(entry -> dataStart + entry.end() > found)
              .findFirst()
              .orElseThrow()
              .name();
      throw UserInputException.inFile(
          RejectCode.FILE_SIZE,
          source.uri(),
          "Expected a file of %d bytes, found %d: it is cut off within tensor %s"
              .formatted(expected, found, firstCut));
    }
  }
}
