package io.github.intruders.jobs.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LogPaceTest {
  @Test
  void aShortRunIsToldOfEveryMinute() {
    assertThat(told(120)).containsExactly(60, 120);
  }

  @Test
  void aNightIsToldOfAtLeastEveryTenMinutes() {
    List<Integer> told = told(8 * 3600);

    assertThat(told).hasSizeBetween(45, 60);
    for (int i = 1; i < told.size(); i++) {
      assertThat(told.get(i) - told.get(i - 1)).isBetween(60, 600);
    }
  }

  private static List<Integer> told(int seconds) {
    LogPace pace = new LogPace();
    List<Integer> told = new ArrayList<>();
    for (int second = 0; second <= seconds; second++) {
      if (pace.isDue(second)) {
        told.add(second);
      }
    }
    return told;
  }
}
