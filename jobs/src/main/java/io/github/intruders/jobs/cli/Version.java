package io.github.intruders.jobs.cli;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** The version in the jar's manifest. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {
      "intruders "
          + Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
              .orElse("development")
    };
  }
}
