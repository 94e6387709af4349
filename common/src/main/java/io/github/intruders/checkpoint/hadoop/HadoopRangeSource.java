package io.github.intruders.checkpoint.hadoop;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.StoredFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileRange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open Hadoop file. One of an object store is asked for large ranges in pieces side by side; a
 * piece that does not come that way is asked for again by itself, which has the stream's own
 * retries.
 */
final class HadoopRangeSource implements RangeSource {
  /** S3A joins neighbours up to this size; larger ranges gain from several connections. */
  static final int PIECE_BYTES = 2 << 20;

  private static final int ATTEMPTS = 3;

  /** Far above what the file system's own time limits add up to. */
  private static final long VECTOR_TIMEOUT_MINUTES = 15;

  private static final Logger LOG = LoggerFactory.getLogger(HadoopRangeSource.class);

  private final StoredFile opened;
  private final String uri;
  private final long lengthBytes;
  private final FSDataInputStream stream;
  private final boolean vectored;
  private final boolean failsWhenReplaced;

  /**
   * @param opened the file as it was opened
   * @param vectored whether to read large and many ranges side by side
   * @param failsWhenReplaced whether the stream stays with that file
   */
  HadoopRangeSource(
      StoredFile opened, FSDataInputStream stream, boolean vectored, boolean failsWhenReplaced) {
    this.opened = opened;
    this.uri = opened.uri();
    this.lengthBytes = opened.lengthBytes();
    this.stream = stream;
    this.vectored = vectored;
    this.failsWhenReplaced = failsWhenReplaced;
  }

  @Override
  public Optional<StoredFile> opened() {
    return Optional.of(opened);
  }

  @Override
  public boolean failsWhenReplaced() {
    return failsWhenReplaced;
  }

  @Override
  public String uri() {
    return uri;
  }

  @Override
  public long lengthBytes() {
    return lengthBytes;
  }

  @Override
  public void readFully(long offset, byte[] into, int start, int count) throws IOException {
    if (!vectored) {
      stream.readFully(offset, into, start, count);
      return;
    }
    requireInside(offset, count);
    if (count <= PIECE_BYTES) {
      readAlone(offset, into, start, count);
      return;
    }
    List<Range> pieces = new ArrayList<>();
    for (int done = 0; done < count; done += PIECE_BYTES) {
      pieces.add(new Range(offset + done, Math.min(PIECE_BYTES, count - done)));
    }
    readSideBySide(pieces, into, start);
  }

  @Override
  public void readFully(List<Range> ranges, byte[] into) throws IOException {
    if (!vectored) {
      RangeSource.super.readFully(ranges, into);
      return;
    }
    for (Range range : ranges) {
      requireInside(range.offset(), range.count());
    }
    readSideBySide(ranges, into, 0);
  }

  private void requireInside(long offset, int count) throws EOFException {
    if (offset + count > lengthBytes) {
      throw new EOFException(
          "[%s] Cannot read %d bytes from byte %d on: the file has %d"
              .formatted(uri, count, offset, lengthBytes));
    }
  }

  private void readSideBySide(List<Range> ranges, byte[] into, int start) throws IOException {
    List<FileRange> asked = new ArrayList<>(ranges.size());
    ranges.forEach(range -> asked.add(FileRange.createFileRange(range.offset(), range.count())));
    stream.readVectored(asked, ByteBuffer::allocate);
    int at = start;
    for (FileRange range : asked) {
      receive(range, into, at);
      at += range.getLength();
    }
  }

  private void receive(FileRange range, byte[] into, int at) throws IOException {
    try {
      range
          .getData()
          .get(VECTOR_TIMEOUT_MINUTES, TimeUnit.MINUTES)
          .get(into, at, range.getLength());
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("[{}] Asking again for {}: {}", uri, range, e.getMessage());
      readAlone(range.getOffset(), into, at, range.getLength());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("Interrupted while reading " + uri).initCause(e);
    }
  }

  /** A body that ends early may look like the end of the file, which it can't be. */
  private void readAlone(long offset, byte[] into, int start, int count) throws IOException {
    EOFException early = null;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        stream.readFully(offset, into, start, count);
        return;
      } catch (EOFException e) {
        early = e;
      }
    }
    throw new IOException(
        "[%s] The storage ended %d bytes from byte %d on too early, %d times; the file has %d"
            .formatted(uri, count, offset, ATTEMPTS, lengthBytes),
        early);
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
