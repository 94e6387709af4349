package io.github.intruders.forgetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against statsmodels and NumPy (src/test/python/golden_forgetting.py), and cases made up. */
class LadderTest {
  private static final double TOLERANCE = 1e-9;

  private static final List<String> MEASURES =
      List.of(
          "intruder_count",
          "intruder_energy_share",
          "update_relative_norm",
          "update_effective_rank",
          "update_stable_rank",
          "update_mass");

  private static JsonNode golden() throws Exception {
    try (InputStream in = LadderTest.class.getResourceAsStream("/golden/forgetting.json")) {
      return new ObjectMapper().readTree(in);
    }
  }

  static Stream<Map.Entry<String, JsonNode>> dataSets() throws Exception {
    return golden().path("data_sets").properties().stream();
  }

  @ParameterizedTest
  @MethodSource("dataSets")
  void agreesWithStatsmodelsOverTheSameResamples(Map.Entry<String, JsonNode> dataSet) {
    List<Rung> rungs = Ladder.of(observations(dataSet.getValue()), MEASURES);
    JsonNode expected = dataSet.getValue().path("rungs");

    assertThat(rungs).hasSize(expected.size()).hasSize(2 * 5 + 6 + 6 * 5);
    for (int i = 0; i < rungs.size(); i++) {
      Rung rung = rungs.get(i);
      JsonNode row = expected.get(i);
      String name = dataSet.getKey() + " " + rung.scale() + " " + rung.measures();
      assertThat(rung.scale().text()).isEqualTo(row.path("scale").asText());
      assertThat(rung.measures()).as(name).isEqualTo(texts(row.path("measures")));
      assertThat(rung.rung())
          .isEqualTo(row.path("rung").isNull() ? null : row.path("rung").asInt());
      assertThat(rung.n()).as(name).isEqualTo(row.path("n").asInt());
      assertThat(rung.clusters()).as(name).isEqualTo(row.path("clusters").asInt());
      if (row.path("r2").isNull()) {
        assertThat(rung.r2()).as(name).isNull();
        assertThat(rung.pValueHolm()).as(name).isNull();
        assertThat(rung.note()).as(name).isNotBlank();
        continue;
      }
      assertThat(rung.predictors()).as(name).isEqualTo(row.path("predictors").asInt());
      same(name, rung.r2(), row.path("r2"));
      same(name, rung.gain(), row.path("gain"));
      same(name, rung.partial(), row.path("partial"));
      same(name, rung.pValue(), row.path("p"));
      same(name, rung.pValueHolm(), row.path("p_holm"));
      same(name + " plain gain", rung.gainPlain(), row.at("/plain/gain"));
      same(name + " plain partial", rung.partialPlain(), row.at("/plain/partial"));
      same(name + " gain", rung.gainInterval(), row.at("/cluster/gain"));
      same(name + " partial", rung.partialInterval(), row.at("/cluster/partial"));
    }
  }

  /** The norm drives both; the count goes with forgetting at 0.91 and tells nothing. */
  @Test
  void aConfounderIsSeenThrough() throws Exception {
    List<Rung> rungs = Ladder.of(observations(golden().at("/data_sets/confounded")), MEASURES);

    Rung count = pair(rungs, Ladder.NORM, Ladder.COUNT);
    assertThat(alone(rungs, Ladder.COUNT).partial()).isGreaterThan(0.9);
    assertThat(alone(rungs, Ladder.COUNT).pValueHolm()).isLessThan(1e-6);
    assertThat(count.partial()).isCloseTo(0, within(1e-12));
    assertThat(count.gain()).isCloseTo(0, within(1e-12));
    assertThat(count.pValueHolm()).isEqualTo(1);
    assertThat(Finding.adds(count)).isFalse();
    assertThat(Finding.adds(pair(rungs, Ladder.COUNT, Ladder.NORM))).isTrue();
    assertThat(Finding.of(rungs))
        .isEqualTo(
            "On these 24 checkpoints of 8 sequences the intruder count adds nothing that shows once"
                + " the size of the update is known: ρ = 0.91 alone, 0.00 once the update norm is"
                + " known (p = 1.0 by Holm, 95 % interval -0.75 to 0.75). The norm tells of"
                + " forgetting beyond the count: 0.96 alone, 0.69 once the count is known"
                + " (p below 0.001 by Holm, 95 % interval 0.29 to 0.94). So few sequences make"
                + " the intervals rough.");
  }

