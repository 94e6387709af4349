package io.github.intruders.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Every pair of the zoo's sixteen checkpoints against the golden values of an independent numpy
 * implementation by dense matrices (src/test/python/golden_pairs.py).
 */
class PairsGoldenTest {
  private static final double TOLERANCE = 1e-6;

  @Test
  void agreesWithNumpyOnEveryPairOverAllMatricesAndInSingleOnes() throws Exception {
    JsonNode golden;
    try (InputStream in = PairsGoldenTest.class.getResourceAsStream("/golden/pairs.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    TreeSet<String> named = new TreeSet<>();
    for (JsonNode pair : golden.path("pairs")) {
      named.add(pair.path("a").asText());
      named.add(pair.path("b").asText());
    }
    List<String> ids = new ArrayList<>(named);
    PairSum[][] sums = new PairSum[ids.size()][ids.size()];
    int[] details = new int[1];

    ZooUpdates.forEachMatrix(
        golden.path("leading").asInt(),
        ids,
        (matrix, members) ->
            MatrixComparison.run(
                members,
                members,
                (a, b, part) -> {
                  UpdateSize sizeA = UpdateSize.of(members.get(a).update());
                  UpdateSize sizeB = UpdateSize.of(members.get(b).update());
                  sums[a][b] = (sums[a][b] == null ? new PairSum() : sums[a][b]);
                  sums[a][b].add(sizeA, sizeB, part);
                  JsonNode expected =
                      pair(golden, ids.get(a), ids.get(b)).path("matrices").path(matrix);
                  if (!expected.isMissingNode()) {
                    String name = ids.get(a) + " " + ids.get(b) + " " + matrix;
                    compare(name, new PairSum().add(sizeA, sizeB, part), expected);
                    compare(name, part.leftCosines(), expected.path("left_cosines"));
                    compare(name, part.rightCosines(), expected.path("right_cosines"));
                    details[0]++;
                  }
                }));

    int compared = 0;
    for (int a = 0; a < ids.size(); a++) {
      for (int b = a + 1; b < ids.size(); b++) {
        String name = ids.get(a) + " " + ids.get(b);
        assertThat(sums[a][b].matrices()).as(name).isEqualTo(28);
        compare(name, sums[a][b], pair(golden, ids.get(a), ids.get(b)));
        compared++;
      }
    }
    assertThat(compared).isEqualTo(120);
    assertThat(details[0]).isEqualTo(15 * 2);
  }

  private static JsonNode pair(JsonNode golden, String a, String b) {
    for (JsonNode pair : golden.path("pairs")) {
      if (pair.path("a").asText().equals(a) && pair.path("b").asText().equals(b)) {
        return pair;
      }
    }
    throw new AssertionError(a + " " + b);
  }

  private static void compare(String name, PairSum sum, JsonNode expected) {
    PairFigures found = sum.figures();
    double cosine = expected.path("cosine").asDouble();
    if (expected.path("energy_share").asDouble() > 1 - 1e-9) {
      assertClose(name + " cosine", found.cosine(), expected.path("cosine"));
      assertClose(name + " low", found.cosineLow(), expected.path("cosine"));
      assertClose(name + " high", found.cosineHigh(), expected.path("cosine"));
      assertClose(name + " distance", found.relativeDistance(), expected.path("relative_distance"));
    } else {
      assertThat(found.cosine()).as(name).isNull();
      assertThat(found.relativeDistance()).as(name).isNull();
      assertThat(cosine).as(name).isBetween(found.cosineLow(), found.cosineHigh());
    }
    assertRelative(name + " norm", found.normA(), expected.path("norm_a"));
    assertRelative(name + " norm", found.normB(), expected.path("norm_b"));
    assertClose(name + " leading", found.leadingCosine(), expected.path("leading_cosine"));
    assertClose(name + " energy", found.energyShare(), expected.path("energy_share"));
    assertClose(name + " left", found.leftOverlap(), expected.path("left_overlap"));
    assertClose(name + " right", found.rightOverlap(), expected.path("right_overlap"));
    assertClose(name + " max left", sum.maxLeftCosine(), expected.path("max_left_cosine"));
    assertClose(name + " max right", sum.maxRightCosine(), expected.path("max_right_cosine"));
    assertRelative(name + " interference", found.interference(), expected.path("interference"));
    assertRelative(name + " null", found.interferenceNull(), expected.path("interference_null"));
    assertThat(found.sharedIntruders()).as(name).isNull();
  }

  private static void compare(String name, double[] found, JsonNode expected) {
    assertThat(found).as(name).hasSize(expected.size());
    for (int i = 0; i < found.length; i++) {
      assertClose(name, found[i], expected.path(i));
    }
  }

  private static void assertClose(String name, Double found, JsonNode expected) {
    assertThat(found).as(name).isCloseTo(expected.asDouble(), within(TOLERANCE));
  }

  private static void assertRelative(String name, Double found, JsonNode expected) {
    assertThat(found)
        .as(name)
        .isCloseTo(expected.asDouble(), within(TOLERANCE * expected.asDouble()));
  }
}
