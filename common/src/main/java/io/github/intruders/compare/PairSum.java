package io.github.intruders.compare;

import java.io.Serializable;

/** Adds up a pair of checkpoints over their matrices. Not thread-safe. */
public final class PairSum implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Interference up to so many times that of random subspaces is what chance may give. */
  private static final double CHANCE = 2;

  /** Above this, a merge disturbs both, be it by chance: the spaces are too large to be apart. */
  private static final double MOST_INTERFERENCE = 0.5;

  /** Up to this cosine two updates count as different ones. */
  private static final double MOST_COSINE = 0.1;

  private int matrices;
  private int leftOut;
  private double squaresA;
  private double squaresB;
  private double leadingSquaresA;
  private double leadingSquaresB;
  private double product;
  private double error;
  private double exactProduct;
  private double leftOverlaps;
  private double rightOverlaps;
  private double maxLeftCosine;
  private double maxRightCosine;
  private double interference;
  private double interferenceNull;
  private double nuclearNorms;
  private int sharedIntruders;
  private boolean intrudersUnknown;

  /**
   * Adds a matrix. One that could not be read for one of the two is left out for both.
   *
   * @param part null where not both have an update
   */
  public PairSum add(UpdateSize a, UpdateSize b, PairPart part) {
    if (a.state() == UpdateSize.State.LEFT_OUT || b.state() == UpdateSize.State.LEFT_OUT) {
      leftOut++;
      return this;
    }
    squaresA += a.norm() * a.norm();
    squaresB += b.norm() * b.norm();
    leadingSquaresA += a.leadingNorm() * a.leadingNorm();
    leadingSquaresB += b.leadingNorm() * b.leadingNorm();
    if (part != null) {
      matrices++;
      product += part.product();
      error += part.error();
      exactProduct += part.exactProduct();
      leftOverlaps += part.leftOverlap();
      rightOverlaps += part.rightOverlap();
      if (part.leftCosines().length > 0) {
        maxLeftCosine = Math.max(maxLeftCosine, part.leftCosines()[0]);
        maxRightCosine = Math.max(maxRightCosine, part.rightCosines()[0]);
      }
      interference += part.interference();
      interferenceNull += part.interferenceNull();
      nuclearNorms += a.nuclearNorm() + b.nuclearNorm();
      if (part.sharedIntruders() == PairPart.UNKNOWN) {
        intrudersUnknown = true;
      } else {
        sharedIntruders += part.sharedIntruders();
      }
    }
    return this;
  }

  /** Adds what was summed elsewhere. */
  public PairSum add(PairSum other) {
    matrices += other.matrices;
    leftOut += other.leftOut;
    squaresA += other.squaresA;
    squaresB += other.squaresB;
    leadingSquaresA += other.leadingSquaresA;
    leadingSquaresB += other.leadingSquaresB;
    product += other.product;
    error += other.error;
    exactProduct += other.exactProduct;
    leftOverlaps += other.leftOverlaps;
    rightOverlaps += other.rightOverlaps;
    maxLeftCosine = Math.max(maxLeftCosine, other.maxLeftCosine);
    maxRightCosine = Math.max(maxRightCosine, other.maxRightCosine);
    interference += other.interference;
    interferenceNull += other.interferenceNull;
    nuclearNorms += other.nuclearNorms;
    sharedIntruders += other.sharedIntruders;
    intrudersUnknown |= other.intrudersUnknown;
    return this;
  }

  /** In how many matrices both have an update. */
  public int matrices() {
    return matrices;
  }

  /** How many matrices are left out. */
  public int leftOut() {
    return leftOut;
  }

  /** The largest principal cosine of column spaces; null where no matrix has both. */
  public Double maxLeftCosine() {
    return matrices == 0 ? null : (Double) maxLeftCosine;
  }

  /** The same of row spaces. */
  public Double maxRightCosine() {
    return matrices == 0 ? null : (Double) maxRightCosine;
  }

  /** The figures of a pair that is all in the sum. */
  public PairFigures figures() {
    return figures(true);
  }

  /**
   * The figures of the pair.
   *
   * @param isComplete whether all of both is in the sum, but for what is left out here; else
   *     nothing is told of copies, which what is missing may tell apart
   */
  public PairFigures figures(boolean isComplete) {
    boolean knowsAll = isComplete && leftOut == 0;
    double normA = Math.sqrt(squaresA);
    double normB = Math.sqrt(squaresB);
    boolean defined = normA > 0 && normB > 0;
    Double cosineLow = defined ? (Double) clamped((exactProduct - error) / (normA * normB)) : null;
    Double cosineHigh = defined ? (Double) clamped((exactProduct + error) / (normA * normB)) : null;
    double larger = Math.max(normA, normB);
    double mostDistance =
        larger == 0
            ? 0
            : Math.sqrt(Math.max(0, squaresA + squaresB - 2 * (exactProduct - error))) / larger;
    boolean known = error == 0 && (knowsAll || larger > 0);
    return new PairFigures(
        normA,
        normB,
        known ? cosineLow : null,
        cosineLow,
        cosineHigh,
        defined
            ? (Double) clamped(product / Math.sqrt(leadingSquaresA) / Math.sqrt(leadingSquaresB))
            : null,
        defined ? (Double) Math.min(leadingSquaresA / squaresA, leadingSquaresB / squaresB) : null,
        known ? (Double) mostDistance : null,
        mean(leftOverlaps),
        mean(rightOverlaps),
        nuclearNorms == 0 ? null : (Double) (interference / nuclearNorms),
        nuclearNorms == 0 ? null : (Double) (interferenceNull / nuclearNorms),
        intrudersUnknown ? null : (Integer) sharedIntruders,
        knowsAll ? Duplicate.of(mostDistance, cosineLow) : null);
  }

  /**
   * Whether merging the two disturbs neither more than updates of random directions would.
   *
   * @param isComplete whether all of both is in the sum
   * @return null where that is not known
   */
  public Boolean safeToMerge(boolean isComplete) {
    PairFigures figures = figures(isComplete);
    boolean disturbs =
        interference > CHANCE * interferenceNull
            || interference > MOST_INTERFERENCE * nuclearNorms
            || (figures.leadingCosine() != null && Math.abs(figures.leadingCosine()) > MOST_COSINE)
            || figures.duplicate() != null
            || (figures.sharedIntruders() != null && figures.sharedIntruders() > 0);
    if (disturbs) {
      return false;
    }
    return (isComplete && leftOut == 0 && error == 0) ? (Boolean) true : null;
  }

  private Double mean(double sum) {
    return matrices == 0 ? null : (Double) (sum / matrices);
  }

  private static double clamped(double cosine) {
    return Math.max(-1, Math.min(1, cosine));
  }
}
