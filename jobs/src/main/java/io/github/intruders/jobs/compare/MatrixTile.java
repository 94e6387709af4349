package io.github.intruders.jobs.compare;

import io.github.intruders.compare.PairTile;
import io.github.intruders.input.Rejection;
import java.io.Serializable;
import java.util.List;

/**
 * What a task finds of some pairs in one matrix.
 *
 * @param layer null where the matrix belongs to none
 * @param rejections what could not be read for it; told with one tile of each group alone
 */
record MatrixTile(
    String matrix, Integer layer, String module, PairTile tile, List<Rejection> rejections)
    implements Serializable {
  /** Which pairs these are, in every matrix. */
  TileKey key() {
    return new TileKey(tile.chunkA(), tile.chunkB());
  }

  /** Names a tile of pairs. */
  record TileKey(int chunkA, int chunkB) implements Serializable {}
}
