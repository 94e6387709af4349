package io.github.intruders.jobs.figures;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The order of expected forgetting, against ranks by hand. */
class RankingTest {
  @Test
  void equalValuesShareTheirMeanRankAndBasesAreApart() {
    List<CheckpointResult> checkpoints =
        List.of(
            analysed("a", "few", 0, 0.0, 0.3), // ranks 1, 1, 2
            analysed("a", "some", 5, 0.2, 0.1), // ranks 2.5, 2, 1
            analysed("a", "tied", 5, 0.4, 0.4), // ranks 2.5, 3, 3.5
            analysed("a", "many", 9, 0.5, 0.4), // ranks 4, 4, 3.5
            result("a", "nothing", 0, 0, null, null),
            analysed("b", "alone", 7, 0.7, 0.7));
    Map<String, String> places = new TreeMap<>();

    Ranking.of(checkpoints)
        .forEach(
            (checkpoint, place) ->
                places.put(checkpoint, "%d by %s".formatted(place.place(), place.meanRank())));

    assertThat(places)
        .isEqualTo(
            Map.of(
                "few",
                "1 by " + 4.0 / 3,
                "some",
                "2 by " + 5.5 / 3,
                "tied",
                "3 by 3.0",
                "many",
                "4 by " + 11.5 / 3,
                "alone",
                "1 by 1.0"));
  }

  @Test
  void whatWasAnalysedInPartIsPutApart() {
    CheckpointResult part =
        new CheckpointResult(
            "a",
            "part",
            null,
            null,
            null,
            null,
            Map.of(),
            1,
            null,
            0,
            0.0,
            null,
            null,
            null,
            null,
            0.1,
            null,
            null,
            null,
            12,
            MeanGeometry.UNKNOWN,
            Identity.UNKNOWN);

    assertThat(Ranking.of(List.of(part, analysed("a", "whole", 3, 0.2, 0.4))))
        .isEqualTo(Map.of("whole", new Ranking.Place(1, 1.0)));
  }

  private static CheckpointResult analysed(
      String base, String id, int intruders, double energyShare, double relativeNorm) {
    return result(base, id, 4, intruders, energyShare, relativeNorm);
  }

  private static CheckpointResult result(
      String base,
      String id,
      int matrices,
      int intruders,
      Double energyShare,
      Double relativeNorm) {
    return new CheckpointResult(
        base,
        id,
        null,
        null,
        null,
        null,
        Map.of(),
        matrices,
        null,
        intruders,
        energyShare,
        null,
        null,
        null,
        null,
        relativeNorm,
        null,
        null,
        null,
        0,
        MeanGeometry.UNKNOWN,
        Identity.UNKNOWN);
  }
}
