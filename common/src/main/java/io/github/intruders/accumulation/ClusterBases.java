package io.github.intruders.accumulation;

import static java.util.Comparator.comparingDouble;

import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * Bases in which the clusters of two steps are compared. Near-equal singular values leave the
 * vectors of a cluster free up to one rotation of both sides; chosen are the principal vectors, one
 * pair of directions after the other: of all pairs of clusters the two directions that resemble
 * each other most, then of what is orthogonal to them. So the outcome does not depend on the
 * rotation that a solver happened to return.
 *
 * @param before (r, r), orthogonal and mixing within clusters only: a column for each place, its
 *     coordinates in the intruders of the step before
 * @param now (c, c), the same for this step
 */
record ClusterBases(Matrix before, Matrix now) {
  /**
   * Chooses the bases.
   *
   * @param before places of the step before, each in one cluster; a cluster may be a single place
   * @param now those of this step
   * @param left (r, c): products of the left vectors
   * @param right (r, c): those of the right vectors
   */
  static ClusterBases of(
      List<List<Integer>> before, List<List<Integer>> now, Matrix left, Matrix right) {
    Matrix mean = left.copy().plusInPlace(1, right).scaleInPlace(0.5);
    List<Cluster> clustersBefore = Cluster.all(before, left.rows());
    List<Cluster> clustersNow = Cluster.all(now, left.cols());
    List<Principal> candidates = Principal.all(clustersBefore, clustersNow, mean);
    while (!candidates.isEmpty()) {
      Principal next = Collections.max(candidates, comparingDouble(Principal::cosine));
      next.before().take(next.svd().u().column(0));
      next.now().take(next.svd().vt().row(0));
      candidates =
          candidates.stream()
              .flatMap(other -> other.sharesWith(next) ? other.again(mean) : Stream.of(other))
              .toList();
    }
    return new ClusterBases(basis(clustersBefore, left.rows()), basis(clustersNow, left.cols()));
  }

  /** Products (r, c) of the vectors as they are, as products of the chosen ones. */
  Matrix turned(Matrix products) {
    return before.t().times(products).times(now);
  }

  private static Matrix basis(List<Cluster> clusters, int order) {
    Matrix basis = Matrix.allocate(order, order, Precision.DOUBLE);
    clusters.forEach(cluster -> cluster.putInto(basis));
    return basis;
  }

  /** The directions of two clusters that resemble each other most. */
  private record Principal(Cluster before, Cluster now, Svd svd) {
    double cosine() {
      return svd.s()[0];
    }

    /** Those of all pairs of clusters. */
    static List<Principal> all(List<Cluster> before, List<Cluster> now, Matrix mean) {
      return before.stream().flatMap(b -> now.stream().flatMap(n -> of(b, n, mean))).toList();
    }

    /** None where there is nothing to choose, or where the two are no pair. */
    private static Stream<Principal> of(Cluster before, Cluster now, Matrix mean) {
      if (!before.isOpen() || !now.isOpen() || (before.isSingle() && now.isSingle())) {
        return Stream.empty();
      }
      Matrix overlap = before.open.t().times(mean).times(now.open);
      return Stream.of(new Principal(before, now, LapackSvd.DIVIDE_AND_CONQUER.decompose(overlap)))
          .filter(principal -> principal.cosine() >= StepMatching.MATCH);
    }

    /** The same clusters, of which one has fewer open directions now; so it resembles less. */
    Stream<Principal> again(Matrix mean) {
      return of(before, now, mean);
    }

    boolean sharesWith(Principal other) {
      return before == other.before || now == other.now;
    }
  }

  /** A cluster: directions that are chosen, and an orthonormal basis of those still open. */
  private static final class Cluster {
    private final List<Integer> places;
    private final List<Matrix> chosen = new ArrayList<>();
    private Matrix open;

    private Cluster(List<Integer> places, int order) {
      this.places = places;
      open = Matrix.zeros(order, places.size(), Precision.DOUBLE);
      for (int j = 0; j < places.size(); j++) {
        open.set(places.get(j), j, 1);
      }
    }

    static List<Cluster> all(List<List<Integer>> clusters, int order) {
      return clusters.stream().map(places -> new Cluster(places, order)).toList();
    }

    boolean isSingle() {
      return places.size() == 1;
    }

    boolean isOpen() {
      return chosen.size() < places.size();
    }

    /** Chooses the direction with these coordinates in the open ones; the rest stays open. */
    void take(double[] coordinates) {
      Matrix direction = Matrix.allocate(coordinates.length, 1, Precision.DOUBLE);
      for (int i = 0; i < coordinates.length; i++) {
        direction.set(i, 0, coordinates[i]);
      }
      chosen.add(open.times(direction));
      Matrix reflected = open.times(reflection(direction));
      open = reflected.columnRange(1, reflected.cols());
    }

    /** Householder's I − 2wwᵀ/wᵀw with a unit vector or its opposite as its first column. */
    private static Matrix reflection(Matrix unit) {
      Matrix w = unit.copy();
      w.set(0, 0, unit.get(0, 0) + Math.copySign(1, unit.get(0, 0)));
      double norm = w.frobeniusNorm();
      return Matrix.identity(w.rows(), Precision.DOUBLE)
          .plusProductInPlace(-2 / (norm * norm), w, w.transposed());
    }

    void putInto(Matrix basis) {
      for (int j = 0; j < places.size(); j++) {
        int place = places.get(j);
        Matrix direction =
            j < chosen.size()
                ? chosen.get(j)
                : open.columnRange(j - chosen.size(), j - chosen.size() + 1);
        basis.columnRange(place, place + 1).assign(direction);
      }
    }
  }
}
