package io.github.intruders.input;

import java.util.Collection;
import java.util.stream.Collectors;

/** What a message shows of names that may be many, of texts that may be long, and of counts. */
public final class Excerpt {
  private Excerpt() {}

  /** The first names, separated by commas; an ellipsis stands for the others. */
  public static String of(Collection<String> names, int most) {
    String shown = names.stream().limit(most).collect(Collectors.joining(", "));
    return names.size() > most ? shown + ", …" : shown;
  }

  /** Such as {@code 1 rule} or {@code 2 rules}. */
  public static String counted(long number, String singular) {
    return number == 1 ? "1 " + singular : "%d %ss".formatted(number, singular);
  }

  /**
   * The same text in one line: a space for what parts lines, and ? for each other character that
   * would disturb a terminal.
   */
  public static String printable(String text) {
    return text.strip().replaceAll("\\R+", " ").replaceAll("[\\p{Cc}\\p{Cs}\\p{Cn}]", "?");
  }

  /** The first characters of a text; an ellipsis stands for the others. */
  public static String of(String text, int most) {
    return text.length() > most ? text.substring(0, most) + "…" : text;
  }
}
