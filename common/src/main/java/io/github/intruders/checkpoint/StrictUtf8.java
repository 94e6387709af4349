package io.github.intruders.checkpoint;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Text that must be UTF-8: a broken sequence is an error, never a replacement character. */
final class StrictUtf8 {
  private StrictUtf8() {}

  /**
   * Reading fails with a {@link java.nio.charset.CharacterCodingException} at a broken sequence.
   */
  static Reader reader(byte[] bytes) {
    return new InputStreamReader(
        new ByteArrayInputStream(bytes),
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT));
  }

  /** Whether the text has a UTF-8 form: half of a surrogate pair has none. */
  static boolean canHold(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }
}
