package io.github.intruders.jobs.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.UserInputException;
import java.time.Duration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OwnSettingsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          task.memory | lots | expected a size above 0 with its unit, such as 12g or 9800m
          task.memory | 0 | expected a size above 0
          task.memory | -1g | expected a size above 0
          task.memory | 1.5g | expected a size above 0
          task.memory | 99999999999g | expected a size above 0
          task.memory | '' | expected a size above 0
          resources.timeout | soon | expected a time with its unit, such as 10m or 90s, or 0 to wait for ever
          resources.timeout | -1s | expected a time with its unit
          task.memroy | 1g | there is no such setting; expected one of [spark.intruders.resources.timeout, spark.intruders.task.memory]
          """)
  void whatCanNotBeUsedIsNamedWithItsValue(String name, String value, String expected) {
    SparkConf conf = new SparkConf(false).set("spark.intruders." + name, value);

    assertThatThrownBy(() -> OwnSettings.require(conf))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith(
            "Cannot use spark.intruders.%s=%s: %s".formatted(name, value, expected));
  }

  @Test
  void whatIsSetStands() {
    SparkConf conf =
        new SparkConf(false).set(OwnSettings.TASK_MEMORY, "2k").set(OwnSettings.EXECUTOR_WAIT, "0");

    OwnSettings.require(conf);

    assertThat(OwnSettings.taskMemory(conf)).hasValue(2048);
    assertThat(OwnSettings.executorWait(conf)).isZero();
    assertThat(OwnSettings.taskMemory(new SparkConf(false))).isEmpty();
    assertThat(OwnSettings.executorWait(new SparkConf(false))).isEqualTo(Duration.ofMinutes(10));
  }
}
