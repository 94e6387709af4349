package io.github.intruders.jobs.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.TableRows;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;

/** Families in graphs whose parts are known. */
class FamiliesTest {
  private final List<Families.Edge> edges = new ArrayList<>();

  /** Two cliques with a bridge, a clique, two nodes, and two that are related to none. */
  @Test
  void aBridgeBetweenTwoFamiliesMakesThemNotOne() {
    relateAll(0, 6, 0.9);
    relateAll(6, 12, 0.9);
    edges.add(new Families.Edge(5, 6, 0.3));
    relateAll(12, 16, 0.5);
    edges.add(new Families.Edge(16, 17, 0.4));

    assertThat(find(20)).containsExactly(range(0, 6), range(6, 12), range(12, 16), range(16, 18));
  }

  @Test
  void aFamilyInWhichAFewPairsAreNotRelatedStaysWhole() {
    relateAll(0, 8, 0.6);
    edges.removeIf(edge -> edge.a() == 0 && edge.b() > 5);

    assertThat(find(8)).containsExactly(range(0, 8));
  }

  @Test
  void withoutRelatedPairsThereIsNoFamily() {
    assertThat(find(5)).isEmpty();
  }

  private List<List<Integer>> find(int nodes) {
    JavaSparkContext context =
        JavaSparkContext.fromSparkContext(TableRows.session().sparkContext());
    return new Families(context.parallelize(edges, 2), nodes).find();
  }

  private void relateAll(int from, int to, double weight) {
    for (int a = from; a < to; a++) {
      for (int b = a + 1; b < to; b++) {
        edges.add(new Families.Edge(a, b, weight));
      }
    }
  }

  private static List<Integer> range(int from, int to) {
    return IntStream.range(from, to).boxed().toList();
  }
}
