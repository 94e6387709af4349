package io.github.intruders.jobs.cli;

/**
 * How a command that was not simply done ends its process. YARN's application master runs a
 * cluster-mode driver as a thread of its own and takes {@code System.exit} for a crash whose reason
 * nobody knows; what that thread throws it hands to whoever asks how the application ended.
 */
final class Ending {
  private Ending() {}

  /**
   * Ends the process with an exit code; as a driver in YARN's master, by a failure that tells it.
   *
   * @param code not 0
   * @param why in one line
   * @throws Unsuccessful as such a driver, else this does not return
   */
  static void with(int code, String why) {
    if (isDriverInYarnsMaster()) {
      throw new Unsuccessful("Exit code " + code + ": " + why);
    }
    System.exit(code);
  }

  /** Spark's master sets both before it starts the driver. */
  private static boolean isDriverInYarnsMaster() {
    return "yarn".equals(System.getProperty("spark.master"))
        && "cluster".equals(System.getProperty("spark.submit.deployMode"));
  }

  /** Only its text counts, and YARN shows all that is printed of it. */
  static final class Unsuccessful extends RuntimeException {
    private static final long serialVersionUID = 1;

    private Unsuccessful(String message) {
      super(message, null, false, false);
    }

    @Override
    public String toString() {
      return getMessage();
    }
  }
}
