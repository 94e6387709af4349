package io.github.intruders.mitigation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of edits, there and back. */
class VariantTest {
  @Test
  void everyNameLeadsBackToItsVariant() {
    for (double lambda : new double[] {0, 0.5, 1e-7, 1.25, 3, 1e20}) {
      for (Selection selection : Selection.values()) {
        for (Variant variant :
            new MitigationSettings(List.of(lambda), selection, false, 1, true).variants()) {
          assertThat(Variant.parse(variant.name())).as(variant.name()).contains(variant);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "top",
        "top-l",
        "top-l-1",
        "top-lNaN",
        "top-l1e3",
        "best-l1",
        "top-l1x",
        "top-l0.50",
        "budget",
        "top-budget-1",
        "shrink-budget-1",
        "neighbour-threshold",
        "budget-l1",
        "all-threshold"
      })
  void otherNamesAreNone(String name) {
    assertThat(Variant.parse(name)).isEmpty();
    assertThat(Variant.parse("top-l" + "9".repeat(400))).isEmpty();
  }
}
