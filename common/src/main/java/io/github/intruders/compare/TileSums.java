package io.github.intruders.compare;

import java.io.Serializable;

/** The sums of the pairs of one tile over all matrices. Not thread-safe. */
public final class TileSums implements Serializable {
  private static final long serialVersionUID = 1L;

  private PairSum[][] sums;
  private AdapterSum[] adapters;

  /** Takes the sum of a pair. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes it.
     *
     * @param row place in the one chunk
     * @param column place in the other
     */
    void accept(int row, int column, PairSum sum);
  }

  /** Adds the same pairs in another matrix. */
  public TileSums add(PairTile tile) {
    begin(tile.sizesA().size(), tile.sizesB().size(), tile.isDiagonal());
    for (int row = 0; row < sums.length; row++) {
      if (adapters != null) {
        adapters[row].add(tile.sizesA().get(row));
      }
      for (int column = tile.firstColumn(row); column < sums[row].length; column++) {
        sums[row][column].add(
            tile.sizesA().get(row), tile.sizesB().get(column), tile.parts()[row][column]);
      }
    }
    return this;
  }

  /** Adds what was summed elsewhere. */
  public TileSums add(TileSums other) {
    if (other.sums == null) {
      return this;
    }
    begin(other.sums.length, other.sums[0].length, other.adapters != null);
    for (int row = 0; row < sums.length; row++) {
      if (adapters != null) {
        adapters[row].add(other.adapters[row]);
      }
      for (int column = 0; column < sums[row].length; column++) {
        if (sums[row][column] != null) {
          sums[row][column].add(other.sums[row][column]);
        }
      }
    }
    return this;
  }

  /** Tells every pair. */
  public void forEach(Sink sink) {
    for (int row = 0; row < sums.length; row++) {
      for (int column = 0; column < sums[row].length; column++) {
        if (sums[row][column] != null) {
          sink.accept(row, column, sums[row][column]);
        }
      }
    }
  }

  /**
   * The sums of the checkpoints themselves, where rows and columns are the same ones; else null.
   */
  public AdapterSum[] adapters() {
    return adapters == null ? null : adapters.clone();
  }

  private void begin(int rows, int columns, boolean isDiagonal) {
    if (sums != null) {
      return;
    }
    sums = new PairSum[rows][columns];
    for (int row = 0; row < rows; row++) {
      for (int column = isDiagonal ? row + 1 : 0; column < columns; column++) {
        sums[row][column] = new PairSum();
      }
    }
    if (isDiagonal) {
      adapters = new AdapterSum[rows];
      for (int row = 0; row < rows; row++) {
        adapters[row] = new AdapterSum();
      }
    }
  }
}
