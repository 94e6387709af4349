package io.github.intruders.jobs.session;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.Properties;

/** What this jar was built from. */
public final class Build {
  /** Written by the build; without a commit where there was no git repository. */
  private static final String RESOURCE = "/META-INF/intruders-build.properties";

  private Build() {}

  /** The version in the jar's manifest; {@code development} outside of a jar. */
  public static String version() {
    return Optional.ofNullable(Build.class.getPackage().getImplementationVersion())
        .orElse("development");
  }

  /** The commit that was checked out, as 40 hexadecimal digits, if it is known. */
  public static Optional<String> commit() {
    return property("commit").filter(commit -> commit.matches("[0-9a-f]{40}"));
  }

  /** Whether files differed from that commit, if it is known. */
  public static Optional<Boolean> modified() {
    return commit().isPresent() ? property("modified").map(Boolean::valueOf) : Optional.empty();
  }

  private static Optional<String> property(String name) {
    try (InputStream in = Build.class.getResourceAsStream(RESOURCE)) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return Optional.ofNullable(properties.getProperty(name));
    } catch (IOException e) {
      throw new UncheckedIOException("The jar's %s can't be read".formatted(RESOURCE), e);
    }
  }
}
