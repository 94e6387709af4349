package io.github.intruders.discovery;

import com.google.re2j.Pattern;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.List;

/**
 * Which paths below a root count, by globs: {@code *} stands for anything within one part, {@code
 * **} for any parts, {@code ?} for one character, and {@code {a,b}} for either. A glob that matches
 * a folder stands for all that is in it.
 */
public final class PathFilter implements Serializable {
  private static final long serialVersionUID = 1L;

  private final List<Pattern> included;
  private final List<Pattern> excluded;

  /**
   * @param included one of these must match, if there are any
   * @param excluded none of these may match
   * @throws UserInputException if a glob can't be understood
   */
  public PathFilter(List<String> included, List<String> excluded) {
    this.included = included.stream().map(PathFilter::pattern).toList();
    this.excluded = excluded.stream().map(PathFilter::pattern).toList();
  }

  /** Whether nothing below a folder counts. */
  boolean excludes(String path) {
    return matches(excluded, path);
  }

  /** Whether a folder or file counts, be it for one above it. */
  boolean includes(String path) {
    return !matches(excluded, path) && (included.isEmpty() || matches(included, path));
  }

  private static boolean matches(List<Pattern> patterns, String path) {
    return patterns.stream().anyMatch(pattern -> pattern.matches(path));
  }

  /** Of the path itself or of any folder above it. */
  private static Pattern pattern(String glob) {
    String trimmed = glob.replaceAll("^/+|/+$", "");
    int depth = 0;
    StringBuilder regex = new StringBuilder("(?s)");
    for (int i = 0; i < trimmed.length(); i++) {
      char c = trimmed.charAt(i);
      if (trimmed.startsWith("**/", i)) {
        regex.append("(?:.*/)?");
        i += 2;
      } else if (trimmed.startsWith("**", i)) {
        regex.append(".*");
        i++;
      } else if (c == '*') {
        regex.append("[^/]*");
      } else if (c == '?') {
        regex.append("[^/]");
      } else if (c == '{') {
        depth++;
        regex.append("(?:");
      } else if (c == '}' && depth > 0) {
        depth--;
        regex.append(')');
      } else if (c == ',' && depth > 0) {
        regex.append('|');
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    if (trimmed.isEmpty() || depth > 0) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use the glob '%s': %s"
              .formatted(glob, depth > 0 ? "a { has no }" : "it is empty"));
    }
    return Pattern.compile(regex + "(?:/.*)?");
  }
}
