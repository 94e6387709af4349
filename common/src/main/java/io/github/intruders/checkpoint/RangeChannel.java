package io.github.intruders.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/**
 * A file as a channel that libraries read from. Asks for whole blocks, so that small steps cost few
 * requests, and delivers no more than an agreed number of bytes in all. Closing it leaves the file
 * open. For one thread at a time.
 */
final class RangeChannel implements SeekableByteChannel {
  private final RangeSource source;
  private final int blockBytes;
  private long budgetBytes;
  private byte[] block = new byte[0];
  private long blockStart;
  private long position;
  private boolean open = true;
  private IOException failure;

  /**
   * @param blockBytes how much one request asks for
   * @param budgetBytes the most that is fetched from the file
   */
  RangeChannel(RangeSource source, int blockBytes, long budgetBytes) {
    this.source = source;
    this.blockBytes = blockBytes;
    this.budgetBytes = budgetBytes;
  }

  /** Whether more was asked for than had been agreed. */
  boolean exhausted() {
    return budgetBytes < 0;
  }

  /** Throws what the storage threw while a library read through this channel, if it did. */
  void rethrowFailure() throws IOException {
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (position >= source.lengthBytes()) {
      return -1;
    }
    if (position < blockStart || position >= blockStart + block.length) {
      fetch();
    }
    int from = (int) (position - blockStart);
    int count = Math.min(into.remaining(), block.length - from);
    into.put(block, from, count);
    position += count;
    return count;
  }

  private void fetch() throws IOException {
    long start = position / blockBytes * blockBytes;
    int count = (int) Math.min(blockBytes, source.lengthBytes() - start);
    budgetBytes -= count;
    if (budgetBytes < 0) {
      throw new EOFException("More bytes are asked for than had been agreed");
    }
    byte[] bytes = new byte[count];
    try {
      source.readFully(start, bytes, 0, count);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
    block = bytes;
    blockStart = start;
  }

  @Override
  public int write(ByteBuffer from) {
    throw new NonWritableChannelException();
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public SeekableByteChannel position(long newPosition) {
    if (newPosition < 0) {
      throw new IllegalArgumentException("Cannot go to byte " + newPosition);
    }
    position = newPosition;
    return this;
  }

  @Override
  public long size() {
    return source.lengthBytes();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
  }
}
