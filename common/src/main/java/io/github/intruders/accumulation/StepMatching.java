package io.github.intruders.accumulation;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jgrapht.alg.matching.KuhnMunkresMinimalWeightBipartitePerfectMatching;
import org.jgrapht.graph.DefaultWeightedEdge;
import org.jgrapht.graph.SimpleWeightedGraph;

/**
 * Pairs the intruders of two steps one to one so that the sum of their similarities is largest (the
 * Hungarian method), and keeps the pairs that reach {@value #MATCH}.
 *
 * <p>The similarity of two triplets is √(|⟨u, u′⟩| · |⟨v, v′⟩|): signs don't count, both sides do.
 * Singular values that lie within {@value #CLUSTER_GAP} of each other form a cluster, inside which
 * any rotation of the vectors would do as well: there the directions that resemble each other most
 * are compared ({@link ClusterBases}), so that a direction that two steps share makes one pair,
 * however it is mixed with others. Which members of the clusters then stand for a pair is chosen by
 * their share in its directions.
 */
final class StepMatching {
  /** Pairs below this similarity are no pairs. */
  static final double MATCH = 0.5;

  /** Relative distance of neighbouring singular values that still makes a cluster. */
  static final double CLUSTER_GAP = 0.02;

  private final List<Pair> pairs;
  private final Similarity[][] similarities;

  private StepMatching(List<Pair> pairs, Similarity[][] similarities) {
    this.pairs = pairs;
    this.similarities = similarities;
  }

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
   * @param similarity of the two; within clusters, of directions of theirs
   */
  record Pair(int before, int now, Similarity similarity) {}

  /** Matches the intruders of two steps. */
  static StepMatching of(IntruderVectors before, IntruderVectors now) {
    if (before.intruders().isEmpty() || now.intruders().isEmpty()) {
      return new StepMatching(List.of(), new Similarity[0][]);
    }
    try (Arena arena = Arena.open()) {
      return of(
          before.intruders(),
          now.intruders(),
          before.left().t().times(now.left()),
          before.right().t().times(now.right()));
    }
  }

  /**
   * @param left (before, now): products of the left vectors
   * @param right those of the right vectors
   */
  private static StepMatching of(
      List<Intruder> before, List<Intruder> now, Matrix left, Matrix right) {
    List<List<Integer>> clustersBefore = clusters(before);
    List<List<Integer>> clustersNow = clusters(now);
    ClusterBases bases = ClusterBases.of(clustersBefore, clustersNow, left, right);
    List<Pair> directions = match(similarities(bases.turned(left), bases.turned(right)));
    List<Pair> pairs = new ArrayList<>();
    Set<Integer> taken = new HashSet<>();
    Set<Integer> takenNow = new HashSet<>();
    for (List<Integer> b : clustersBefore) {
      for (List<Integer> n : clustersNow) {
        List<Pair> shared =
            directions.stream()
                .filter(pair -> b.contains(pair.before()) && n.contains(pair.now()))
                .toList();
        for (Pair pair : place(shared, free(b, taken), free(n, takenNow), bases)) {
          pairs.add(pair);
          taken.add(pair.before());
          takenNow.add(pair.now());
        }
      }
    }
    return new StepMatching(pairs, similarities(left, right));
  }

  /** The pairs, in no order. */
  List<Pair> pairs() {
    return pairs;
  }

  /** What the vector before that is nearest to one now reaches; null if there is none. */
  Similarity nearest(int now) {
    return Arrays.stream(similarities)
        .map(row -> row[now])
        .reduce((one, other) -> other.combined() > one.combined() ? other : one)
        .orElse(null);
  }

  private static Similarity[][] similarities(Matrix left, Matrix right) {
    Similarity[][] similarities = new Similarity[left.rows()][left.cols()];
    for (int i = 0; i < left.rows(); i++) {
      for (int j = 0; j < left.cols(); j++) {
        similarities[i][j] = similarity(left.get(i, j), right.get(i, j));
      }
    }
    return similarities;
  }

  private static List<Pair> match(Similarity[][] similarities) {
    double[][] gains = new double[similarities.length][similarities[0].length];
    for (int i = 0; i < gains.length; i++) {
      for (int j = 0; j < gains[i].length; j++) {
        double similarity = similarities[i][j].combined();
        gains[i][j] = similarity >= MATCH ? similarity : 0; // what is no pair takes no partner
      }
    }
    int[] partner = assign(gains);
    return IntStream.range(0, partner.length)
        .filter(j -> partner[j] >= 0 && gains[partner[j]][j] > 0)
        .mapToObj(j -> new Pair(partner[j], j, similarities[partner[j]][j]))
        .toList();
  }

  private static List<Integer> free(List<Integer> cluster, Set<Integer> taken) {
    return cluster.stream().filter(place -> !taken.contains(place)).toList();
  }

  /**
   * Chooses as many members of two clusters as they share directions, those with the largest share
   * in them.
   *
   * @param shared pairs of directions, one in each cluster
   */
  private static List<Pair> place(
      List<Pair> shared, List<Integer> before, List<Integer> now, ClusterBases bases) {
    if (shared.isEmpty()) {
      return List.of();
    }
    double[][] shares = new double[before.size()][now.size()];
    for (int i = 0; i < before.size(); i++) {
      for (int j = 0; j < now.size(); j++) {
        double share = 0;
        for (Pair pair : shared) {
          share +=
              bases.before().get(before.get(i), pair.before())
                  * bases.now().get(now.get(j), pair.now());
        }
        shares[i][j] = Math.abs(share);
      }
    }
    int[] partner = assign(shares);
    List<Integer> largest =
        IntStream.range(0, partner.length)
            .filter(j -> partner[j] >= 0)
            .boxed()
            .sorted(Comparator.comparingDouble(j -> -shares[partner[j]][j]))
            .toList();
    List<Similarity> similarities =
        shared.stream()
            .map(Pair::similarity)
            .sorted(Comparator.comparingDouble(Similarity::combined).reversed())
            .toList();
    return IntStream.range(0, shared.size())
        .mapToObj(
            rank -> {
              int j = largest.get(rank);
              return new Pair(before.get(partner[j]), now.get(j), similarities.get(rank));
            })
        .toList();
  }

  private static Similarity similarity(double left, double right) {
    return new Similarity(Math.min(1, Math.abs(left)), Math.min(1, Math.abs(right)));
  }

  /** Places of intruders whose singular values follow each other closely; each is in one. */
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
        clusters.add(cluster);
      }
      cluster.add(i);
    }
    return clusters;
  }

  /** For each place now its partner before, or −1; a perfect matching needs equal sides. */
  private static int[] assign(double[][] gains) {
    int rows = gains.length;
    int cols = gains[0].length;
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
        double gain = i < rows && j < cols ? gains[i][j] : 0;
        graph.setEdgeWeight(graph.addEdge(i, order + j), 2 - gain);
      }
    }
    int[] partner = new int[cols];
    Arrays.fill(partner, -1);
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
}
