package io.github.intruders.adapter;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * PEFT's {@code rank_pattern} and {@code alpha_pattern}: numbers by regular expression over module
 * names. The first key counts for which Python's {@code re.match(r"(.*\.)?(KEY)$", module)} holds;
 * if there is none, a key that is the module's name itself.
 *
 * <p>Keys are held to what Python and Java read alike, since a key that is read differently would
 * give a wrong scale in silence.
 */
final class ModulePatterns {
  /** Expressions that mean the same in both languages; a bracket ends at its first "]". */
  private static final Pattern PORTABLE =
      Pattern.compile(
          "(?:[^\\\\\\[(]" // plain characters and operators
              + "|\\\\[^A-Za-z0-9]|\\\\[dDwWsSbB]" // escapes
              + "|\\((?!\\?)|\\(\\?(?::|=|!|<=|<!)" // groups
              + "|\\[\\^?(?:[^\\\\\\[\\]&^]|\\\\[^A-Za-z0-9]|\\\\[dDwWsS])+\\])*+", // brackets
          Pattern.DOTALL);

  /** Steps of the matcher that no sensible pattern needs on a module's name. */
  private static final int MAX_STEPS = 1_000_000;

  private static final int MAX_KEY = 1_000;

  private final String file;
  private final String field;
  private final Map<String, Double> values;
  private final Map<String, Pattern> patterns = new LinkedHashMap<>();

  /**
   * @param file URI of the config, for messages
   * @param field {@code rank_pattern} or {@code alpha_pattern}, for messages
   * @param values by key, in the config's order
   * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED} if a key can't be read as
   *     Python reads it
   */
  ModulePatterns(String file, String field, Map<String, Double> values) {
    this.file = file;
    this.field = field;
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    this.values.keySet().forEach(key -> patterns.put(key, compile(key)));
  }

  private Pattern compile(String key) {
    if (key.length() > MAX_KEY || !PORTABLE.matcher(key).matches()) {
      throw unsupported(key, "uses regular expressions that Python and Java read differently");
    }
    try {
      return Pattern.compile(
          "(.*\\.)?(" + key + ")$", Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS);
    } catch (PatternSyntaxException e) {
      throw unsupported(key, "is not a regular expression: " + e.getDescription());
    }
  }

  /**
   * The number for a module.
   *
   * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED} if matching takes too long
   */
  Optional<Double> valueFor(String module) {
    for (Map.Entry<String, Pattern> entry : patterns.entrySet()) {
      if (matches(entry.getKey(), entry.getValue(), module)) {
        return Optional.of(values.get(entry.getKey()));
      }
    }
    return Optional.ofNullable(values.get(module));
  }

  private boolean matches(String key, Pattern pattern, String module) {
    try {
      return pattern.matcher(new StepLimitedText(module, MAX_STEPS)).lookingAt();
    } catch (StepLimitedText.ExceededException e) {
      throw unsupported(key, "takes too long to match against " + module);
    }
  }

  private UserInputException unsupported(String key, String reason) {
    return UserInputException.inFile(
        RejectCode.ADAPTER_UNSUPPORTED, file, "%s key \"%s\" %s".formatted(field, key, reason));
  }
}
