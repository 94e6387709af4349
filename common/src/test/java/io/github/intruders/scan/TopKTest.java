package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TopKTest {
  @ParameterizedTest
  @CsvSource({
    "10,128,10",
    "10,6,6",
    "25%,128,32",
    "1%,30,1",
    "0.5%,1000,5",
    "all,77,77",
    "100%,9,9"
  })
  void aNumberAShareOrAllOfTheSpectrum(String text, int p, int expected) {
    assertThat(TopK.parse(text).of(p)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "0%", "101%", "ten", "", "1.5", "10 %"})
  void anythingElseIsRefused(String text) {
    assertThatThrownBy(() -> TopK.parse(text))
        .hasMessage(
            "Cannot use top-k '%s': expected a number such as 10, a share such as 25%%, or all"
                .formatted(text));
  }
}
