package io.github.intruders.spectra;

/**
 * Which singular vectors of a decomposition are there in full. Of the side that is not, the {@value
 * #LEADING} leading vectors are, which block methods start from.
 */
public enum SpectrumPart {
  BOTH,
  LEFT,
  RIGHT;

  /** How many vectors of the other side are kept. */
  public static final int LEADING = 64;

  /** Whether what is there serves those who want {@code wanted}. */
  public boolean covers(SpectrumPart wanted) {
    return this == BOTH || this == wanted;
  }

  /** Whether the left vectors are there in full. */
  public boolean hasLeft() {
    return this != RIGHT;
  }

  /** Whether the right vectors are there in full. */
  public boolean hasRight() {
    return this != LEFT;
  }

  /** What the store takes for this part of the decomposition of a matrix of this shape. */
  public long storedBytes(int rows, int cols) {
    long p = Math.min(rows, cols);
    long leading = Math.min(p, LEADING);
    long left = hasLeft() ? p : leading;
    long right = hasRight() ? p : leading;
    return Float.BYTES * (left * rows + right * cols) + Double.BYTES * p;
  }
}
