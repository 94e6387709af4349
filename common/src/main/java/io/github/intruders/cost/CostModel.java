package io.github.intruders.cost;

import io.github.intruders.input.MemoryLimit;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.MatrixBlocks;
import io.github.intruders.scan.RankChoice;
import io.github.intruders.scan.Routes;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.spectra.RankQuadrature;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.io.Serializable;

/**
 * What the routes cost, by shapes alone. Operations are counted as the routes do them; the rates
 * are those of one core of an AMD EPYC 9005 (Zen 5, 2.6 GHz, AVX-512), fitted to what {@code bench}
 * measured there at 2048 x 2048 and 4096 x 4096. Where a core is slower, all times grow alike.
 * Below, m × n is the matrix, p its smaller side, q its larger one.
 */
public final class CostModel implements Serializable {
  private static final long serialVersionUID = 1L;

  /** What the rates were measured on, in words. */
  public static final String RATES = "one core of an AMD EPYC 9005, reading 400 MB/s";

  /** Products in single precision. */
  private static final double PRODUCT_FLOPS = 6.5e10;

  /** The same with few columns, bound by memory. */
  private static final double NARROW_PRODUCT_FLOPS = 5e10;

  /** Products in double precision. */
  private static final double DOUBLE_PRODUCT_FLOPS = 4e10;

  /** A dense decomposition in double precision. */
  private static final double DENSE_FLOPS = 6.3e10;

  /** The eigenvalues of a symmetric matrix, bound by memory. */
  private static final double EIGEN_FLOPS = 2.1e10;

  /** A problem in the base's coordinates: what it takes at least. */
  private static final double SOLVE_SECONDS = 0.010;

  /** And what it takes more for each of (m + n) · R². */
  private static final double SOLVE_SECONDS_PER_ELEMENT = 5e-9;

  /** Reading and decoding a tensor; a remote storage may be slower. */
  private static final double READ_BYTES = 4e8;

  /** Multiples of m · n that the block route does for k = 10: eight steps, residuals and starts. */
  private static final double BLOCK_FLOPS = 1000;

  /** Vectors of the block route's search spaces, both sides. */
  private static final int SEARCH_VECTORS = 600;

  /** Columns that go through W0 and back, in blocks, for the base's leading vectors. */
  private static final double BOUNDS_BASE_COLUMNS = 450;

  /** The same where the base's leading triplets are stored, and are only checked. */
  private static final double BOUNDS_KNOWN_COLUMNS = 150;

  /** The same for the leading vectors of a whole tuned matrix. */
  private static final double BOUNDS_TUNED_COLUMNS = 140;

  /**
   * The same for those of an adapter: their searches go side by side, so that a column is cheap.
   */
  private static final double BOUNDS_ADAPTER_COLUMNS = 85;

  /** The same for bounds of one tuned vector. */
  private static final double BOUNDS_VECTOR_COLUMNS = 4;

  /** Operations for each element of W0 and each such column. */
  private static final double BOUNDS_FORTH_AND_BACK = 4;

  /** Products of that kind: some tens of columns at a time. */
  private static final double BOUNDS_FLOPS = 3e10;

  /** What is small besides, for a base and for each tuned vector. */
  private static final double BOUNDS_SECONDS = 0.12;

  private static final double BOUNDS_SECONDS_PER_VECTOR = 0.003;

  /**
   * Of how many matrices bounds leave something open, so that these are decomposed after all: of
   * spectra like those of models 0.8 % of all vectors stay undecided ({@code
   * KrylovVerdictsTest.main}), which is one in twelve where a matrix has ten.
   */
  private static final double LEFT_OPEN = 0.08;

  /** No number of checkpoints beyond this is looked at. */
  private static final long MOST_CHECKPOINTS = 1L << 30;

  /** How much longer bounds take with rows spread: Spark's jobs, and copies out of the heap. */
  private static final double SPREAD_FACTOR = 2;

  /** The most of a block of rows, or of a thin factor, where a matrix is spread. */
  private static final long MOST_SPREAD_BYTES = 64L << 20;

  /** n × n matrices in double precision at the end of a scan in blocks. */
  private static final int BLOCKWISE_SQUARES = 8;

  private final Routes routes;

  public CostModel(ScanSettings settings) {
    this.routes = new Routes(settings);
  }

  /** What a plan asks of its base matrix. */
  public Workload workload(MatrixPlan plan) {
    int rank = plan.update() instanceof UpdateSource.LowRank chain ? chain.rank() : 0;
    return routes.takesLowRank(plan.base().minDimension(), rank)
        ? new Workload(1, rank, (double) rank * rank, rank, 0, plan.updateBytes())
        : new Workload(0, 0, 0, 0, 1, plan.updateBytes());
  }

