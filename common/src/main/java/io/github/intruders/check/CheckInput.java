package io.github.intruders.check;

import java.util.List;
import java.util.Map;

/**
 * What rules are held against.
 *
 * @param subjects all checkpoints that the tables have
 * @param now their figures
 * @param then version → the figures in that state of the tables, of each that rules compare with
 * @param accepted what this set of rules has accepted before, in no order
 */
public record CheckInput(
    List<Subject> subjects, Figures now, Map<String, Figures> then, List<Acceptance> accepted) {
  public CheckInput {
    subjects = List.copyOf(subjects);
    then = Map.copyOf(then);
    accepted = List.copyOf(accepted);
  }
}
