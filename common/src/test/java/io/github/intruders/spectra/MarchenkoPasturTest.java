package io.github.intruders.spectra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against scipy (src/test/python/golden_strength.py) and the values that were published. */
class MarchenkoPasturTest {
  @Test
  void agreesWithScipy() throws Exception {
    try (InputStream in = getClass().getResourceAsStream("/golden/strength.json")) {
      JsonNode golden = new ObjectMapper().readTree(in);
      assertThat(golden.path("medians")).hasSizeGreaterThan(5);
      for (Map.Entry<String, JsonNode> median : golden.path("medians").properties()) {
        assertThat(MarchenkoPastur.median(Double.parseDouble(median.getKey())))
            .as(median.getKey())
            .isCloseTo(median.getValue().doubleValue(), within(1e-9));
      }
    }
  }

  /** ω of Gavish and Donoho's table IV, four digits. */
  @ParameterizedTest
  @CsvSource({"1000,1000,2.8582", "1000,2000,2.1711", "4000,1000,1.8371", "100,1000,1.6089"})
  void theThresholdsAreThosePublished(int rows, int cols, double expected) {
    assertThat(MarchenkoPastur.hardThreshold(10, rows, cols) / 10)
        .isCloseTo(expected, within(5e-4));
  }

  @Test
  void theLawIsFoundForEveryShape() {
    for (int rows = 1; rows <= 1_000_000; rows = rows * 3 / 2 + 1) {
      assertThat(MarchenkoPastur.edge(1, rows, 1000))
          .isBetween(1.0, 2 / Math.sqrt(0.65))
          .isEqualTo(MarchenkoPastur.edge(1, 1000, rows));
    }
  }

  @Test
  void anEvenNumberOfValuesHasItsMedianBetweenTwo() {
    assertThat(MarchenkoPastur.medianOf(new double[] {7, 5, 4, 1})).isEqualTo(4.5);
    assertThat(MarchenkoPastur.medianOf(new double[] {7, 5, 1})).isEqualTo(5);
    assertThat(MarchenkoPastur.medianOf(new double[] {7})).isEqualTo(7);
  }
}
