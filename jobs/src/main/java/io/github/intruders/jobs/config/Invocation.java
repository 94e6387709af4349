package io.github.intruders.jobs.config;

import io.github.intruders.input.Secrets;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How a run was asked for. Holds no secrets.
 *
 * @param command the command line, as a shell takes it; null if it was not one
 * @param manifestUri where the manifest lies; null if there is none
 */
public record Invocation(String command, String manifestUri) {
  /** From code, such as a notebook. */
  public static final Invocation NONE = new Invocation(null, null);

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,@%+*~-]+");
  private static final Pattern USER_INFO = Pattern.compile("://[^/@\\s]*@");
  private static final Pattern SECRET =
      Pattern.compile(
          "(?i)([\\w.-]*(?:secret|password|passphrase|token|credential|signature|key)[\\w.-]*=)[^&\\s]+");

  /** By the command line; what looks like a secret in it is masked. */
  public static Invocation of(List<String> arguments, String manifestUri) {
    Objects.requireNonNull(arguments, "arguments");
    return new Invocation(
        arguments.stream()
            .map(Invocation::masked)
            .map(Invocation::quoted)
            .collect(Collectors.joining(" ", "intruders ", "")),
        manifestUri == null ? null : masked(manifestUri));
  }

  private static String masked(String text) {
    return SECRET
        .matcher(USER_INFO.matcher(Secrets.masked(text)).replaceAll("://***@"))
        .replaceAll(match -> java.util.regex.Matcher.quoteReplacement(match.group(1)) + "***");
  }

  private static String quoted(String argument) {
    return PLAIN.matcher(argument).matches()
        ? argument
        : "'" + argument.replace("'", "'\\''") + "'";
  }
}
