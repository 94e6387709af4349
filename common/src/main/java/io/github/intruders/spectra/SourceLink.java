package io.github.intruders.spectra;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.RangeSource;
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
  private static final int HASH_BYTES = 64;
  private static final int MOST_BYTES = 1 << 14;

  /** What such a file says: the hash, the file and the name, a line each. */
  static String text(String content, MatrixSource source) {
    return String.join("\n", content, source.file(), source.matrix(), "");
  }

  /** The hash alone. */
  static Optional<String> readContent(RangeSource source) throws IOException {
    return Optional.of(start(source, HASH_BYTES)).filter(StoreLayout::isHash);
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
