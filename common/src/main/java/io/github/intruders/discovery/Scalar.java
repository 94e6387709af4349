package io.github.intruders.discovery;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** How a text is written in YAML or JSON. */
final class Scalar {
  /** What YAML reads as it stands, wherever it stands. */
  private static final Pattern PLAIN =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+:/)?[A-Za-z0-9_./][A-Za-z0-9_./@+=-]*");

  /** What YAML, in one version or another, takes for no text. */
  private static final Set<String> WORDS =
      Set.of("null", "true", "false", "yes", "no", "on", "off", "y", "n");

  private Scalar() {}

  /** A text in YAML, in quotes where that is needed. */
  static String yaml(String text) {
    return PLAIN.matcher(text).matches()
            && !WORDS.contains(text.toLowerCase(Locale.ROOT))
            && !text.startsWith(".")
        ? text
        : quoted(text);
  }

  /** A text in double quotes, as JSON has it. */
  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
              } else if (Character.isISOControl(c)
                  || (c >= 0xD800 && c <= 0xDFFF)
                  || c == 0x2028
                  || c == 0x2029
                  || c == 0xFEFF
                  || c == 0xFFFE
                  || c == 0xFFFF) {
                quoted.append("\\u%04x".formatted(c));
              } else {
                quoted.appendCodePoint(c);
              }
            });
    return quoted.append('"').toString();
  }

  /** A text as part of a comment: on one line, whatever it holds. */
  static String comment(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints()
        .map(
            c ->
                Character.isISOControl(c)
                        || (c >= 0xD800 && c <= 0xDFFF)
                        || c == 0x2028
                        || c == 0x2029
                        || c == 0xFEFF
                        || c == 0xFFFE
                        || c == 0xFFFF
                    ? '?'
                    : c)
        .forEach(line::appendCodePoint);
    return line.toString();
  }
}
