package io.github.intruders.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A storage in which something happens when files are read: before the nth range of all. */
public final class InterferingStorage extends ForwardingStorage {
  /** What happens. */
  @FunctionalInterface
  public interface Event {
    void happen() throws IOException;
  }

  private record Planned(int read, Event event) {}

  private final List<Planned> planned = new ArrayList<>();
  private String uriPart = "";
  private int reads;

  public InterferingStorage(Storage delegate) {
    super(delegate);
  }

  /** Counts only reads of files whose URI contains this, from 0 on. */
  public InterferingStorage watch(String part) {
    uriPart = part;
    reads = 0;
    planned.clear();
    return this;
  }

  /** Lets it happen before the nth read from now on, counted from 0. */
  public InterferingStorage before(int read, Event event) {
    planned.add(new Planned(reads + read, event));
    return this;
  }

  /** How many reads there were. */
  public int reads() {
    return reads;
  }

  private void read() throws IOException {
    for (Planned one : planned) {
      if (one.read == reads) {
        one.event.happen();
      }
    }
    reads++;
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    RangeSource source = super.open(uri);
    if (!uri.contains(uriPart)) {
      return source;
    }
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
      public void readFully(long offset, byte[] into, int start, int count) throws IOException {
        read();
        source.readFully(offset, into, start, count);
      }

      @Override
      public void close() throws IOException {
        source.close();
      }
    };
  }
}
