package io.github.intruders.jobs.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SparkSessionsTest {
  private static final String ATTEMPTS = "spark.stage.maxConsecutiveAttempts";
  private static final String MIGRATION = "spark.storage.decommission.shuffleBlocks.enabled";
  private static final String LOCALITY = "spark.locality.wait";
  private static final String REDACTION = "spark.redaction.regex";

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
    Map<String, String> given =
        Map.of(ATTEMPTS, "7", MIGRATION, "true", LOCALITY, "5s", REDACTION, "(?i)mine");

    SparkConf conf = opened(given);

    given.forEach((setting, value) -> assertThat(conf.get(setting)).isEqualTo(value));
  }

  /** The settings of a session, as spark-submit hands some over. */
  private static SparkConf opened(Map<String, String> given) throws IOException {
    Map<String, String> properties = new TreeMap<>(given);
    properties.put("spark.master", "local[1]");
    properties.put("spark.ui.enabled", "false");
    properties.forEach(System::setProperty);
    try (SparkSession spark = SparkSessions.open("test")) {
      return spark.sparkContext().getConf();
    } finally {
      properties.keySet().forEach(System::clearProperty);
    }
  }
}
