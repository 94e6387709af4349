package io.github.intruders.adapter;

import com.google.re2j.Pattern;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * One key of a pattern, which matches a module as Python's {@code re.match(r"(.*\.)?(KEY)$",
 * module)} does. The work of a match is bounded by the key's and the module's length: names are
 * compared as they are, expressions are matched by RE2/J in linear time. What RE2/J can't do,
 * looking around and possessive quantifiers, is left to Java's backtracking matcher, for keys with
 * few choices in them.
 */
sealed interface ModuleKey {
  /** Printable ASCII, for which Python, Java and RE2 agree on what a digit or a word is. */
  java.util.regex.Pattern PLAIN = java.util.regex.Pattern.compile("[ -~]*");

  /** More levels of groups than a sensible key has; the parsers of expressions recurse. */
  int MAX_DEPTH = 20;

  /** Atoms of an expression with its repetitions written out. */
  int MAX_SIZE = 10_000;

  /** Alternatives and quantifiers; a backtracking matcher may try all combinations of them. */
  int MAX_CHOICES = 8;

  /**
   * Whether the key matches.
   *
   * @throws StepBudget.ExceededException if that takes more steps than are left
   */
  boolean matches(String module, StepBudget budget);

  /** A key can't be used; the message is the end of a sentence. */
  final class UnusableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnusableException(String message) {
      super(message);
    }
  }

  /**
   * Understands a key.
   *
   * @param key an expression that Python and Java read alike
   * @throws UnusableException if it is no expression, or matching it could take too long
   */
  static ModuleKey of(String key) throws UnusableException {
    Name name = Name.of(key);
    if (name != null) {
      return name;
    }
    Shape shape = Shape.of(key);
    if (shape.depth() > MAX_DEPTH) {
      throw new UnusableException(
          "nests groups %d deep, at most %d levels are read".formatted(shape.depth(), MAX_DEPTH));
    }
    if (shape.size() > MAX_SIZE) {
      throw new UnusableException(
          "is too long with its repetitions written out, more than %d parts".formatted(MAX_SIZE));
    }
    String whole = "(.*\\.)?(" + key + ")$";
    java.util.regex.Pattern checked;
    try {
      checked =
          java.util.regex.Pattern.compile(
              whole,
              java.util.regex.Pattern.UNIX_LINES | java.util.regex.Pattern.UNICODE_CHARACTER_CLASS);
    } catch (java.util.regex.PatternSyntaxException e) {
      throw new UnusableException("is not a regular expression: " + e.getDescription());
    }
    try {
      return new Linear(Pattern.compile(whole), shape.size());
    } catch (com.google.re2j.PatternSyntaxException e) {
      if (shape.choices() > MAX_CHOICES || shape.repeatsGroups()) {
        throw new UnusableException(
            "could take too long to match, since it looks around or is possessive; use fewer"
                + " alternatives and repetitions, or write the names of the modules out");
      }
      return new Backtracking(checked);
    }
  }

  /**
   * A name, or the end of one, such as {@code self_attn.q_proj}, with or without backslashes.
   *
   * @param characters U+0000 stands for any character, which a dot does in an expression
   * @param whole whether it is anchored, so that it must be the whole name
   */
  record Name(String characters, boolean whole) implements ModuleKey {
    private static final char ANY = '\0';

    /** Null if the key is more than that. */
    static Name of(String key) {
      boolean whole = key.startsWith("^");
      StringBuilder characters = new StringBuilder();
      for (int i = whole ? 1 : 0; i < key.length(); i++) {
        char c = key.charAt(i);
        if (c == '\\' && i + 1 < key.length() && ".-_/".indexOf(key.charAt(i + 1)) >= 0) {
          i++;
          characters.append(key.charAt(i));
        } else if (c == '.') {
          characters.append(ANY);
        } else if ((c >= '0' && c <= '9')
            || (c >= 'A' && c <= 'Z')
            || (c >= 'a' && c <= 'z')
            || c == '_'
            || c == '-'
            || c == '/') {
          characters.append(c);
        } else {
          return null;
        }
      }
      return new Name(characters.toString(), whole);
    }

    @Override
    public boolean matches(String module, StepBudget budget) {
      budget.spend(1);
      int start = module.length() - characters.length();
      if (start < 0 || (start > 0 && (whole || module.charAt(start - 1) != '.'))) {
        return false;
      }
      for (int i = characters.length() - 1; i >= 0; i--) {
        char expected = characters.charAt(i);
        char found = module.charAt(start + i);
        if (expected == ANY ? found == '\n' : expected != found) {
          return false;
        }
      }
      budget.spend(characters.length());
      return true;
    }
  }

  /**
   * An expression that is matched in time proportional to the product of both lengths.
   *
   * @param size of the expression
   */
  record Linear(Pattern pattern, int size) implements ModuleKey {
    @Override
    public boolean matches(String module, StepBudget budget) {
      budget.spend((long) size * (module.length() + 1));
      return pattern.matcher(module).lookingAt();
    }
  }

  /** An expression with few choices, which a backtracking matcher tries. */
  record Backtracking(java.util.regex.Pattern pattern) implements ModuleKey {
    @Override
    public boolean matches(String module, StepBudget budget) {
      budget.spend(1L << MAX_CHOICES);
      return pattern.matcher(budget.countLooksAt(module)).lookingAt();
    }
  }

  /**
   * What bounds the work on an expression.
   *
   * @param depth levels of groups
   * @param size atoms, with repetitions written out
   * @param choices alternatives and quantifiers
   * @param repeatsGroups whether a group has a quantifier
   */
  record Shape(int depth, int size, int choices, boolean repeatsGroups) {
    static Shape of(String key) {
      Deque<long[]> groups = new ArrayDeque<>(); // size so far, size of the last atom
      groups.push(new long[2]);
      int depth = 0;
      int choices = 0;
      boolean repeatsGroups = false;
      boolean afterGroup = false;
      for (int i = 0; i < key.length(); i++) {
        char c = key.charAt(i);
        long[] group = groups.peek();
        boolean quantifier = "*+?{".indexOf(c) >= 0 && !(c == '?' && opens(key, i));
        repeatsGroups |= quantifier && afterGroup;
        choices += quantifier || c == '|' ? 1 : 0;
        afterGroup = false;
        if (c == '{') {
          long last = group[1];
          int end = key.indexOf('}', i);
          group[0] += last * (most(key.substring(i + 1, end < 0 ? key.length() : end)) - 1);
          i = end < 0 ? key.length() : end;
        } else if (c == '(') {
          groups.push(new long[2]);
          depth = Math.max(depth, groups.size() - 1);
        } else if (c == ')' && groups.size() > 1) {
          long size = groups.pop()[0] + 2;
          groups.peek()[0] += size;
          groups.peek()[1] = size;
          afterGroup = true;
        } else {
          if (c == '\\') {
            i++;
          } else if (c == '[') {
            i = endOfClass(key, i);
          }
          group[0]++;
          group[1] = quantifier ? group[1] : 1;
        }
        group[0] = Math.min(group[0], Integer.MAX_VALUE / 4);
      }
      long size = groups.stream().mapToLong(group -> group[0]).sum();
      return new Shape(depth, (int) Math.min(size, Integer.MAX_VALUE), choices, repeatsGroups);
    }

    private static boolean opens(String key, int place) {
      return place > 0 && key.charAt(place - 1) == '(';
    }

    private static int endOfClass(String key, int start) {
      int i = start + 1;
      while (i < key.length() && key.charAt(i) != ']') {
        i += key.charAt(i) == '\\' ? 2 : 1;
      }
      return i;
    }

    /** The larger number of a repetition such as {@code 2,5}. */
    private static long most(String numbers) {
      long most = 1;
      for (String number : numbers.split(",", -1)) {
        if (number.matches("\\d{1,9}")) {
          most = Math.max(most, Long.parseLong(number));
        } else if (number.matches("\\d+")) {
          return Integer.MAX_VALUE;
        }
      }
      return most;
    }
  }
}
