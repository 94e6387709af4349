package io.github.intruders.forgetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against SciPy's values (src/test/python/golden_statistics.py), with and without ties. */
class RankCorrelationTest {
  private static final double TOLERANCE = 1e-9;

  private static JsonNode golden() throws Exception {
    try (InputStream in =
        RankCorrelationTest.class.getResourceAsStream("/golden/statistics.json")) {
      return new ObjectMapper().readTree(in);
    }
  }

  static Stream<Map.Entry<String, JsonNode>> dataSets() throws Exception {
    return golden().path("data_sets").properties().stream();
  }

  @ParameterizedTest
  @MethodSource("dataSets")
  void agreesWithScipy(Map.Entry<String, JsonNode> dataSet) {
    JsonNode values = dataSet.getValue();
    double[] x = numbers(values.path("x"));
    double[] y = numbers(values.path("y"));

    Correlation spearman = RankCorrelation.SPEARMAN.of(x, y);
    Correlation kendall = RankCorrelation.KENDALL.of(x, y);

    assertThat(spearman.n()).isEqualTo(values.path("n").asInt());
    same(spearman.rho(), values.at("/spearman/rho"));
    same(p(spearman, "t"), values.at("/spearman/p"));
    same(p(spearman, "exact"), values.at("/spearman/p_exact"));
    same(kendall.rho(), values.at("/kendall/tau_b"));
    same(p(kendall, "asymptotic"), values.at("/kendall/p_asymptotic"));
    if (x.length <= 33) {
      same(p(kendall, "exact"), values.at("/kendall/p_exact"));
      same(
          p(kendall, p(kendall, "exact") == null ? "asymptotic" : "exact"),
          values.at("/kendall/p"));
    }
  }

  @ParameterizedTest
  @MethodSource("dataSets")
  void theBootstrapIntervalAgreesWithNumpysOverTheSameResamples(
      Map.Entry<String, JsonNode> dataSet) {
    JsonNode expected = dataSet.getValue().path("bootstrap");
    for (RankCorrelation method : RankCorrelation.values()) {
      Bootstrap.Interval interval =
          method
              .of(numbers(dataSet.getValue().path("x")), numbers(dataSet.getValue().path("y")))
              .interval();
      JsonNode ends = expected.path(method.text());
      if (ends.isNull()) {
        assertThat(interval).isNull();
      } else {
        assertThat(interval.low()).isCloseTo(ends.get(0).asDouble(), within(TOLERANCE));
        assertThat(interval.high()).isCloseTo(ends.get(1).asDouble(), within(TOLERANCE));
        assertThat(interval.resamples()).isEqualTo(expected.path("used").asInt());
      }
    }
  }

  @Test
  void theGoldenValuesCoverTiesThreePairsAndTheZoo() throws Exception {
    assertThat(dataSets().map(Map.Entry::getKey))
        .contains("three", "four-tied", "eight-tied", "constant", "zoo-all", "zoo-lora");
  }

  @Test
  void theFourPairsOfThePaperHaveThePublishedPValues() throws Exception {
    List<JsonNode> paper =
        StreamSupport.stream(golden().path("paper").spliterator(), false).toList();
    assertThat(paper).hasSize(4);
    for (JsonNode pair : paper) {
      assertThat(
              RankCorrelation.tApproximation(pair.path("rho").asDouble(), pair.path("n").asInt()))
          .isCloseTo(pair.path("p").asDouble(), within(1e-12));
    }
    assertThat(RankCorrelation.tApproximation(0.971, 15)).isLessThan(0.001);
    assertThat(RankCorrelation.tApproximation(0.59, 30)).isCloseTo(0.0006, within(5e-5));
    assertThat(RankCorrelation.tApproximation(-0.338, 15)).isCloseTo(0.218, within(5e-4));
    assertThat(RankCorrelation.tApproximation(-0.318, 30)).isCloseTo(0.087, within(5e-4));
  }

  @Test
  void twoPairsHaveAReasonInPlaceOfANumber() {
    Correlation correlation = RankCorrelation.SPEARMAN.of(new double[] {1, 2}, new double[] {3, 4});

    assertThat(correlation.rho()).isNull();
    assertThat(correlation.pValues()).isEmpty();
    assertThat(correlation.interval()).isNull();
    assertThat(correlation.reason()).isEqualTo("n = 2, at least 3 needed");
  }

  @Test
  void aConstantSideIsNamed() {
    double[] constant = {2, 2, 2};
    double[] rising = {1, 2, 3};

    assertThat(RankCorrelation.KENDALL.of(constant, rising).reason())
        .isEqualTo("the measure has one value throughout");
    assertThat(RankCorrelation.KENDALL.of(rising, constant).reason())
        .isEqualTo("forgetting has one value throughout");
  }

  private static Double p(Correlation correlation, String method) {
    return correlation.pValue(method).map(PValue::value).orElse(null);
  }

  private static void same(Double found, JsonNode expected) {
    if (expected.isNull()) {
      assertThat(found).isNull();
    } else {
      assertThat(found).isCloseTo(expected.asDouble(), within(TOLERANCE));
    }
  }

  private static double[] numbers(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }
}
