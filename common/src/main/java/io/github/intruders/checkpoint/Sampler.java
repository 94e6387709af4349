package io.github.intruders.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Takes samples of the tensors of an open file: a few kilobytes of each, in the middle of equal
 * pieces, so that slices of experts have some of their own. A small tensor is sampled as a whole.
 */
final class Sampler {
  private static final int PIECES = 4;

  /** With more slices than that, few have samples of their own. */
  private static final int MOST_PIECES = 1024;

  private static final int SAMPLE_BYTES = 1024;

  /** Up to this size a tensor is one sample. */
  private static final int WHOLE_BYTES = PIECES * SAMPLE_BYTES;

  /** Small tensors that follow each other are read together. */
  private static final int BLOCK_BYTES = 64 << 10;

  private final RangeSource source;
  private final byte[] block = new byte[BLOCK_BYTES];
  private long blockStart;
  private int blockBytes;

  Sampler(RangeSource source) {
    this.source = source;
  }

  /**
   * Takes the samples of some tensors.
   *
   * @param tensors in the order of the file
   * @return for each of them its samples; none where it has a checksum
   */
  List<List<Sample>> of(List<TensorInfo> tensors) throws IOException {
    List<List<Sample>> samples = new ArrayList<>(tensors.size());
    for (int i = 0; i < tensors.size(); i++) {
      TensorInfo tensor = tensors.get(i);
      if (tensor.lengthBytes() == 0 || tensor.checksum() != null) {
        samples.add(List.of());
      } else if (isSmall(tensor)) {
        fetchFrom(tensors, i);
        samples.add(List.of(sample(tensor.offset(), (int) tensor.lengthBytes())));
      } else {
        samples.add(ofPieces(tensor));
      }
    }
    return samples;
  }

  private static boolean isSmall(TensorInfo tensor) {
    return tensor.lengthBytes() <= WHOLE_BYTES;
  }

  private List<Sample> ofPieces(TensorInfo tensor) throws IOException {
    long length = tensor.lengthBytes();
    List<Sample> samples = new ArrayList<>();
    int pieces = pieces(tensor);
    for (int piece = 0; piece < pieces; piece++) {
      long from = length * piece / pieces;
      long bytes = length * (piece + 1) / pieces - from;
      int count = (int) Math.min(SAMPLE_BYTES, bytes);
      samples.add(sample(tensor.offset() + from + (bytes - count) / 2, count));
    }
    return samples;
  }

  /** At least four, a multiple of the slices. */
  private static int pieces(TensorInfo tensor) {
    if (tensor.shape().size() != 3) {
      return PIECES;
    }
    long slices = tensor.shape().get(0);
    return slices > MOST_PIECES ? PIECES : (int) (slices * ((PIECES + slices - 1) / slices));
  }

  /** Fetches a small tensor, and with it those that follow without a gap. */
  private void fetchFrom(List<TensorInfo> tensors, int first) throws IOException {
    long start = tensors.get(first).offset();
    if (holds(start, (int) tensors.get(first).lengthBytes())) {
      return;
    }
    long end = start;
    for (TensorInfo tensor : tensors.subList(first, tensors.size())) {
      long next = tensor.offset() + tensor.lengthBytes();
      if (tensor.offset() != end || !isSmall(tensor) || next > start + BLOCK_BYTES) {
        break;
      }
      end = next;
    }
    fetch(start, (int) (end - start));
  }

  private void fetch(long offset, int count) throws IOException {
    if (!holds(offset, count)) {
      blockBytes = 0;
      source.readFully(offset, block, 0, count);
      blockStart = offset;
      blockBytes = count;
    }
  }

  private boolean holds(long offset, int count) {
    return offset >= blockStart && offset + count <= blockStart + blockBytes;
  }

  private Sample sample(long offset, int count) throws IOException {
    fetch(offset, count);
    CRC32C sum = new CRC32C();
    sum.update(block, (int) (offset - blockStart), count);
    return new Sample(offset, count, sum.getValue());
  }
}
