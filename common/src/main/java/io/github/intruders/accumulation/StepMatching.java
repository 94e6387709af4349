package io.github.intruders.accumulation;

import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jgrapht.alg.matching.KuhnMunkresMinimalWeightBipartitePerfectMatching;
import org.jgrapht.graph.DefaultWeightedEdge;
import org.jgrapht.graph.SimpleWeightedGraph;

/**
 * Pairs the intruders of two steps one to one so that the sum of their similarities is largest (the
 * Hungarian method), and keeps the pairs that reach {@value #MATCH}.
 *
 * <p>The similarity of two triplets is √(|⟨u, u′⟩| · |⟨v, v′⟩|): signs don't count, both sides do.
 * Singular values that lie within {@value #CLUSTER_GAP} of each other form a cluster, inside which
 * the vectors of one step may be any rotation of those of the other; there the similarity is that
 * with the cluster's span, √(‖P u‖ · ‖P v‖), and the pairing by single vectors only breaks ties.
 */
final class StepMatching {
  /** Pairs below this similarity are no pairs. */
  static final double MATCH = 0.5;

  /** Relative distance of neighbouring singular values that still makes a cluster. */
  static final double CLUSTER_GAP = 0.02;

  private static final double TIE_BREAK = 1e-3;

  private StepMatching() {}

  /**
   * A similarity on both sides.
   *
   * @param left in [0, 1]
   * @param right in [0, 1]
   */
  record Similarity(double left, double right) {
    double combined() {
      return Math.sqrt(left * right);
    }
  }

  /**
   * A pair.
   *
   * @param before place in the intruders of the step before
   * @param now place in those of this step
   */
  record Pair(int before, int now, Similarity similarity) {}

  /** The pairs, ordered by {@code now}. */
  static List<Pair> match(StepIntruders before, StepIntruders now) {
    int rows = before.intruders().size();
    int cols = now.intruders().size();
    if (rows == 0 || cols == 0) {
      return List.of();
    }
    Similarity[][] direct = similarities(before, now);
    Similarity[][] best = withClusters(before, now, direct);
    int[] partner = assign(direct, best);
    List<Pair> pairs = new ArrayList<>();
    for (int j = 0; j < cols; j++) {
      int i = partner[j];
      if (i >= 0 && best[i][j].combined() >= MATCH) {
        pairs.add(new Pair(i, j, best[i][j]));
      }
    }
    return pairs;
  }

  /** Similarities of single vectors, by place before and now. */
  static Similarity[][] similarities(StepIntruders before, StepIntruders now) {
    Matrix left = leftVectors(before).transposedTimes(leftVectors(now));
    Matrix right = rightVectors(before).transposedTimes(rightVectors(now));
    Similarity[][] similarities = new Similarity[left.rows()][left.cols()];
    for (int i = 0; i < left.rows(); i++) {
      for (int j = 0; j < left.cols(); j++) {
        similarities[i][j] = similarity(left.get(i, j), right.get(i, j));
      }
    }
    return similarities;
  }

  private static Similarity similarity(double left, double right) {
    return new Similarity(Math.min(1, Math.abs(left)), Math.min(1, Math.abs(right)));
  }

  private static Matrix leftVectors(StepIntruders step) {
    return columns(step.vectors().u(), indexes(step.intruders()));
  }

  private static Matrix rightVectors(StepIntruders step) {
    return columns(step.vectors().v(), indexes(step.intruders()));
  }

  private static List<Integer> indexes(List<Intruder> intruders) {
    return intruders.stream().map(Intruder::singularIndex).toList();
  }

  private static Matrix columns(Matrix vectors, List<Integer> indexes) {
    Matrix chosen = Matrix.allocate(vectors.rows(), indexes.size(), Precision.DOUBLE);
    for (int j = 0; j < indexes.size(); j++) {
      int index = indexes.get(j);
      chosen.columnRange(j, j + 1).assign(vectors.columnRange(index, index + 1));
    }
    return chosen;
  }

