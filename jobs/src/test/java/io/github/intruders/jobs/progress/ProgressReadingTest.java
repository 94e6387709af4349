package io.github.intruders.jobs.progress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a person reads while a job runs. */
class ProgressReadingTest {

  @Test
  void timeLeftGoesByTheWorkDoneNotByTheCount() {
    ProgressReading now = reading(10, 448, 0.5, 0, true);

    assertThat(now.line())
        .isEqualTo("[3/6] scan: 10 of 448 matrices (50 %), 2 rejected, 1:05 elapsed, 1:00 left");
  }

  @Test
  void whatLaterStagesTookInAnEarlierRunIsAdded() {
    assertThat(reading(10, 448, 0.5, 3600, true).line()).endsWith("1:05 elapsed, 1:01:00 left");
    assertThat(reading(10, 448, 0.5, 30, false).line()).endsWith("at least 1:30 left");
  }

  @Test
  void nothingIsToldOfTheRestBeforeAnythingIsDone() {
    assertThat(reading(0, 448, 0, 30, true).line())
        .isEqualTo(
            "[3/6] scan: 0 of 448 matrices (0 %), 2 rejected, 1:05 elapsed, time left not known yet");
  }

  @Test
  void onlyTheEndIsAHundredPercent() {
    assertThat(reading(447, 448, 0.9999, 0, true).line()).contains("(99 %)");
    assertThat(reading(448, 448, 1, 0, true).line()).contains("(100 %)").contains("0:00 left");
  }

  private static ProgressReading reading(
      long done, long total, double share, double later, boolean allLaterKnown) {
    return new ProgressReading(
        "scan", 3, 6, "matrices", done, total, share, 2, 65, 60, later, allLaterKnown);
  }
}
