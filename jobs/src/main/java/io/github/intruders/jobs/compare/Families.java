package io.github.intruders.jobs.compare;

import io.github.intruders.compare.Components;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.mllib.clustering.PowerIterationClustering;
import scala.Tuple3;

/**
 * Families in a graph of similarities. What is connected by no path of related pairs is no family.
 * A connected part in which all are related to all is one. Any other part is halved by power
 * iteration clustering (Lin and Cohen 2010) where its halves hang together better than the whole,
 * by modularity (Newman 2006), and so on with the halves.
 */
final class Families {
  /** Modularity from which on halves are communities of their own. */
  private static final double COMMUNITIES = 0.3;

  private static final int ITERATIONS = 20;

  /** Parts below this size have no halves worth telling apart. */
  private static final int SMALLEST = 4;

  /** How often a part is looked at: each time is some thirty Spark jobs. */
  private static final int MOST_ATTEMPTS = 64;

  private static final long EDGES_PER_PARTITION = 100_000;

  private final JavaRDD<Edge> edges;
  private final int nodes;

  /**
   * @param edges pairs that are related
   * @param nodes how many there are, from 0
   */
  Families(JavaRDD<Edge> edges, int nodes) {
    this.edges = edges;
    this.nodes = nodes;
  }

  /**
   * Two related nodes.
   *
   * @param weight above 0
   */
  record Edge(int a, int b, double weight) implements Serializable {}

  /** Each family's nodes, ascending; the largest family first, then by its first node. */
  List<List<Integer>> find() {
    Deque<List<Integer>> open = new ArrayDeque<>(components(edges).parts());
    List<List<Integer>> families = new ArrayList<>();
    int attempts = 0;
    while (!open.isEmpty()) {
      List<Integer> part = open.pop();
      if (part.size() < SMALLEST || attempts == MOST_ATTEMPTS) {
        families.add(part);
        continue;
      }
      Set<Integer> members = Set.copyOf(part);
      JavaRDD<Edge> inside =
          edges.filter(edge -> members.contains(edge.a()) && members.contains(edge.b()));
      long count = inside.count();
      if (count == part.size() * (part.size() - 1L) / 2) {
        families.add(part);
        continue;
      }
      attempts++;
      List<List<Integer>> halves = halves(part, inside, count);
      if (halves.isEmpty()) {
        families.add(part);
      } else {
        halves.forEach(half -> open.addAll(connected(half)));
      }
    }
    families.sort(
        Comparator.comparing((List<Integer> family) -> -family.size())
            .thenComparing(family -> family.get(0)));
    return families;
  }

  /**
   * The family that two checkpoints belong to; null if there is none.
   *
   * @param familyOf the families of those that have one
   */
  static String ofBoth(Map<String, String> familyOf, String a, String b) {
    String family = familyOf.get(a);
    return family != null && family.equals(familyOf.get(b)) ? family : null;
  }

  private Components components(JavaRDD<Edge> graph) {
    return graph.aggregate(
        new Components(nodes),
        (components, edge) -> components.connect(edge.a(), edge.b()),
        Components::connect);
  }

  private List<List<Integer>> connected(List<Integer> half) {
    Set<Integer> members = Set.copyOf(half);
    return components(
            edges.filter(edge -> members.contains(edge.a()) && members.contains(edge.b())))
        .parts();
  }

  /** The two halves of a connected part; none where it is better left whole. */
  private static List<List<Integer>> halves(List<Integer> part, JavaRDD<Edge> inside, long count) {
    int partitions = (int) Math.max(1, count / EDGES_PER_PARTITION);
    JavaRDD<Tuple3<Long, Long, Double>> graph =
        inside
            .sortBy(edge -> ((long) edge.a() << Integer.SIZE) + edge.b(), true, partitions)
            .map(edge -> new Tuple3<>((long) edge.a(), (long) edge.b(), edge.weight()));
    Map<Integer, Integer> halfOf = new HashMap<>();
    for (PowerIterationClustering.Assignment assignment :
        new PowerIterationClustering()
            .setK(2)
            .setMaxIterations(ITERATIONS)
            .run(graph)
            .assignments()
            .toJavaRDD()
            .collect()) {
      halfOf.put((int) assignment.id(), assignment.cluster());
    }
    if (new TreeSet<>(halfOf.values()).size() < 2 || modularity(halfOf, inside) < COMMUNITIES) {
      return List.of();
    }
    List<List<Integer>> halves = List.of(new ArrayList<>(), new ArrayList<>());
    for (int node : part) {
      halves.get(halfOf.get(node)).add(node);
    }
    return halves;
  }

  /** How much more weight lies within the halves than chance would put there. */
  private static double modularity(Map<Integer, Integer> halfOf, JavaRDD<Edge> inside) {
    double[] weights =
        inside.aggregate(
            new double[3], // within the one, within the other, between
            (sums, edge) -> {
              int a = halfOf.get(edge.a());
              sums[a == halfOf.get(edge.b()) ? a : 2] += edge.weight();
              return sums;
            },
            (sums, more) -> {
              for (int i = 0; i < sums.length; i++) {
                sums[i] += more[i];
              }
              return sums;
            });
    double all = weights[0] + weights[1] + weights[2];
    double modularity = 0;
    for (int half = 0; half < 2; half++) {
      double ends = (2 * weights[half] + weights[2]) / (2 * all);
      modularity += weights[half] / all - ends * ends;
    }
    return modularity;
  }
}
