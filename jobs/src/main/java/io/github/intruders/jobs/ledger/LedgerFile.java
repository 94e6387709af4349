package io.github.intruders.jobs.ledger;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** Reads one file of a ledger, line by line. */
final class LedgerFile implements Closeable {
  private static final int BLOCK_BYTES = 1 << 20;

  /** No entry is nearly as long; what is, is no entry. */
  private static final int MOST_LINE_BYTES = 256 << 20;

  private final RangeSource source;
  private final String uri;
  private byte[] block = new byte[0];
  private int at;
  private long nextBlock;
  private int number;

  private LedgerFile(RangeSource source, String uri) {
    this.source = source;
    this.uri = uri;
  }

  /**
   * Opens a file.
   *
   * @throws java.io.FileNotFoundException if there is none
   */
  static LedgerFile open(Storage storage, String uri) throws IOException {
    return new LedgerFile(storage.open(uri), uri);
  }

  /**
   * The next line; empty at the end, and where an earlier version of this program has written it.
   *
   * @throws DamagedException if it is cut short or does not have its checksum
   */
  Optional<LedgerLine> next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    number++;
    while (true) {
      int end = at;
      while (end < block.length && block[end] != '\n') {
        end++;
      }
      line.write(block, at, end - at);
      at = end + 1;
      if (end < block.length) {
        byte[] bytes = line.toByteArray();
        return LedgerLine.isOfEarlierVersion(bytes) ? Optional.empty() : Optional.of(parse(bytes));
      }
      if (line.size() > MOST_LINE_BYTES) {
        throw new DamagedException(uri, number, "it has no end");
      }
      if (nextBlock >= source.lengthBytes()) {
        if (line.size() > 0) {
          throw new DamagedException(uri, number, "it is cut short");
        }
        at = block.length;
        return Optional.empty();
      }
      fetch();
    }
  }

  private void fetch() throws IOException {
    block = new byte[(int) Math.min(BLOCK_BYTES, source.lengthBytes() - nextBlock)];
    source.readFully(nextBlock, block, 0, block.length);
    nextBlock += block.length;
    at = 0;
  }

  private LedgerLine parse(byte[] line) throws DamagedException {
    try {
      return LedgerLine.parse(line);
    } catch (IOException e) {
      throw new DamagedException(uri, number, e.getMessage());
    }
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  /** A file of the ledger that does not hold what was written. */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException(String uri, int line, String what) {
      super("[%s] Line %d is damaged: %s".formatted(uri, line, what));
    }
  }
}
