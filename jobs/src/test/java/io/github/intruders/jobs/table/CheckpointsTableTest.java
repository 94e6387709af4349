package io.github.intruders.jobs.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

/** The order of expected forgetting, against ranks by hand. */
class CheckpointsTableTest {
  private static final StructType COLUMNS =
      StructType.fromDDL(
          "base_id STRING, checkpoint_id STRING, matrices INT, intruder_count INT,"
              + " intruder_energy_share DOUBLE, update_relative_norm DOUBLE");

  @Test
  void equalValuesShareTheirMeanRankAndBasesAreApart() {
    SparkSession spark =
        SparkSession.builder().master("local[1]").config("spark.ui.enabled", "false").getOrCreate();
    List<Row> rows =
        List.of(
            RowFactory.create("a", "few", 4, 0, 0.0, 0.3), // ranks 1, 1, 2
            RowFactory.create("a", "some", 4, 5, 0.2, 0.1), // ranks 2.5, 2, 1
            RowFactory.create("a", "tied", 4, 5, 0.4, 0.4), // ranks 2.5, 3, 3.5
            RowFactory.create("a", "many", 4, 9, 0.5, 0.4), // ranks 4, 4, 3.5
            RowFactory.create("a", "nothing", 0, 0, null, null),
            RowFactory.create("b", "alone", 4, 7, 0.7, 0.7));
    Map<String, String> places = new TreeMap<>();

    for (Row row : CheckpointsTable.ranked(spark.createDataFrame(rows, COLUMNS)).collectAsList()) {
      places.put(
          row.getAs("checkpoint_id"),
          "%s by %s".formatted(row.<Integer>getAs("place"), row.<Double>getAs("mean_rank")));
    }

    assertThat(places)
        .isEqualTo(
            Map.of(
                "few",
                "1 by " + 4.0 / 3,
                "some",
                "2 by " + 5.5 / 3,
                "tied",
                "3 by 3.0",
                "many",
                "4 by " + 11.5 / 3,
                "nothing",
                "null by null",
                "alone",
                "1 by 1.0"));
  }
}
