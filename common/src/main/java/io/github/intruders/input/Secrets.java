package io.github.intruders.input;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds and hides what a URI must not tell to everybody who sees a table, a message or a log. */
public final class Secrets {
  /** A user's name and password before the host; a name alone, as in abfs://, is none. */
  private static final Pattern USER_INFO = Pattern.compile("://[^/@\\s]*:[^/@\\s]*@");

  /** Parameters that sign a request or stand for a password, as of S3, GCS, Azure and the hub. */
  private static final Pattern PARAMETER =
      Pattern.compile(
          "(?i)([?&;](?:[^=&#?\\s]*(?:signature|credential|token|secret|passw|access_?-?key|api_?-?key"
              + "|accessid)[^=&#?\\s]*|sig|sas|key|pwd|auth)=)[^&#\\s\"'\\])]+");

  private Secrets() {}

  /** Whether a URI or path has a secret in it. */
  public static boolean isIn(String uri) {
    return USER_INFO.matcher(uri).find() || PARAMETER.matcher(uri).find();
  }

  /** The same text with *** for each secret in a URI in it. */
  public static String masked(String text) {
    return PARAMETER
        .matcher(USER_INFO.matcher(text).replaceAll("://***@"))
        .replaceAll(match -> Matcher.quoteReplacement(match.group(1)) + "***");
  }
}
