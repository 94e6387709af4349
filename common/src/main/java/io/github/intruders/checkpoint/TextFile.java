package io.github.intruders.checkpoint;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.CharacterCodingException;
import java.util.List;

/** Reads small files as a whole. */
public final class TextFile {
  private TextFile() {}

  /**
   * A file's text, which must be UTF-8; a byte order mark at its start is left out.
   *
   * @param invalid the code of a file that is too long or not UTF-8
   * @throws UserInputException with that code, or {@code INPUT_CHANGED} if it was replaced
   *     meanwhile
   * @throws java.io.FileNotFoundException if there is no such file
   */
  public static String read(Storage storage, String uri, int maxBytes, RejectCode invalid)
      throws IOException {
    StringWriter text = new StringWriter();
    try {
      StrictUtf8.reader(bytes(storage, uri, maxBytes, invalid)).transferTo(text);
    } catch (CharacterCodingException e) {
      throw UserInputException.inFile(invalid, uri, "The file is not UTF-8");
    }
    String whole = text.toString();
    return whole.startsWith("\uFEFF") ? whole.substring(1) : whole;
  }

  static byte[] bytes(Storage storage, String uri, int maxBytes, RejectCode invalid)
      throws IOException {
    try (RangeSource source = storage.open(uri)) {
      if (source.lengthBytes() > maxBytes) {
        throw UserInputException.inFile(
            invalid,
            uri,
            "The file has %d bytes, at most %d are read".formatted(source.lengthBytes(), maxBytes));
      }
      byte[] bytes = new byte[(int) source.lengthBytes()];
      source.readFully(0, bytes, 0, bytes.length);
      if (source.opened().isPresent() && !source.failsWhenReplaced()) {
        new Stamp(source.opened().get().identity(), List.of()).requireStill(storage, uri);
      }
      return bytes;
    } catch (EOFException e) {
      throw UserInputException.inFile(
          RejectCode.READ_FAILED, uri, "The file became shorter while it was read");
    }
  }
}
