package io.github.intruders.plan;

import java.util.Optional;

/**
 * How names begin on either side, down to the last word that differs.
 *
 * @param base such as {@code model.}
 * @param tuned such as {@code model.language_model.}
 */
record Rename(String base, String tuned) {
  /** Of two beginnings, each empty or with a dot at its end. */
  static Rename of(String base, String tuned) {
    String restOfBase = base;
    String restOfTuned = tuned;
    while (!restOfBase.isEmpty()
        && !restOfTuned.isEmpty()
        && lastWord(restOfBase).equals(lastWord(restOfTuned))) {
      int length = lastWord(restOfBase).length();
      restOfBase = restOfBase.substring(0, restOfBase.length() - length);
      restOfTuned = restOfTuned.substring(0, restOfTuned.length() - length);
    }
    return new Rename(restOfBase, restOfTuned);
  }

  private static String lastWord(String lead) {
    return lead.substring(lead.lastIndexOf('.', lead.length() - 2) + 1);
  }

  /** The base's name of a tuned one, where the rule applies. */
  Optional<String> inBase(String name) {
    return name.startsWith(tuned)
        ? Optional.of(base + name.substring(tuned.length()))
        : Optional.empty();
  }

  @Override
  public String toString() {
    return "\"%s\" in the base, \"%s\" here".formatted(base, tuned);
  }
}
