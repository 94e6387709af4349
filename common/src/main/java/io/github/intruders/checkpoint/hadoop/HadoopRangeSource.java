package io.github.intruders.checkpoint.hadoop;

import io.github.intruders.checkpoint.RangeSource;
import java.io.IOException;
import org.apache.hadoop.fs.FSDataInputStream;

/** An open Hadoop file. */
final class HadoopRangeSource implements RangeSource {
  private final String uri;
  private final long lengthBytes;
  private final FSDataInputStream stream;

  HadoopRangeSource(String uri, long lengthBytes, FSDataInputStream stream) {
    this.uri = uri;
    this.lengthBytes = lengthBytes;
    this.stream = stream;
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
    stream.readFully(offset, into, start, count);
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
