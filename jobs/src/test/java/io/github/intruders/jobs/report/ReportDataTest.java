package io.github.intruders.jobs.report;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** What reaches the page of tables that are too large for it, and how it is written there. */
class ReportDataTest {
  private static SparkSession spark() {
    return SparkSession.builder()
        .master("local[1]")
        .config("spark.ui.enabled", "false")
        .getOrCreate();
  }

  private static List<Long> kept(Dataset<Row> rows, String group) {
    return rows.where("of = '%s'".formatted(group))
        .select("id")
        .orderBy("id")
        .as(Encoders.LONG())
        .collectAsList();
  }

  @Test
  void groupsThatAreTooLargeAreThinnedEvenlyAndKeepTheirFirstAndLast() {
    Dataset<Row> rows = spark().range(20).selectExpr("if(id < 16, 'large', 'small') AS of", "id");

    Dataset<Row> thinned = ReportData.evenly(rows, "of", col("id").desc(), 4);

    assertThat(thinned.columns()).containsExactly("of", "id");
    assertThat(kept(thinned, "large")).containsExactly(0L, 4L, 8L, 12L, 15L);
    assertThat(kept(thinned, "small")).containsExactly(16L, 17L, 18L, 19L);
  }

  @Test
  void eachTextIsWrittenOnceFractionsHaveSixDigitsAndWhatIsNoNumberIsNull() throws IOException {
    EmbeddedTables page = new EmbeddedTables();

    page.put(
        "first",
        spark()
            .sql(
                "SELECT 'a' AS one, 1 / 3D AS two, map('0.5', 7) AS three, double('NaN') AS four,"
                    + " string(NULL) AS five, array(2 / 3D, NULL) AS six"));
    page.put("second", spark().sql("SELECT 12345678L AS one, 'b' AS two, 'a' AS three"));

    assertThat(page.toJson())
        .hasToString(
            "{\"words\":[\"a\",\"b\"],\"tables\":{\"first\":{\"columns\":[\"one\",\"two\",\"three\",\"four\",\"five\",\"six\"],"
                + "\"texts\":[0,4],\"rows\":[[0,0.333333,{\"0.5\":7},null,null,[0.666667,null]]]},"
                + "\"second\":{\"columns\":[\"one\",\"two\",\"three\"],\"texts\":[1,2],\"rows\":[[12345678,1,0]]}}}");
  }
}
