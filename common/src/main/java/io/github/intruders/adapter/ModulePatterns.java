package io.github.intruders.adapter;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * PEFT's {@code rank_pattern} and {@code alpha_pattern}: numbers by regular expression over module
 * names. The first key counts for which Python's {@code re.match(r"(.*\.)?(KEY)$", module)} holds;
 * if there is none, a key that is the module's name itself.
 *
 * <p>Keys are held to what Python and Java read alike, since a key that is read differently would
 * give a wrong scale in silence. Not thread-safe.
 */
final class ModulePatterns {
  /** Expressions that mean the same in both languages; a bracket ends at its first "]". */
  private static final Pattern PORTABLE =
      Pattern.compile(
          "(?:[^\\\\\\[(]" // plain characters and operators
              + "|\\\\[^A-Za-z0-9]|\\\\[dDwWsSbB]" // escapes
              + "|\\((?!\\?)|\\(\\?(?::|=|!|<=|<!)" // groups
              + "|\\[\\^?(?:[^\\\\\\[\\]&^]|\\\\[^A-Za-z0-9]|\\\\[dDwWsS])++\\])*+", // brackets
          Pattern.DOTALL);

  /** Far more than thousands of keys on thousands of modules take, and some seconds. */
  private static final long MAX_STEPS = 300_000_000;

  private static final int MAX_SHOWN = 80;

  private static final int MAX_KEY = 1_000;

  private final String file;
  private final String field;
  private final Map<String, Double> values;
  private final Map<String, ModuleKey> keys = new LinkedHashMap<>();
  private final Map<String, Optional<Double>> known = new HashMap<>();
  private final StepBudget budget = new StepBudget(MAX_STEPS);

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
    this.values.keySet().forEach(key -> keys.put(key, compile(key)));
  }

  private ModuleKey compile(String key) {
    if (key.length() > MAX_KEY) {
      throw unsupported(key, "has more than %d characters".formatted(MAX_KEY));
    }
    if (!PORTABLE.matcher(key).matches()) {
      throw unsupported(key, "uses regular expressions that Python and Java read differently");
    }
    try {
      return ModuleKey.of(key);
    } catch (ModuleKey.UnusableException e) {
      throw unsupported(key, e.getMessage());
    }
  }

  /**
   * The number for a module.
   *
   * @throws UserInputException with code {@code ADAPTER_UNSUPPORTED} if matching takes too long,
   *     for this module and those before it together
   */
  Optional<Double> valueFor(String module) {
    return known.computeIfAbsent(module, this::find);
  }

  private Optional<Double> find(String module) {
    for (Map.Entry<String, ModuleKey> entry : keys.entrySet()) {
      if (matches(entry.getKey(), entry.getValue(), module)) {
        return Optional.of(values.get(entry.getKey()));
      }
    }
    return Optional.ofNullable(values.get(module));
  }

  private boolean matches(String key, ModuleKey pattern, String module) {
    if (!(pattern instanceof ModuleKey.Name) && !ModuleKey.PLAIN.matcher(module).matches()) {
      throw unsupported(
          key, "is not compared with a name beyond ASCII, which Python and Java read differently");
    }
    try {
      return pattern.matches(module, budget);
    } catch (StepBudget.ExceededException e) {
      throw unsupported(key, "takes too long to match against " + Excerpt.of(module, MAX_SHOWN));
    }
  }

  private UserInputException unsupported(String key, String reason) {
    return UserInputException.inFile(
        RejectCode.ADAPTER_UNSUPPORTED,
        file,
        "%s key \"%s\" %s".formatted(field, Excerpt.of(key, MAX_SHOWN), reason));
  }
}
