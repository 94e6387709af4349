package io.github.intruders.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.diff.Change.Kind;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TableDiffTest {
  private static Map<String, Object> row(Object... pairs) {
    Map<String, Object> row = new HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      row.put((String) pairs[i], pairs[i + 1]);
    }
    return row;
  }

  private static TableDiff diff(
      List<Map<String, Object>> before, List<Map<String, Object>> after, double tolerance) {
    return TableDiff.of(
        before,
        after,
        new TableDiff.Question(List.of("id"), List.of("n", "x", "m", "t"), tolerance));
  }

  @Test
  void rowsThatCameAndWentAndValuesThatChangedAreTold() {
    TableDiff diff =
        diff(
            List.of(
                row("id", "a", "n", 1, "x", 0.5, "run_id", "r1"),
                row("id", "b", "n", 2, "m", Map.of("0.5", 1, "0.9", 4)),
                row("id", "c", "n", 3)),
            List.of(
                row("id", "d", "n", 3),
                row("id", "b", "n", 4, "m", Map.of("0.5", 1, "0.9", 5), "t", "new"),
                row("id", "a", "n", 1, "x", 0.5, "run_id", "r2")),
            0);

    assertThat(diff.changes())
        .containsExactly(
            new Change(Kind.ADDED, List.of("d"), null, null, null),
            new Change(Kind.GONE, List.of("c"), null, null, null),
            new Change(Kind.CHANGED, List.of("b"), "t", null, "new"),
            new Change(Kind.CHANGED, List.of("b"), "n", 2, 4),
            new Change(Kind.CHANGED, List.of("b"), "m['0.9']", 4, 5));
    assertThat(diff.same()).isEqualTo(1);
    assertThat(diff.different()).isEqualTo(1);
    assertThat(diff.changes().get(3).relative()).isEqualTo(1.0);
  }

  @Test
  void whatDiffersByLessThanTheToleranceIsTheSame() {
    List<Map<String, Object>> before = List.of(row("id", "a", "x", 1.0));
    List<Map<String, Object>> after = List.of(row("id", "a", "x", 1.001));

    assertThat(diff(before, after, 0).changes()).hasSize(1);
    assertThat(diff(before, after, 0.01).changes()).isEmpty();
    assertThat(diff(before, List.of(row("id", "a")), 0.01).changes()).hasSize(1);
    assertThat(
            diff(
                    List.of(row("id", "a", "x", Double.POSITIVE_INFINITY)),
                    List.of(row("id", "a", "x", 1.0)),
                    0.5)
                .changes())
        .hasSize(1);
    List<Map<String, Object>> nan = List.of(row("id", "a", "x", Double.NaN));
    assertThat(diff(nan, nan, 0).changes()).isEmpty();
  }

  @Test
  void rowsOfOneKeyAreToldApartByAllElseWhateverTheirOrder() {
    Map<String, Object> first = row("id", null, "t", "one");
    Map<String, Object> second = row("id", null, "t", "two");

    assertThat(diff(List.of(first, second), List.of(second, first), 0).changes()).isEmpty();
    assertThat(diff(List.of(first, second), List.of(first), 0).changes())
        .containsExactly(new Change(Kind.GONE, Collections.singletonList(null), null, null, null));
  }
}
