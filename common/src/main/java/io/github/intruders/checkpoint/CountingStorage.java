package io.github.intruders.checkpoint;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/** Counts what is read through it. Thread-safe. */
public final class CountingStorage extends ForwardingStorage {
  private final LongAdder bytes;
  private final LongAdder requests;

  public CountingStorage(Storage delegate) {
    this(delegate, new LongAdder(), new LongAdder());
  }

  /**
   * Counts on.
   *
   * @param bytes takes the bytes delivered
   * @param requests takes the ranges delivered
   */
  public CountingStorage(Storage delegate, LongAdder bytes, LongAdder requests) {
    super(delegate);
    this.bytes = Objects.requireNonNull(bytes, "bytes");
    this.requests = Objects.requireNonNull(requests, "requests");
  }

  /** Bytes delivered so far. */
  public long bytesRead() {
    return bytes.sum();
  }

  /** Ranges delivered so far. */
  public long requests() {
    return requests.sum();
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    return counted(super.open(uri));
  }

  @Override
  public RangeSource open(StoredFile listed) throws IOException {
    return counted(super.open(listed));
  }

  private RangeSource counted(RangeSource source) {
    return new RangeSource() {
      @Override
      public String uri() {
        return source.uri();
      }

      @Override
      public long lengthBytes() {
        return source.lengthBytes();
      }

      @Override
      public Optional<StoredFile> opened() {
        return source.opened();
      }

      @Override
      public boolean failsWhenReplaced() {
        return source.failsWhenReplaced();
      }

      @Override
      public void readFully(long offset, byte[] into, int start, int count) throws IOException {
        source.readFully(offset, into, start, count);
        bytes.add(count);
        requests.increment();
      }

      @Override
      public void readFully(List<Range> ranges, byte[] into) throws IOException {
        source.readFully(ranges, into);
        ranges.forEach(range -> bytes.add(range.count()));
        requests.add(ranges.size());
      }

      @Override
      public void close() throws IOException {
        source.close();
      }
    };
  }
}
