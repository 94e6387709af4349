package io.github.intruders.compare;

import java.io.Serializable;
import java.util.List;

/**
 * The pairs of some checkpoints with others in one matrix of the base.
 *
 * @param chunkA which checkpoints stand for the rows; no more than {@code chunkB}
 * @param chunkB which stand for the columns
 * @param sizesA of each of the rows
 * @param sizesB of each of the columns
 * @param parts row by row; null where not both have an update. Where the chunks are the same, only
 *     columns behind the row's own have any
 */
public record PairTile(
    int chunkA, int chunkB, List<UpdateSize> sizesA, List<UpdateSize> sizesB, PairPart[][] parts)
    implements Serializable {
  /** Whether rows and columns are the same checkpoints. */
  public boolean isDiagonal() {
    return chunkA == chunkB;
  }

  /** The first column that is a pair with this row. */
  public int firstColumn(int row) {
    return isDiagonal() ? row + 1 : 0;
  }
}
