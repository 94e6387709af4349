package io.github.intruders.linalg;

/**
 * The two search spaces of a block Krylov method for singular triplets (Golub, Luk and Overton
 * 1981), with full orthogonalisation: orthonormal bases of both sides, and the matrix between them.
 * The caller alternates {@link #forth} and {@link #back}, or multiplies by itself what {@link #add}
 * and {@link #take} leave to it, so that one product serves several spaces.
 */
public final class BlockKrylov {
  private static final double WEAK = 0.05;

  /** What orthogonalisation leaves of a vector below this share is mostly rounding. */
  private static final double LOST = 1e-4;

  private static final int ATTEMPTS = 3;

  private final LinearOperator w;
  private final int width;
  private final Matrix left;
  private final Matrix right;
  private final Matrix projected;
  private int size;

  /**
   * Spaces without a direction yet.
   *
   * @param w (m, n); stays as it is; its precision is what the spaces are kept in
   * @param width how many directions are added at once
   * @param steps how often at most; width · steps is at most min(m, n)
   */
  public BlockKrylov(LinearOperator w, int width, int steps) {
    this.w = w;
    this.width = width;
    int capacity = width * steps;
    left = Matrix.allocate(w.rows(), capacity, w.precision());
    right = Matrix.allocate(w.cols(), capacity, w.precision());
    projected = Matrix.zeros(capacity, capacity, Precision.DOUBLE);
  }

  /**
   * Adds directions to the right space, takes them through W and adds what comes out to the left
   * one.
   *
   * @param directions (n, width); stays as it is
   * @return false if the precision does not hold the numbers
   */
  public boolean forth(Matrix directions) {
    try (Arena arena = Arena.open()) {
      return add(directions) && take(w.forth(added()));
    }
  }

  /**
   * The first half of {@link #forth}, for those who multiply by W themselves: adds directions to
   * the right space. {@link #take} has to follow.
   *
   * @param directions (n, width); stays as it is
   * @return false if the precision does not hold the numbers
   */
  public boolean add(Matrix directions) {
    return append(right, directions);
  }

  /** What was added, as it is to go through W, (n, width): a view. */
  public Matrix added() {
    return right.columnRange(size, size + width);
  }

  /**
   * The second half: adds to the left space what W made of the directions that were added.
   *
   * @param images (m, width); stays as it is
   * @return false if the precision does not hold the numbers
   */
  public boolean take(Matrix images) {
    if (!append(left, images)) {
      return false;
    }
    int to = size + width;
    try (Arena arena = Arena.open()) {
      projected
          .rowRange(0, to)
          .columnRange(size, to)
          .assign(left.columnRange(0, to).t().times(images));
    }
    size = to;
    return true;
  }

  /** The newest left directions, as they are to go through Wᵀ, (m, width): a view. */
  public Matrix newest() {
    return left.columnRange(size - width, size);
  }

  /** The newest left directions through Wᵀ, (n, width). */
  public Matrix back() {
    return w.back(newest());
  }

  /** How many directions each space has. */
  public int size() {
    return size;
  }

  /** An orthonormal basis of the left space, (m, size): a view. */
  public Matrix left() {
    return left.columnRange(0, size);
  }

  /** An orthonormal basis of the right space, (n, size): a view. */
  public Matrix right() {
    return right.columnRange(0, size);
  }

  /** leftᵀ · W · right, (size, size), in double precision; W · right = left · this. A copy. */
  public Matrix projected() {
    return projected.rowRange(0, size).columnRange(0, size).copy();
  }

  /**
   * Orthonormalises vectors against a basis and in themselves and puts them behind it. What adds no
   * direction is replaced by one that does.
   */
  private boolean append(Matrix basis, Matrix vectors) {
    Matrix before = basis.columnRange(0, size);
    try (Arena arena = Arena.open()) {
      Matrix rest = vectors.copy();
      if (!Double.isFinite(rest.frobeniusNorm())) {
        return false;
      }
      // What a step brings of the space lies along its newest directions. Without that part there
      // is little left to take out, and one pass over all directions does it.
      double[] newest = removeSpan(basis.columnRange(Math.max(0, size - width), size), rest);
      double[] removed = removeSpan(before, rest);
      OrthonormalBasis fresh = OrthonormalBasis.of(rest);
      for (int attempt = 0; attempt < ATTEMPTS && isWeak(fresh.r(), newest, removed); attempt++) {
        newest = new double[width];
        removed = removeSpan(before, fresh.q());
        fresh = OrthonormalBasis.of(fresh.q());
      }
      basis.columnRange(size, size + width).assign(fresh.q());
    }
    return true;
  }

  /**
   * Takes the part within a basis out of vectors, in place.
   *
   * @return how long that part was, for each vector
   */
  private static double[] removeSpan(Matrix basis, Matrix vectors) {
    if (basis.cols() == 0) {
      return new double[vectors.cols()];
    }
    Matrix coordinates = basis.t().times(vectors);
    vectors.plusProductInPlace(-1, basis, coordinates);
    return coordinates.columnNorms();
  }

  /**
   * Whether a vector is nearly dependent on those before it, by its triangular factor, or what was
   * taken out of it last was so long that its rounding matters.
   *
   * @param newest how long the part was that was taken out of each before
   * @param removed how long the part was that was taken out last
   */
  private static boolean isWeak(Matrix r, double[] newest, double[] removed) {
    double[] left = r.columnNorms();
    for (int j = 0; j < left.length; j++) {
      double before = Math.hypot(newest[j], removed[j]);
      if (!(Math.abs(r.get(j, j)) > Math.max(WEAK * left[j], LOST * before))
          || removed[j] > left[j]) {
        return true;
      }
    }
    return false;
  }
}
