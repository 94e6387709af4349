package io.github.intruders.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TallyTest {
  private static final ColumnRef COUNT = new ColumnRef("intruder_count", null);

  private static Map<String, Object> row(String matrix, Object count, String module) {
    Map<String, Object> row = new HashMap<>(Map.of("matrix", matrix, "module", module));
    if (count != null) {
      row.put("intruder_count", count);
    }
    return row;
  }

  /** The values 4, 1, 7 and 2 of module m, and 100 of another one. */
  @ParameterizedTest
  @CsvSource({"MAX,7,c", "MIN,1,b", "MEAN,3.5,''", "MEDIAN,3,''", "SUM,14,''"})
  void rowsInAnyPartsAndAnyOrderGiveTheSame(Statistic statistic, double value, String item) {
    Figure figure =
        new Figure(
            "matrices",
            COUNT,
            statistic,
            List.of(new Condition.OneOf(new ColumnRef("module", null), List.of("m"))));
    List<Map<String, Object>> rows =
        List.of(
            row("a", 4, "m"),
            row("b", 1L, "m"),
            row("c", 7.0, "m"),
            row("d", 2, "m"),
            row("e", 100, "n"));

    for (int cut = 0; cut <= rows.size(); cut++) {
      Tally left = new Tally(figure);
      Tally right = new Tally(figure);
      rows.subList(0, cut).forEach(row -> left.with(Fleet.MATRICES, "x", row));
      rows.subList(cut, rows.size()).forEach(row -> right.with(Fleet.MATRICES, "x", row));

      assertThat(right.with(left).found()).isEqualTo(Found.of(value, item));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MEAN", "MEDIAN", "SUM"})
  void whatLiesBetweenInfiniteValuesIsNotKnown(Statistic statistic) {
    Tally tally = new Tally(new Figure("matrices", COUNT, statistic, List.of()));
    for (double value : new double[] {Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY}) {
      tally.with(Fleet.MATRICES, "x", row("a", value, "m"));
    }

    assertThat(tally.found())
        .isEqualTo(Found.unknown("its %s is not a number".formatted(statistic.text())));
  }

  @ParameterizedTest
  @CsvSource({"COUNT,1,2", "SHARE,0.25,0.5"})
  void rowsThatMayCountGiveBounds(Statistic statistic, double low, double high) {
    Figure figure =
        new Figure("matrices", null, statistic, List.of(new Condition.Within(COUNT, 1.0, null)));
    Tally tally = new Tally(figure);
    for (Object count : new Object[] {3, 0, null, 0}) {
      tally.with(Fleet.MATRICES, "x", row("a", count, "m"));
    }

    Found found = tally.found();

    assertThat(found.low()).isEqualTo(low);
    assertThat(found.high()).isEqualTo(high);
    assertThat(found.value()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0,COUNT,it has no row in matrices",
    "0,SUM,it has no row in matrices",
    "2,MAX,none of its 2 rows in matrices fulfils the conditions"
  })
  void noRowGivesNoFigure(int rows, Statistic statistic, String reason) {
    Figure figure =
        new Figure(
            "matrices",
            statistic.countsRows() ? null : COUNT,
            statistic,
            List.of(new Condition.OneOf(new ColumnRef("module", null), List.of("x"))));
    Tally tally = new Tally(figure);
    for (int i = 0; i < rows; i++) {
      tally.with(Fleet.MATRICES, "x", row("a", 1, "m"));
    }

    assertThat(tally.found()).isEqualTo(Found.unknown(reason));
  }
}