  /** The base's decomposition, by divide and conquer in double precision. */
  public static Cost decomposition(BaseMatrix base) {
    double p = p(base);
    double q = q(base);
    double flops = denseFlops(p, q);
    long bytes = base.source().lengthBytes();
    return new Cost(
        flops,
        flops / DENSE_FLOPS + readSeconds(bytes),
        bytes,
        LapackSvd.nativeBytes(base.source().rows(), base.source().cols())
            + storedBytes(base, SpectrumPart.BOTH));
  }

  /** Time of reading and decoding. */
  public static double readSeconds(long bytes) {
    return bytes / READ_BYTES;
  }

  /** What the store takes for a matrix. */
  public static long storedBytes(BaseMatrix base, SpectrumPart kept) {
    return kept.storedBytes(base.source().rows(), base.source().cols());
  }

  /** Scanning checkpoints of a matrix in one task, the base's decomposition stored. */
  public Cost scan(BaseMatrix base, Workload work) {
    if (work.checkpoints() == 0) {
      return Cost.NONE;
    }
    long spectrum = storedBytes(base, SpectrumPart.BOTH);
    double m = base.source().rows();
    double n = base.source().cols();
    double p = p(base);
    double projection = 2 * p * work.columns() * (m * (m > p ? 2 : 1) + n * (n > p ? 2 : 1));
    double seconds =
        projection / PRODUCT_FLOPS
            + SOLVE_SECONDS * work.adapters()
            + SOLVE_SECONDS_PER_ELEMENT * (m + n) * work.squares();
    double flops = projection;
    long bytes = spectrum + work.updateBytes();
    if (work.whole() > 0) {
      double search = takesBlocks(base) ? BLOCK_FLOPS * m * n : denseFlops(p, q(base));
      Cost rank = rank(base);
      flops += work.whole() * (search + rank.flops());
      seconds +=
          work.whole()
              * (search / (takesBlocks(base) ? PRODUCT_FLOPS : DENSE_FLOPS) + rank.coreSeconds());
      bytes += work.whole() * base.source().lengthBytes();
    }
    return new Cost(flops, seconds + readSeconds(bytes), bytes, scanBytes(base, work));
  }

  /**
   * Scanning checkpoints of a matrix in one task by bounds, its decomposition not stored. What
   * bounds may leave open is not in it.
   *
   * @param known whether the base's leading triplets are stored
   */
  public Cost bounds(BaseMatrix base, Workload work, boolean known) {
    if (work.checkpoints() == 0) {
      return Cost.NONE;
    }
    double vectors = (double) vectors(base) * work.checkpoints();
    double flops =
        BOUNDS_FORTH_AND_BACK
            * elements(base)
            * (BOUNDS_TUNED_COLUMNS * work.whole()
                + BOUNDS_ADAPTER_COLUMNS * work.adapters()
                + BOUNDS_VECTOR_COLUMNS * vectors);
    Cost rank = rank(base);
    long bytes = work.whole() * base.source().lengthBytes() + work.updateBytes();
    Cost tuned =
        new Cost(
            flops + work.whole() * rank.flops(),
            flops / BOUNDS_FLOPS
                + BOUNDS_SECONDS_PER_VECTOR * vectors
                + work.whole() * rank.coreSeconds()
                + readSeconds(bytes),
            bytes,
            boundsBytes(base, work));
    return boundsOfBase(base, known).then(tuned);
  }

  /** The part of that which is for the base, however many checkpoints there are. */
  public Cost boundsOfBase(BaseMatrix base, boolean known) {
    double columns = known ? BOUNDS_KNOWN_COLUMNS : BOUNDS_BASE_COLUMNS;
    double flops = BOUNDS_FORTH_AND_BACK * elements(base) * columns;
    long bytes = base.source().lengthBytes();
    return new Cost(
        flops,
        flops / BOUNDS_FLOPS + BOUNDS_SECONDS + readSeconds(bytes),
        bytes,
        boundsBytes(base, Workload.NONE));
  }

  /**
   * Scanning checkpoints of a matrix by bounds, its rows spread over the executors.
   *
   * @param taskBytes the memory of a task
   */
  public Cost spread(BaseMatrix base, Workload work, long taskBytes) {
    Cost bounds = bounds(base, work, false);
    return new Cost(
        bounds.flops(),
        SPREAD_FACTOR * bounds.coreSeconds(),
        bounds.bytesRead(),
        4 * spreadBlockBytes(taskBytes));
  }

  /** What one block of rows, or one thin factor, may take where a matrix is spread. */
  public static long spreadBlockBytes(long taskBytes) {
    return Math.min(MOST_SPREAD_BYTES, Math.max(1, taskBytes / 4));
  }