  /** The count drives forgetting; the norm goes with it at 0.91 and tells nothing. */
  @Test
  void aCauseSurvives() throws Exception {
    List<Rung> rungs = Ladder.of(observations(golden().at("/data_sets/caused")), MEASURES);

    Rung count = pair(rungs, Ladder.NORM, Ladder.COUNT);
    assertThat(count.partial()).isGreaterThan(0.6);
    assertThat(Finding.adds(count)).isTrue();
    assertThat(pair(rungs, Ladder.COUNT, Ladder.NORM).partial()).isCloseTo(0, within(1e-12));
    assertThat(Finding.of(rungs))
        .startsWith(
            "On these 24 checkpoints of 8 sequences the intruder count tells of forgetting beyond"
                + " the size of the update: ρ = 0.96 alone, 0.69 once the update norm is known")
        .contains(
            "The norm adds nothing that shows once the count is known: 0.91 alone, 0.00 once");
  }

  @Test
  void tooFewCheckpointsAreSaidToBeTooFew() throws Exception {
    List<Rung> rungs =
        Ladder.of(observations(golden().at("/data_sets/zoo-english-full")), MEASURES);

    assertThat(rungs).allSatisfy(rung -> assertThat(rung.r2()).isNull());
    assertThat(Finding.of(rungs))
        .isEqualTo(
            "On these 4 checkpoints of 1 sequence: whether the intruder count adds anything to the"
                + " size of the update can't be told (n = 4, at least 8 needed).");
  }

  @Test
  void nothingIsClaimedWithoutAnIntervalOverSequences() throws Exception {
    List<Rung> rungs =
        Ladder.of(observations(golden().at("/data_sets/zoo-english-lora")), MEASURES);

    Rung norm = pair(rungs, Ladder.COUNT, Ladder.NORM);
    assertThat(norm.pValueHolm()).isLessThan(0.05);
    assertThat(norm.partialInterval()).isNull();
    assertThat(norm.note()).contains("3 sequences, at least 4 needed for an interval");
    assertThat(Finding.adds(norm)).isFalse();
    assertThat(Finding.of(rungs))
        .contains("The norm can't be told from the count: 0.98 alone")
        .endsWith("Fewer than 4 sequences give no interval, and so no answer.");
  }

  @Test
  void aLadderWithMoreRungsThanItsCheckpointsCarrySaysSo() throws Exception {
    List<Rung> rungs = Ladder.of(observations(golden().at("/data_sets/zoo-english")), MEASURES);

    assertThat(rungs.get(3).added()).isEqualTo(Ladder.COUNT);
    assertThat(rungs.get(3).note())
        .isEqualTo(
            "4 predictors on 16 checkpoints, fewer than 10 for each: the gain may be chance;"
                + " only 4 sequences: the interval is rough");
  }

  @Test
  void faultsAreNamed() throws Exception {
    assertThat(Ladder.of(List.of(), MEASURES))
        .allSatisfy(rung -> assertThat(rung.note()).startsWith("n = 0, at least "));
    List<Rung> confounded = Ladder.of(observations(golden().at("/data_sets/confounded")), MEASURES);
    assertThat(confounded.get(0).note()).isEqualTo("method has one value throughout");
    List<Rung> determined = Ladder.of(observations(golden().at("/data_sets/determined")), MEASURES);
    assertThat(pair(determined, Ladder.NORM, "update_mass").note())
        .isEqualTo("one of update_relative_norm, update_mass is determined by the others");
  }

  private static Rung pair(List<Rung> rungs, String given, String added) {
    return rungs.stream()
        .filter(rung -> rung.rung() == null && rung.measures().equals(List.of(given, added)))
        .findFirst()
        .orElseThrow();
  }

  private static Rung alone(List<Rung> rungs, String measure) {
    return rungs.stream()
        .filter(rung -> rung.rung() == null && rung.measures().equals(List.of(measure)))
        .findFirst()
        .orElseThrow();
  }

  static List<Observation> observations(JsonNode dataSet) {
    List<Observation> observations = new ArrayList<>();
    for (JsonNode one : dataSet.path("observations")) {
      Map<String, Double> measures = new TreeMap<>();
      one.path("measures")
          .properties()
          .forEach(
              measure -> {
                if (!measure.getValue().isNull()) {
                  measures.put(measure.getKey(), measure.getValue().asDouble());
                }
              });
      observations.add(
          new Observation(
              one.path("sequence").isNull() ? null : one.path("sequence").asText(),
              one.path("method").asText(),
              measures,
              one.path("forgetting").asDouble()));
    }
    return observations;
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static void same(String name, Double found, JsonNode expected) {
    if (expected.isNull()) {
      assertThat(found).as(name).isNull();
    } else {
      assertThat(found).as(name).isCloseTo(expected.asDouble(), within(TOLERANCE));
    }
  }

  private static void same(String name, Bootstrap.Interval found, JsonNode expected) {
    if (expected.isNull() || expected.isMissingNode()) {
      assertThat(found).as(name).isNull();
    } else {
      assertThat(found.resamples()).as(name).isEqualTo(expected.path("used").asInt());
      same(name, found.low(), expected.at("/ends/0"));
      same(name, found.high(), expected.at("/ends/1"));
    }
  }
}
