package io.github.intruders.spectra;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.input.Fingerprint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A file of the store that tells which content lies at a place.
 *
 * @param uri of this file; its name is the hash of the place
 * @param content hash of the tensor's content
 * @param file where the tensor was read; empty where an older version did not write it
 * @param matrix the tensor's name; empty where an older version did not write it
 * @param lengthBytes of this file
 */
public record SourceLink(String uri, String content, String file, String matrix, long lengthBytes) {
  private static final int MOST_BYTES = 1 << 14;

  /**
   * What such a file says: the hash, the file and the name, a line each; last a seal over these and
   * the place, so that a link that was changed, or put in the place of another, is not followed.
   */
  static String text(String place, String content, MatrixSource source) {
    String said = String.join("\n", content, source.file(), source.matrix(), "");
    return said + seal(place, said) + "\n";
  }

  private static String seal(String place, String said) {
    return Fingerprint.of(place + "\n" + said);
  }

  /** The hash alone, if the link is whole and of this place. */
  static Optional<String> readContent(RangeSource source, String place) throws IOException {
    String text = start(source, MOST_BYTES).stripTrailing();
    int end = text.lastIndexOf('\n') + 1;
    return text.substring(end).equals(seal(place, text.substring(0, end)))
        ? Optional.of(text.lines().findFirst().orElse("")).filter(StoreLayout::isHash)
        : Optional.empty();
  }

  /** Nothing if the file holds something else. */
  static Optional<SourceLink> read(RangeSource source) throws IOException {
    List<String> lines = start(source, MOST_BYTES).lines().toList();
    return lines.isEmpty() || !StoreLayout.isHash(lines.get(0))
        ? Optional.empty()
        : Optional.of(
            new SourceLink(
                source.uri(),
                lines.get(0),
                lines.size() > 1 ? lines.get(1) : "",
                lines.size() > 2 ? lines.get(2) : "",
                source.lengthBytes()));
  }

  private static String start(RangeSource source, int most) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(Math.min(source.lengthBytes(), most))];
    source.readFully(0, bytes, 0, bytes.length);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