  /** What all executors together hold of such a matrix and of one full fine-tune of it. */
  public static long spreadHeapBytes(BaseMatrix base, Workload work) {
    return Float.BYTES * base.source().elements() * (work.whole() > 0 ? 3 : 1);
  }

  /** How many checkpoints go at once where a matrix is spread; 0 if bounds can't be had. */
  public int spreadStack(BaseMatrix base, Workload work, MemoryLimit driver) {
    boolean exactRank = work.whole() > 0 && routes.settings().rank() == RankChoice.EXACT;
    return routes.takesKrylov(base) && !exactRank
        ? routes.boundsStack(base, work.checkpoints(), driver)
        : 0;
  }

  /** Peak native memory of the driver meanwhile. */
  public long spreadDriverBytes(BaseMatrix base, int stack) {
    return routes.driverBytes(base, stack);
  }

  /** Whether a matrix is rather spread than taken in blocks, where both can be. */
  public boolean isWorthSpreading(BaseMatrix base, Workload work, long taskBytes) {
    return routes.settings().solver() == SolverChoice.KRYLOV
        || isWorth(
            spread(base, work, taskBytes).coreSeconds(),
            blockwise(base, work, taskBytes).coreSeconds());
  }

  /** Whether bounds are cheaper than what follows where they leave something open. */
  private static boolean isWorth(double bounds, double otherwise) {
    return bounds + LEFT_OPEN * otherwise < otherwise;
  }

  private static double elements(BaseMatrix base) {
    return (double) base.source().rows() * base.source().cols();
  }

  /** Peak native memory of one task that scans checkpoints of a base matrix by bounds. */
  public long boundsBytes(BaseMatrix base, Workload work) {
    return routes.boundsBytes(base, work.checkpoints(), work.whole() > 0);
  }

  /** How many vectors of each checkpoint are compared. */
  private int vectors(BaseMatrix base) {
    return routes.k(base.minDimension()) * routes.settings().sides().size();
  }

  /**
   * How a base matrix is best taken.
   *
   * @param held what of it is stored
   * @param memory what a task has
   */
  public RouteChoice choice(
      BaseMatrix base, Workload work, SpectraStore.Held held, MemoryLimit memory) {
    boolean stored = held == SpectraStore.Held.DECOMPOSITION;
    boolean known = held == SpectraStore.Held.TRIPLETS;
    double decomposed =
        scan(base, work).coreSeconds() + (stored ? 0 : decomposition(base).coreSeconds());
    boolean suits = routes.takesKrylov(base);
    double bounds = suits ? bounds(base, work, known).coreSeconds() : Double.NaN;
    boolean free = routes.settings().solver() == SolverChoice.AUTO;
    RouteChoice.Route byDecomposition =
        stored ? RouteChoice.Route.STORED : RouteChoice.Route.DECOMPOSE;
    RouteChoice.Route route = byDecomposition;
    RouteChoice.Reason reason;
    if (!free) {
      boolean asked = routes.settings().solver() == SolverChoice.KRYLOV;
      route = asked && suits ? RouteChoice.Route.KRYLOV : route;
      reason = asked && !suits ? RouteChoice.Reason.UNSUITED : RouteChoice.Reason.ASKED;
    } else if (stored) {
      reason = RouteChoice.Reason.STORED;
    } else if (!suits) {
      reason = RouteChoice.Reason.UNSUITED;
    } else if (!memory.allows(boundsBytes(base, work))) {
      reason = RouteChoice.Reason.MEMORY;
    } else if (!memory.allows(decomposition(base).nativeBytes())) {
      boolean blocks =
          MatrixBlocks.suits(base)
              && memory.allows(blockwiseBytes(base))
              && !isWorthSpreading(base, work, memory.bytes());
      route = blocks ? route : RouteChoice.Route.KRYLOV;
      reason = RouteChoice.Reason.MEMORY;
    } else {
      route = isWorthDecomposing(base, work, known) ? route : RouteChoice.Route.KRYLOV;
      reason = RouteChoice.Reason.CHEAPER;
    }
    return new RouteChoice(
        route, reason, known, decomposed, bounds, suits && free ? breakEven(base, work, known) : 0);
  }

  private boolean isWorthDecomposing(BaseMatrix base, Workload work, boolean known) {
    return !isWorth(
        bounds(base, work, known).coreSeconds(),
        scan(base, work).coreSeconds() + decomposition(base).coreSeconds());
  }

  /** From how many such checkpoints on the base is worth decomposing; 0 if it never is. */
  private long breakEven(BaseMatrix base, Workload work, boolean known) {
    long enough = 1;
    while (!isWorthDecomposing(base, work.average(enough), known)) {
      enough *= 2;
      if (enough > MOST_CHECKPOINTS) {
        return 0;
      }
    }
    long tooFew = enough / 2;
    while (enough - tooFew > 1) {
      long middle = tooFew + (enough - tooFew) / 2;
      if (isWorthDecomposing(base, work.average(middle), known)) {
        enough = middle;
      } else {
        tooFew = middle;
      }
    }
    return enough;
  }

