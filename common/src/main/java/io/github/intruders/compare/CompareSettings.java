package io.github.intruders.compare;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;

/**
 * How checkpoints are compared.
 *
 * @param leading how many triplets are taken of an update that is not of low rank
 * @param familyCosine from this cosine on two updates are related
 * @param mostPairs how many pairs there may be
 */
public record CompareSettings(int leading, double familyCosine, long mostPairs)
    implements Serializable {
  /** What holds where nothing is said. */
  public static final CompareSettings DEFAULT = new CompareSettings(16, 0.25, 1_000_000);

  public CompareSettings {
    if (leading < 1) {
      throw setting("leading", leading, "a whole number from 1 on");
    }
    if (!(familyCosine > 0 && familyCosine <= 1)) {
      throw setting("family-cosine", familyCosine, "a number above 0, at most 1");
    }
    if (mostPairs < 1) {
      throw setting("max-pairs", mostPairs, "a whole number from 1 on");
    }
  }

  private static UserInputException setting(String name, Number found, String expected) {
    return UserInputException.of(
        RejectCode.SETTING_INVALID,
        "Cannot use --%s %s: expected %s".formatted(name, found, expected));
  }
}
