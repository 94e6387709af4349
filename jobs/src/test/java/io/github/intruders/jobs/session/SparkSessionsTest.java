package io.github.intruders.jobs.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SparkSessionsTest {
  private static final String ATTEMPTS = "spark.stage.maxConsecutiveAttempts";
  private static final String MIGRATION = "spark.storage.decommission.shuffleBlocks.enabled";
  private static final String LOCALITY = "spark.locality.wait";
  private static final String REDACTION = "spark.redaction.regex";

  private static final Map<String, String> SMALL_TABLES =
      Map.of(
          "spark.sql.adaptive.enabled", "false",
          "spark.sql.codegen.wholeStage", "false",
          "spark.sql.codegen.factoryMode", "NO_CODEGEN",
          "spark.buffer.pageSize", "4m",
          "spark.ui.enabled", "false");

  @Test
  void queriesOverSmallTablesAreNeitherPlannedTwiceNorCompiledAndALocalSessionServesNoPage()
      throws IOException {
    SparkConf conf = opened(Map.of());

    SMALL_TABLES.forEach((setting, value) -> assertThat(conf.get(setting)).isEqualTo(value));
  }

  @Test
  void executorsMayBeLostOneAfterTheOtherAndHandNoShuffleFilesOver() throws IOException {
    SparkConf conf = opened(Map.of());

    assertThat(conf.get(ATTEMPTS)).isEqualTo("16");
    assertThat(conf.get(MIGRATION)).isEqualTo("false");
    assertThat(conf.get(LOCALITY)).isEqualTo("0s");
    assertThat("fs.s3a.session.token").containsPattern(conf.get(REDACTION));
  }

  @Test
  void whatTheUserGivesStands() throws IOException {
    Map<String, String> ours =
        Map.of(ATTEMPTS, "7", MIGRATION, "true", LOCALITY, "5s", REDACTION, "(?i)mine");
    Map<String, String> given = new TreeMap<>(ours);
    given.put("spark.sql.adaptive.enabled", "true");
    given.put("spark.sql.codegen.wholeStage", "true");
    given.put("spark.sql.codegen.factoryMode", "FALLBACK");
    given.put("spark.buffer.pageSize", "8m");
    given.put("spark.ui.enabled", "true");
    given.put("spark.ui.port", "0");

    SparkConf conf = opened(given);

    given.forEach((setting, value) -> assertThat(conf.get(setting)).isEqualTo(value));
  }

  /** The settings of a session, as spark-submit hands some over. */
  private static SparkConf opened(Map<String, String> given) throws IOException {
    Map<String, String> properties = new TreeMap<>(given);
    properties.put("spark.master", "local[1]");
    Properties before = (Properties) System.getProperties().clone();
    SMALL_TABLES.keySet().forEach(System::clearProperty); // tests are started with some of them
    properties.forEach(System::setProperty);
    try (SparkSession spark = SparkSessions.open("test")) {
      return spark.sparkContext().getConf();
    } finally {
      System.setProperties(before);
    }
  }
}
