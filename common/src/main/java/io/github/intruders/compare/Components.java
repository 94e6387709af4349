package io.github.intruders.compare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The connected parts of a graph, edge by edge. Not thread-safe. */
public final class Components implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int[] parents;

  /**
   * A graph without edges.
   *
   * @param nodes how many there are, from 0
   */
  public Components(int nodes) {
    parents = new int[nodes];
    for (int i = 0; i < nodes; i++) {
      parents[i] = i;
    }
  }

  /** Adds an edge. */
  public Components connect(int one, int other) {
    int a = root(one);
    int b = root(other);
    parents[Math.max(a, b)] = Math.min(a, b);
    return this;
  }

  /** Adds the edges of another graph with the same nodes. */
  public Components connect(Components other) {
    for (int i = 0; i < parents.length; i++) {
      connect(i, other.parents[i]);
    }
    return this;
  }

  /** The parts of two nodes and more, each ascending, by their first node. */
  public List<List<Integer>> parts() {
    Map<Integer, List<Integer>> parts = new TreeMap<>();
    for (int i = 0; i < parents.length; i++) {
      parts.computeIfAbsent(root(i), unseen -> new ArrayList<>()).add(i);
    }
    return parts.values().stream().filter(part -> part.size() > 1).toList();
  }

  private int root(int node) {
    int root = node;
    while (parents[root] != root) {
      parents[root] = parents[parents[root]];
      root = parents[root];
    }
    return root;
  }
}
