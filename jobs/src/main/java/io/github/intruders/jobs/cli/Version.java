package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.session.Build;
import picocli.CommandLine.IVersionProvider;

/** The version, and the commit it was built from. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String commit =
        Build.commit()
            .map(id -> " (%s%s)".formatted(id.substring(0, 12), isModified() ? ", modified" : ""))
            .orElse("");
    return new String[] {"intruders " + Build.version() + commit};
  }

  private static boolean isModified() {
    return Build.modified().orElse(false);
  }
}
