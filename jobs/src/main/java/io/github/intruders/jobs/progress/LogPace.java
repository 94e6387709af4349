package io.github.intruders.jobs.progress;

/**
 * When a log gets a line of progress: after a minute, then each time another quarter of the elapsed
 * time has passed, but at least every ten minutes. So a night of eight hours has some fifty lines.
 * Not thread-safe.
 */
final class LogPace {
  private static final double FIRST_SECONDS = 60;
  private static final double SHARE = 0.25;
  private static final double LONGEST_SECONDS = 600;

  private double toldAt;

  /**
   * Whether a line is due, which is then taken to be told.
   *
   * @param elapsed seconds since the beginning
   */
  boolean isDue(double elapsed) {
    if (elapsed - toldAt < Math.min(LONGEST_SECONDS, Math.max(FIRST_SECONDS, SHARE * elapsed))) {
      return false;
    }
    toldAt = elapsed;
    return true;
  }
}