  /** The larger of the similarity with the vector and that with the cluster it is in. */
  private static Similarity[][] withClusters(
      StepIntruders before, StepIntruders now, Similarity[][] direct) {
    Similarity[][] best = new Similarity[direct.length][];
    for (int i = 0; i < direct.length; i++) {
      best[i] = direct[i].clone();
    }
    for (List<Integer> cluster : clusters(before.intruders())) {
      Span span = Span.of(before, cluster);
      for (int j = 0; j < now.intruders().size(); j++) {
        Similarity withSpan = span.similarity(now, j);
        for (int i : cluster) {
          best[i][j] = larger(best[i][j], withSpan);
        }
      }
    }
    for (List<Integer> cluster : clusters(now.intruders())) {
      Span span = Span.of(now, cluster);
      for (int i = 0; i < before.intruders().size(); i++) {
        Similarity withSpan = span.similarity(before, i);
        for (int j : cluster) {
          best[i][j] = larger(best[i][j], withSpan);
        }
      }
    }
    return best;
  }

  private static Similarity larger(Similarity one, Similarity other) {
    return other.combined() > one.combined() ? other : one;
  }

  /** Places of intruders whose singular values follow each other closely; two or more each. */
  static List<List<Integer>> clusters(List<Intruder> intruders) {
    List<List<Integer>> clusters = new ArrayList<>();
    List<Integer> cluster = new ArrayList<>();
    for (int i = 0; i < intruders.size(); i++) {
      boolean near =
          i > 0
              && intruders.get(i - 1).singularValue() - intruders.get(i).singularValue()
                  <= CLUSTER_GAP * intruders.get(i - 1).singularValue();
      if (!near) {
        cluster = new ArrayList<>();
      }
      cluster.add(i);
      if (cluster.size() == 2) {
        clusters.add(cluster);
      }
    }
    return clusters;
  }

  /** The span of a cluster's vectors, by orthonormal bases. */
  private record Span(Matrix left, Matrix right) {
    static Span of(StepIntruders step, List<Integer> cluster) {
      List<Integer> indexes = cluster.stream().map(i -> index(step, i)).toList();
      return new Span(
          OrthonormalBasis.of(columns(step.vectors().u(), indexes)).q(),
          OrthonormalBasis.of(columns(step.vectors().v(), indexes)).q());
    }

    Similarity similarity(StepIntruders step, int place) {
      List<Integer> index = List.of(index(step, place));
      return StepMatching.similarity(
          left.transposedTimes(columns(step.vectors().u(), index)).frobeniusNorm(),
          right.transposedTimes(columns(step.vectors().v(), index)).frobeniusNorm());
    }

    private static int index(StepIntruders step, int place) {
      return step.intruders().get(place).singularIndex();
    }
  }

  /** For each place now its partner before, or −1; a perfect matching needs equal sides. */
  private static int[] assign(Similarity[][] direct, Similarity[][] best) {
    int rows = best.length;
    int cols = best[0].length;
    int order = Math.max(rows, cols);
    SimpleWeightedGraph<Integer, DefaultWeightedEdge> graph =
        new SimpleWeightedGraph<>(DefaultWeightedEdge.class);
    Set<Integer> left = new HashSet<>();
    Set<Integer> right = new HashSet<>();
    for (int i = 0; i < order; i++) {
      graph.addVertex(i);
      graph.addVertex(order + i);
      left.add(i);
      right.add(order + i);
    }
    for (int i = 0; i < order; i++) {
      for (int j = 0; j < order; j++) {
        double gain =
            i < rows && j < cols
                ? gain(best[i][j].combined()) + TIE_BREAK * direct[i][j].combined()
                : 0;
        graph.setEdgeWeight(graph.addEdge(i, order + j), 2 - gain);
      }
    }
    int[] partner = new int[cols];
    java.util.Arrays.fill(partner, -1);
    for (DefaultWeightedEdge edge :
        new KuhnMunkresMinimalWeightBipartitePerfectMatching<>(graph, left, right)
            .getMatching()
            .getEdges()) {
      int i = Math.min(graph.getEdgeSource(edge), graph.getEdgeTarget(edge));
      int j = Math.max(graph.getEdgeSource(edge), graph.getEdgeTarget(edge)) - order;
      if (i < rows && j < cols) {
        partner[j] = i;
      }
    }
    return partner;
  }

  /** A pair that does not count must not take a partner from one that does. */
  private static double gain(double similarity) {
    return similarity >= MATCH ? similarity : 0;
  }
}
