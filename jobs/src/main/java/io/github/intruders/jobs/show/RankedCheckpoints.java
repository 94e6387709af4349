package io.github.intruders.jobs.show;

import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.Identity;
import io.github.intruders.jobs.figures.MeanGeometry;
import io.github.intruders.jobs.figures.Ranking;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Checkpoints from the least to the most forgetting expected, with the place of each. */
final class RankedCheckpoints {
  private static final String PLACE = "place";
  private static final String MEAN_RANK = "mean_rank";

  private RankedCheckpoints() {}

  /** A row, and what its place goes by. */
  private record Ranked(CheckpointResult result, Map<String, Object> row) {}

  /**
   * Ranks them.
   *
   * @throws UnknownContentException if a column is missing that ranks go by
   */
  static ShownTable of(ShownTable checkpoints) throws UnknownContentException {
    List<CheckpointResult> results = new ArrayList<>();
    for (Map<String, Object> row : checkpoints.rows()) {
      results.add(result(row));
    }
    Map<String, Ranking.Place> places = Ranking.of(results);
    List<Ranked> ranked = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      Map<String, Object> row = new LinkedHashMap<>(checkpoints.rows().get(i));
      Ranking.Place place = places.get(results.get(i).checkpointId());
      if (place != null) {
        row.put(PLACE, place.place());
        row.put(MEAN_RANK, place.meanRank());
      }
      ranked.add(new Ranked(results.get(i), row));
    }
    ranked.sort(Comparator.comparing(Ranked::result, Ranking.order(places)));
    List<String> columns = new ArrayList<>(checkpoints.columns());
    columns.addAll(1, List.of(PLACE, MEAN_RANK));
    return new ShownTable(columns, ranked.stream().map(Ranked::row).toList());
  }

  private static CheckpointResult result(Map<String, Object> row) throws UnknownContentException {
    int matrices = (int) present(row, "matrices");
    boolean analysed = matrices > 0;
    return new CheckpointResult(
        (String) present(row, "base_id"),
        (String) present(row, "checkpoint_id"),
        null,
        null,
        null,
        null,
        null,
        matrices,
        null,
        analysed ? (int) present(row, "intruder_count") : 0,
        analysed ? (Double) present(row, "intruder_energy_share") : null,
        null,
        null,
        null,
        null,
        analysed ? (Double) present(row, "update_relative_norm") : null,
        null,
        null,
        null,
        (int) present(row, "rejected"),
        MeanGeometry.UNKNOWN,
        Identity.UNKNOWN);
  }

  private static Object present(Map<String, Object> row, String column)
      throws UnknownContentException {
    Object value = row.get(column);
    if (value == null) {
      throw new UnknownContentException("Column " + column);
    }
    return value;
  }
}
