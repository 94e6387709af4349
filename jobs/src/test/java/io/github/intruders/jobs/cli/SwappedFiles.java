package io.github.intruders.jobs.cli;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * Local files as {@code swap:/path}, where something happens before a file is opened. Hadoop finds
 * it as a service.
 */
public final class SwappedFiles extends RawLocalFileSystem {
  private static final AtomicInteger OPENED = new AtomicInteger();
  private static volatile String part = "";
  private static volatile int when = -1;
  private static volatile Event event = () -> {};

  /** What happens. */
  @FunctionalInterface
  interface Event {
    void happen() throws IOException;
  }

  /** Lets it happen before a file whose path contains this is opened the nth time from now on. */
  static void before(int nth, String pathPart, Event happening) {
    OPENED.set(0);
    part = pathPart;
    when = nth;
    event = happening;
  }

  @Override
  public URI getUri() {
    return URI.create("swap:///");
  }

  @Override
  public String getScheme() {
    return "swap";
  }

  @Override
  public FSDataInputStream open(Path path, int bufferBytes) throws IOException {
    if (path.toString().contains(part) && OPENED.incrementAndGet() == when) {
      event.happen();
    }
    return super.open(path, bufferBytes);
  }
}
