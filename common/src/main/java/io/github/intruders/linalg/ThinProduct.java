package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_full.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_full.CblasTrans;
import static org.bytedeco.openblas.global.openblas_full.cblas_sgemm;

import java.util.Set;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Products of a large matrix and a thin one, in single precision. BLAS brings what it multiplies
 * into an order of its own first; where each element is used a few times only, that takes longer
 * than the product. For processors with AVX-512, OpenBLAS leaves it out where a product is small:
 * so it gets the large matrix in tiles.
 */
final class ThinProduct {
  private static final Set<String> CORES = Set.of("SkylakeX", "Cooperlake", "SapphireRapids");

  /** A matrix with fewer elements takes no time in any order. */
  private static final long LARGE = 1 << 16;

  private static final int THIN = 64;

  /** Up to so many multiplications OpenBLAS calls a product small. */
  private static final int SMALL = 1_000_000;

  private static final int LONG = 512;
  private static final int SHORT = 128;

  /** What a vector register holds. */
  private static final int REGISTER = 16;

  private ThinProduct() {}

  /** Whether a product goes faster in tiles: by one thread, on a processor of that kind. */
  static boolean suits(Factor a, Factor b) {
    return isInTiles(a, b) && CORES.contains(OpenBlas.core()) && OpenBlas.threads() == 1;
  }

  /** Whether tiles can be had of a product. */
  static boolean isInTiles(Factor a, Factor b) {
    return b instanceof Matrix && (isLargeByThin(a, b) || isThinByLarge(a, b));
  }

  private static boolean isLargeByThin(Factor a, Factor b) {
    return b.cols() <= THIN && (long) a.rows() * a.cols() >= LARGE;
  }

  private static boolean isThinByLarge(Factor a, Factor b) {
    return a instanceof Matrix && a.rows() <= THIN && (long) b.rows() * b.cols() >= LARGE;
  }

  /** {@code c = beta · c + alpha · a · b}, for factors that tiles can be had of. */
  static void into(Matrix c, double beta, double alpha, Factor a, Factor b) {
    boolean largeFirst = isLargeByThin(a, b);
    boolean transposed = largeFirst && a instanceof Transposed;
    Matrix large = Product.matrix(largeFirst ? a : b);
    Matrix thin = Product.matrix(largeFirst ? b : a);
    int width = largeFirst ? thin.cols() : thin.rows();
    boolean byRegisters = !transposed || width % REGISTER == 0;
    int tileCols = byRegisters ? LONG : SHORT;
    int tileRows = Math.min(SHORT, SMALL / (tileCols * width) / REGISTER * REGISTER);
    Tile ofLarge = new Tile(large);
    Tile ofThin = new Tile(thin);
    Tile ofProduct = new Tile(c);
    for (int i = 0; i < large.rows(); i += tileRows) {
      int rows = Math.min(tileRows, large.rows() - i);
      for (int j = 0; j < large.cols(); j += tileCols) {
        int cols = Math.min(tileCols, large.cols() - j);
        boolean first = (largeFirst && !transposed ? j : i) == 0;
        FloatPointer tile = ofLarge.at(i, j);
        float before = first ? (float) beta : 1;
        if (largeFirst) {
          cblas_sgemm(
              CblasRowMajor,
              transposed ? CblasTrans : CblasNoTrans,
              CblasNoTrans,
              transposed ? cols : rows,
              width,
              transposed ? rows : cols,
              (float) alpha,
              tile,
              large.lead(),
              ofThin.at(transposed ? i : j, 0),
              thin.lead(),
              before,
              ofProduct.at(transposed ? j : i, 0),
              c.lead());
        } else {
          cblas_sgemm(
              CblasRowMajor,
              CblasNoTrans,
              CblasNoTrans,
              width,
              cols,
              rows,
              (float) alpha,
              ofThin.at(0, i),
              thin.lead(),
              tile,
              large.lead(),
              before,
              ofProduct.at(0, j),
              c.lead());
        }
      }
    }
  }

  /** A place in a matrix that moves; one pointer for all places. */
  private static final class Tile {
    private final FloatPointer pointer;
    private final long start;
    private final int lead;

    Tile(Matrix of) {
      pointer = new FloatPointer(of.floats());
      start = pointer.position();
      lead = of.lead();
    }

    FloatPointer at(int row, int col) {
      return pointer.position(start + (long) row * lead + col);
    }
  }
}
