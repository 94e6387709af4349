package io.github.intruders.scan;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many leading singular vectors of a tuned matrix are tested: a number, a share of the
 * spectrum, or all.
 *
 * @param text as the user wrote it: {@code 10}, {@code 25%} or {@code all}
 * @param count the number, 0 if a share was given
 * @param share the share in (0, 1], 0 if a number was given
 */
public record TopK(String text, int count, double share) implements Serializable {
  private static final Pattern SHARE = Pattern.compile("(\\d{1,3}(?:\\.\\d+)?)%");
  private static final Pattern COUNT = Pattern.compile("\\d{1,9}");

  /**
   * Reads {@code 10}, {@code 25%} or {@code all}.
   *
   * @throws UserInputException for anything else, zero included
   */
  public static TopK parse(String text) {
    String trimmed = text.strip().toLowerCase(Locale.ROOT);
    if (trimmed.equals("all")) {
      return new TopK(trimmed, 0, 1);
    }
    Matcher shareMatcher = SHARE.matcher(trimmed);
    if (shareMatcher.matches()) {
      double share = Double.parseDouble(shareMatcher.group(1)) / 100;
      if (share > 0 && share <= 1) {
        return new TopK(trimmed, 0, share);
      }
    } else if (COUNT.matcher(trimmed).matches()) {
      int count = Integer.parseInt(trimmed);
      if (count > 0) {
        return new TopK(trimmed, count, 0);
      }
    }
    throw UserInputException.of(
        RejectCode.SETTING_INVALID,
        "Cannot use top-k '%s': expected a number such as 10, a share such as 25%%, or all"
            .formatted(text));
  }

  /** The number of vectors for a matrix with {@code p} singular values; at least 1, at most p. */
  public int of(int p) {
    if (count > 0) {
      return Math.min(count, p);
    }
    return Math.max(1, (int) Math.min(p, Math.round(share * p)));
  }
}
