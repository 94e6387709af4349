package io.github.intruders.discovery;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Takes tags from a path below a root: {@code {method}/{task}-seed{seed}} finds method, task and
 * seed in {@code lora/math-seed1/checkpoint-500}. The pattern begins where the path does; what is
 * deeper than the pattern does not matter. A name in braces stands for at least one character
 * within one part of the path, as few as will do; {@code *} for any characters within one part,
 * {@code **} for any parts.
 */
public final class TagPattern {
  private static final Pattern NAME = Pattern.compile("\\{([A-Za-z][A-Za-z0-9_.-]*)\\}");

  private final Pattern pattern;
  private final List<String> names;

  private TagPattern(Pattern pattern, List<String> names) {
    this.pattern = pattern;
    this.names = names;
  }

  /**
   * Understands a pattern.
   *
   * @throws UserInputException with code {@code SETTING_INVALID} if it can't be
   */
  public static TagPattern parse(String text) {
    String path = text.replaceAll("^/+|/+$", "");
    Matcher found = NAME.matcher(path);
    StringBuilder regex = new StringBuilder("(?s)");
    List<String> names = new ArrayList<>();
    int from = 0;
    while (found.find()) {
      regex.append(literal(text, path.substring(from, found.start()))).append("([^/]+?)");
      names.add(found.group(1));
      from = found.end();
    }
    regex.append(literal(text, path.substring(from))).append("(?:/.*)?");
    if (names.isEmpty()) {
      throw invalid(text, "expected at least one name in braces, as in {method}/{task}");
    }
    if (new HashSet<>(names).size() < names.size()) {
      throw invalid(text, "a name stands in it twice");
    }
    return new TagPattern(Pattern.compile(regex.toString()), List.copyOf(names));
  }

  private static String literal(String text, String part) {
    if (part.contains("{") || part.contains("}")) {
      throw invalid(text, "expected letters, digits, '_', '.' and '-' between { and }");
    }
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < part.length(); i++) {
      if (part.startsWith("**", i)) {
        regex.append(".*");
        i++;
      } else {
        regex.append(
            part.charAt(i) == '*' ? "[^/]*" : Pattern.quote(String.valueOf(part.charAt(i))));
      }
    }
    return regex.toString();
  }

  private static UserInputException invalid(String text, String problem) {
    return UserInputException.of(
        RejectCode.SETTING_INVALID, "Cannot use --tags '%s': %s".formatted(text, problem));
  }

  /** The tags of a path by their names; empty if the pattern does not match. */
  Map<String, String> of(String path) {
    Matcher matcher = pattern.matcher(path);
    Map<String, String> tags = new TreeMap<>();
    if (matcher.matches()) {
      for (int i = 0; i < names.size(); i++) {
        tags.put(names.get(i), matcher.group(i + 1));
      }
    }
    return tags;
  }
}
