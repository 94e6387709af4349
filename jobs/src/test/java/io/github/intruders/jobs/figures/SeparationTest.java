package io.github.intruders.jobs.figures;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.figures.CheckpointFigures.Margin;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which critical strength is told to separate best, and over what. */
class SeparationTest {
  private final List<CheckpointResult> results = new ArrayList<>();
  private final List<CheckpointFigures> figures = new ArrayList<>();

  @Test
  void aStrengthThatIsNotKnownEverywhereIsToldOverWhatIsKnownAndNoneLeads() {
    add("a", null, new Margin(0.5, 0.5, 0.9, true), new Margin(2.0, null, 1.8, false));
    add("b", null, new Margin(0.4, 0.6, 1.9, true), new Margin(2.0, 0.7, 1.7, false));

    assertThat(Separation.of(results, figures))
        .containsExactly(
            new Separation("k", 1.0, null, null, 4, 2, false),
            new Separation("edge", 1.0, null, null, 3, 2, false),
            new Separation("top", 0.5, null, null, 4, 2, false));
    assertThat(figures).extracting(CheckpointFigures::matricesPastEdge).containsExactly(null, 2);
  }

  /** A checkpoint in no sequence stands for itself, whatever it is called. */
  @Test
  void stepsOfASequenceAreDrawnTogether() {
    add("s", null, new Margin(0.5, 0.5, 0.5, true), new Margin(2.0, 2.0, 2.0, false));
    for (int step = 1; step <= 6; step++) {
      add(
          "s" + step,
          "s",
          new Margin(0.5 * step, 0.5, 0.5, true),
          new Margin(2.0, 2.0, 2.0, false));
    }
    assertThat(Separation.of(results, figures)).extracting(Separation::ciLow).containsOnlyNulls();

    add("t", "t", new Margin(0.7, 0.5, 0.5, true));
    add("u", null, new Margin(0.7, 0.5, 0.5, false));

    List<Separation> separations = Separation.of(results, figures);
    assertThat(separations).extracting(Separation::ciLow).doesNotContainNull();
    assertThat(separations).extracting(Separation::best).containsExactly(false, true, true);
  }

  @Test
  void matricesOfOneKindHaveNoArea() {
    add("a", null, new Margin(0.5, 0.5, 0.5, false), new Margin(null, null, null, false));

    assertThat(Separation.of(results, figures))
        .containsExactly(
            new Separation("k", null, null, null, 1, 0, false),
            new Separation("edge", null, null, null, 1, 0, false),
            new Separation("top", null, null, null, 1, 0, false));
  }

  private void add(String id, String sequence, Margin... margins) {
    figures.add(
        new CheckpointFigures(
            id,
            "",
            margins.length,
            0,
            Map.of(),
            Map.of(),
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            Map.of(),
            List.of(margins),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            MeanGeometry.UNKNOWN,
            Identity.UNKNOWN,
            0));
    results.add(
        new CheckpointResult(
            "base",
            id,
            sequence,
            sequence == null ? null : 1,
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
            0,
            MeanGeometry.UNKNOWN,
            Identity.UNKNOWN));
  }
}
