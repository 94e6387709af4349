package io.github.intruders.checkpoint;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Text in the place of weights: what is left by a download that did not get the file itself. */
final class ForeignText {
  private static final int LOOKED_AT = 64;
  private static final int SHOWN = 24;

  /** Shorter files are cut, whatever they are. */
  private static final int LEAST = 16;

  private static final String LFS_POINTER = "version https://git-lfs";

  private ForeignText() {}

  /**
   * Tells a fault of a file of weights by what the file is, where that begins as text does.
   *
   * @return with the code of {@code fault}; that itself where the file is no text
   */
  static UserInputException named(RangeSource source, UserInputException fault) throws IOException {
    byte[] start = new byte[(int) Math.min(LOOKED_AT, source.lengthBytes())];
    source.readFully(0, start, 0, start.length);
    String text = new String(start, StandardCharsets.US_ASCII);
    if (text.length() < LEAST || !text.chars().allMatch(ForeignText::isOfText)) {
      return fault;
    }
    return UserInputException.inFile(
        fault.code(),
        source.uri(),
        text.startsWith(LFS_POINTER)
            ? "This is a pointer of Git LFS, not the file that it stands for; fetch that by 'git lfs"
                + " pull'"
            : "This is a text, not weights: it begins with '%s'; fetch the file again"
                .formatted(Excerpt.of(text, SHOWN)));
  }

  private static boolean isOfText(int c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
  }
}
