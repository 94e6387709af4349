package io.github.intruders.discovery;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the name of a folder tells of the run that saved it: transformers' {@code checkpoint-500},
 * accelerate's {@code step_500} and {@code epoch_1}, torchtune's {@code epoch_1}.
 *
 * @param run path of the folder above
 * @param unit what is counted: {@code checkpoint}, {@code step} or {@code epoch}
 * @param step how many
 */
record RunName(String run, String unit, int step) {
  private static final Pattern STATE =
      Pattern.compile("(?:(.*)/)?(checkpoint-|step_|epoch_)(\\d{1,9})", Pattern.DOTALL);

  /** What a path tells, if it tells anything. */
  static Optional<RunName> of(String path) {
    Matcher state = STATE.matcher(path);
    if (!state.matches()) {
      return Optional.empty();
    }
    String run = state.group(1) == null ? "" : state.group(1);
    String unit = state.group(2).substring(0, state.group(2).length() - 1);
    return Optional.of(new RunName(run, unit, Integer.parseInt(state.group(3))));
  }

  /** What the run's sequence is called behind the run's id; steps and epochs don't mix. */
  String suffix() {
    return unit.equals("checkpoint") ? "" : "/" + unit + "s";
  }
}
