package io.github.intruders.jobs.show;

import io.github.intruders.jobs.figures.Ranking;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The order of expected forgetting, as {@link Ranking} defines it. */
final class ExpectedForgetting {
  static final String PLACE = "place";
  private static final String MEAN_RANK = "mean_rank";

  /** What ranking adds to a row. */
  static final List<String> COLUMNS = List.of(PLACE, MEAN_RANK);

  private ExpectedForgetting() {}

  /** Whether a table has what ranks go by. */
  static boolean canRank(List<String> columns) {
    return columns.containsAll(Ranking.MEASURES)
        && columns.containsAll(List.of("base_id", "matrices"));
  }

  /** Adds the columns to the rows of analysed checkpoints. */
  static void rank(List<Map<String, Object>> checkpoints) {
    Map<Object, List<Map<String, Object>>> ofBase = new LinkedHashMap<>();
    for (Map<String, Object> row : checkpoints) {
      if (row.get("matrices") instanceof Number matrices && matrices.longValue() > 0) {
        ofBase.computeIfAbsent(row.get("base_id"), base -> new ArrayList<>()).add(row);
      }
    }
    ofBase.values().forEach(ExpectedForgetting::rankAmong);
  }

  private static void rankAmong(List<Map<String, Object>> peers) {
    for (Map<String, Object> row : peers) {
      double sum = 0;
      for (String measure : Ranking.MEASURES) {
        sum += rank(peers, row, measure) + (ties(peers, row, measure) - 1) / 2.0;
      }
      row.put(MEAN_RANK, sum / Ranking.MEASURES.size());
    }
    for (Map<String, Object> row : peers) {
      row.put(PLACE, (int) rank(peers, row, MEAN_RANK));
    }
  }

  /** From 1; equal values share the lowest. */
  private static long rank(
      List<Map<String, Object>> peers, Map<String, Object> row, String measure) {
    return 1 + peers.stream().filter(peer -> compare(peer, row, measure) < 0).count();
  }

  private static long ties(
      List<Map<String, Object>> peers, Map<String, Object> row, String measure) {
    return peers.stream().filter(peer -> compare(peer, row, measure) == 0).count();
  }

  private static int compare(Map<String, Object> a, Map<String, Object> b, String measure) {
    return ShownTable.Order.NULLS_FIRST.compare(a.get(measure), b.get(measure));
  }
}
