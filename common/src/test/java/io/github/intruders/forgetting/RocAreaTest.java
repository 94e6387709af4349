package io.github.intruders.forgetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against SciPy over the same resamples (src/test/python/golden_strength.py). */
class RocAreaTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Stream<Map.Entry<String, JsonNode>> dataSets() throws Exception {
    try (InputStream in = RocAreaTest.class.getResourceAsStream("/golden/strength.json")) {
      return JSON.readTree(in).path("separations").properties().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("dataSets")
  void agreesWithScipy(Map.Entry<String, JsonNode> dataSet) throws Exception {
    JsonNode set = dataSet.getValue();

    RocArea area =
        RocArea.of(
            JSON.treeToValue(set.path("numbers"), double[].class),
            JSON.treeToValue(set.path("positive"), boolean[].class),
            JSON.treeToValue(set.path("clusters"), int[].class));

    assertThat(area.area()).isCloseTo(set.path("auc").doubleValue(), within(1e-12));
    assertThat(area.interval().low()).isCloseTo(set.path("low").doubleValue(), within(1e-12));
    assertThat(area.interval().high()).isCloseTo(set.path("high").doubleValue(), within(1e-12));
    assertThat(area.interval().resamples()).isEqualTo(set.path("resamples").intValue());
  }

  @Test
  void fewClustersGiveNoInterval() {
    double[] numbers = {1, 2, 2, 3};
    boolean[] positive = {true, true, false, false};

    assertThat(RocArea.of(numbers, positive, new int[] {0, 0, 1, 2}))
        .isEqualTo(new RocArea(3.5 / 4, null));
    assertThat(RocArea.of(numbers, positive, new int[] {0, 1, 2, 3}).interval()).isNotNull();
  }

  @Test
  void oneKindAloneHasNoArea() {
    assertThat(RocArea.of(new double[] {1, 2}, new boolean[] {true, true}, new int[] {0, 1}))
        .isNull();
    assertThat(RocArea.of(new double[0], new boolean[0], new int[0])).isNull();
  }
}