  /** The effective rank of a full fine-tune's update, estimated or from all singular values. */
  private Cost rank(BaseMatrix base) {
    int rows = base.source().rows();
    int cols = base.source().cols();
    if (routes.estimatesRank(rows, cols)) {
      double flops = RankQuadrature.flops(rows, cols);
      return new Cost(flops, flops / NARROW_PRODUCT_FLOPS, 0, 0);
    }
    double p = p(base);
    double gram = q(base) * p * p;
    double eigen = 4.0 / 3 * p * p * p;
    return new Cost(gram + eigen, gram / DOUBLE_PRODUCT_FLOPS + eigen / EIGEN_FLOPS, 0, 0);
  }

  /**
   * Peak native memory of one task that scans checkpoints of a base matrix whose decomposition is
   * stored: U0 and V0ᵀ and the larger of two routes. Stacked adapters take their factors in double
   * and in single precision and their coordinates; a full fine-tune W, W0, the search spaces and
   * two Gram matrices, or by the dense route what that takes.
   */
  public long scanBytes(BaseMatrix base, Workload work) {
    long p = base.minDimension();
    long m = base.source().rows();
    long n = base.source().cols();
    long stack = Math.max(work.widest(), Math.min(work.columns(), Routes.STACK_COLUMNS));
    long spectrum = storedBytes(base, SpectrumPart.BOTH);
    long adapters = spectrum + stack * ((m + n) * (Double.BYTES + Float.BYTES) + 2 * p * 24);
    if (work.whole() == 0) {
      return adapters;
    }
    long whole =
        takesBlocks(base)
            ? spectrum
                + 2 * Float.BYTES * m * n
                + (long) Float.BYTES
                    * Math.max(SEARCH_VECTORS, RankQuadrature.mostVectors())
                    * (m + n)
                + 16 * p * p
            : Routes.denseBytes(base.source().rows(), base.source().cols());
    return Math.max(adapters, whole);
  }

  /**
   * Decomposing a matrix in blocks and scanning checkpoints of it, over all tasks.
   *
   * @param taskBytes the memory of a task, which bounds how many adapters go at once
   */
  public Cost blockwise(BaseMatrix base, Workload work, long taskBytes) {
    double p = p(base);
    double q = q(base);
    long bytes = base.source().lengthBytes();
    double eigen = 9 * p * p * p;
    Cost cost = new Cost(0, 0, 0, blockwiseBytes(base)).then(ofSums(q * p * p, eigen, bytes));
    double stacks = Math.ceil(work.columns() / (double) blockwiseColumns(base, taskBytes));
    cost =
        cost.then(
            ofSums(
                2 * p * q * work.columns(),
                2 * p * p * work.columns(),
                (long) (stacks * bytes) + (work.whole() == 0 ? work.updateBytes() : 0)));
    return cost.then(
        ofSums(4 * q * p * p * work.whole(), eigen * work.whole(), 2 * bytes * work.whole()));
  }

  private static Cost ofSums(double products, double eigen, long bytes) {
    return new Cost(
        products + eigen,
        products / DOUBLE_PRODUCT_FLOPS + eigen / EIGEN_FLOPS + readSeconds(bytes),
        bytes,
        0);
  }

  /** How many columns of adapters are projected at once where a matrix goes in blocks. */
  public static long blockwiseColumns(BaseMatrix base, long taskBytes) {
    long longSide = Math.max(base.source().rows(), base.source().cols());
    return Math.max(1, taskBytes / 4 / (longSide * Double.BYTES));
  }

  /** What the store takes for a matrix in blocks: the vectors of the short side. */
  public static long blockwiseStoredBytes(BaseMatrix base) {
    long p = base.minDimension();
    return Float.BYTES * p * p + Double.BYTES * p;
  }

  /** Peak native memory of the last step for a matrix in blocks: p × p sums. */
  public static long blockwiseBytes(BaseMatrix base) {
    long p = base.minDimension();
    return BLOCKWISE_SQUARES * Double.BYTES * p * p;
  }

  private boolean takesBlocks(BaseMatrix base) {
    return routes.takesBlocks(base.source().cols(), base.minDimension());
  }

  private static double p(BaseMatrix base) {
    return base.minDimension();
  }

  private static double q(BaseMatrix base) {
    return Math.max(base.source().rows(), base.source().cols());
  }

  /** A thin decomposition with R-SVD: 6 q p² + 20 p³ for a q × p matrix, q ≥ p. */
  private static double denseFlops(double p, double q) {
    return 6 * q * p * p + 20 * p * p * p;
  }
}
