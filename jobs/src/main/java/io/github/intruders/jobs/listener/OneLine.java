package io.github.intruders.jobs.listener;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.Secrets;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Makes a line that may be told to others of what a failure says. */
public final class OneLine {
  private static final int MOST = 500;

  /** Shorter values are words of everyday. */
  private static final int SHORTEST_SECRET = 6;

  private static final Pattern SECRET_NAME =
      Pattern.compile(".*(TOKEN|PASSWORD|PASSPHRASE|SECRET|API_?KEY|ACCESS_?KEY|CREDENTIAL).*");

  private OneLine() {}

  /** The first line, at most 500 characters, without secrets of URIs or of the environment. */
  public static String of(String message) {
    return of(message, System.getenv());
  }

  static String of(String message, Map<String, String> environment) {
    String line = Secrets.masked(message.strip().lines().findFirst().orElse(""));
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      if (variable.getValue().length() >= SHORTEST_SECRET
          && SECRET_NAME.matcher(variable.getKey().toUpperCase(Locale.ROOT)).matches()) {
        line = line.replace(variable.getValue(), "***");
      }
    }
    return Excerpt.of(line, MOST);
  }
}
