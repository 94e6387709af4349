package io.github.intruders.jobs.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalCoresTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"local|1", "local[1]|1", "local[3]|3", "local[5,2]|5", "local[ 4 , 1 ]|4"})
  void aLocalMasterHasTheCoresItNames(String master, int cores) {
    assertThat(LocalCores.of(conf(master))).hasValue(cores);
  }

  @Test
  void aStarIsThisMachine() {
    int cores = Runtime.getRuntime().availableProcessors();

    assertThat(LocalCores.of(conf("local[*]"))).hasValue(cores);
    assertThat(LocalCores.of(conf("local[*,3]"))).hasValue(cores);
    assertThat(LocalCores.of(conf("local[*]").set("spark.default.parallelism", "7"))).hasValue(7);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spark://host:7077",
        "yarn",
        "k8s://host",
        "local-cluster[2,1,1024]",
        "locale",
        ""
      })
  void anyOtherMasterHasNone(String master) {
    assertThat(LocalCores.of(conf(master))).isEmpty();
  }

  @Test
  void noMasterHasNone() {
    assertThat(LocalCores.of(new SparkConf(false))).isEmpty();
  }

  private static SparkConf conf(String master) {
    return new SparkConf(false).set("spark.master", master);
  }
}
