package io.github.intruders.krylov;

import java.util.List;

/**
 * What random vectors tell of a matrix's singular values without decomposing it. A unit eigenvector
 * that is fixed before a Gaussian vector is drawn has a component on it that is normally
 * distributed with variance 1. If a few Lanczos steps from that vector show that no eigenvector
 * with an eigenvalue in some interval can have a component larger than b ({@link AtomBound}), then
 * either there is none, or the component was that small by chance, which happens with probability
 * √(2/π) b at most; over independent vectors these multiply. What is said here is wrong with a
 * chance below {@value #CHANCE}, whatever the matrix.
 *
 * <p>With j triplets found above a cut, if there were a further one, the span of j + 1 true vectors
 * would hold a direction orthogonal to the j found ones; so the same holds for it, with b for a
 * combination of j + 1 atoms, √(j + 1) times as large, and a variance that lacks what further found
 * vectors below the cut have of it.
 */
final class SpectrumProbes {
  static final int COUNT = 8;
  private static final double CHANCE = 1e-9;

  /** How much of a direction found vectors below a cut may hold. */
  private static final double MOST_HELD = 0.5;

  /** How much of what a probe has to show may be lost to a bound that is not made better. */
  private static final double TOLERANCE = 0.1;

  /** A cut is given up if probes show less than this share of what they have to. */
  private static final double HOPELESS = 0.3;

  private final List<AtomBound> bounds;
  private final double[] norms;
  private final double roundoff;
  private final double largest;

  /**
   * @param bounds of the probes, from Gaussian vectors without their part in the triplets' span
   * @param norms of the probes
   * @param roundoff by which a probe may differ from that, relative to its norm
   * @param largest no singular value lies above it
   */
  SpectrumProbes(List<AtomBound> bounds, double[] norms, double roundoff, double largest) {
    this.bounds = bounds;
    this.norms = norms;
    this.roundoff = roundoff;
    this.largest = largest;
  }

  /**
   * A cut that just as many singular values lie above as triplets were found there.
   *
   * @param count how many; 0 if there is no such cut
   * @param value of the cut
   */
  record Cut(int count, double value) {
    /** There is none. */
    static final Cut NONE = new Cut(0, Double.POSITIVE_INFINITY);
  }

  /** The lowest such cut at or below the {@code least} leading ones. */
  Cut lowestCut(Triplets found, int least) {
    for (int count = found.count(); count >= Math.max(1, least); count--) {
      double value = found.values()[count - 1];
      double next = count < found.count() ? found.values()[count] : found.next();
      double cut = value - (value - next) / 2;
      if (cut > 0 && cut < value - found.shift(count) && isComplete(found, count, cut)) {
        return new Cut(count, cut);
      }
    }
    return Cut.NONE;
  }

  private boolean isComplete(Triplets found, int count, double cut) {
    double held = 0;
    for (int l = count; l < found.count(); l++) {
      double part = found.errors()[l] / (cut - found.values()[l]);
      held += part * part;
    }
    return held <= MOST_HELD && excluded(cut, largest, count + 1, held);
  }

  /**
   * A number that no singular value lies below, zeros included, found among a few.
   *
   * @return 0 where there is none
   */
  double lowest() {
    double smallest = Double.POSITIVE_INFINITY;
    for (AtomBound bound : bounds) {
      if (bound == null) {
        return 0;
      }
      smallest = Math.min(smallest, Math.sqrt(Math.max(0, bound.nodes()[0])));
    }
    for (double share : new double[] {0.7, 0.5, 0.35, 0.25, 0.15, 0.1}) {
      if (smallest > 0 && excluded(0, share * smallest, 1, 0)) {
        return share * smallest;
      }
    }
    return 0;
  }

  /** Whether there is no combination of that many vectors with values in an interval. */
  private boolean excluded(double from, double to, int vectors, double held) {
    double density = Math.sqrt(2 / Math.PI / (1 - held));
    double several = Math.sqrt(vectors);
    double each = Math.log(CHANCE) / bounds.size();
    double useless = 1 / density / several; // an atom that large tells nothing
    double logChance = 0;
    int probes = 0;
    for (int i = 0; i < bounds.size(); i++) {
      AtomBound bound = bounds.get(i);
      if (bound == null) {
        continue;
      }
      double enough =
          Math.max(0, (1 - TOLERANCE) * (Math.exp(each) * useless - roundoff * norms[i] / several));
      double atom =
          Supremum.of(
              (low, high) -> Math.min(useless, bound.over(low, high)),
              from * from,
              to * to,
              TOLERANCE * enough,
              enough);
      double component = several * atom + roundoff * norms[i];
      logChance += Math.min(0, Math.log(density * component));
      if (logChance < Math.log(CHANCE)) {
        return true;
      }
      probes++;
      if (logChance > HOPELESS * probes * each) {
        return false;
      }
    }
    return false;
  }
}
