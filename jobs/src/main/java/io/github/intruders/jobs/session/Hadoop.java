package io.github.intruders.jobs.session;

import org.apache.hadoop.util.VersionInfo;

/** The Hadoop client on the class path. */
public final class Hadoop {
  private Hadoop() {}

  /** Its version, such as {@code 3.4.2}. */
  public static String version() {
    return VersionInfo.getVersion();
  }
}
