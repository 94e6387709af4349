package io.github.intruders.check;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What came of holding a set of rules against checkpoints.
 *
 * @param rules that were held
 * @param checkedAt when
 * @param checkpoints what came of each, by line and step
 */
public record CheckResult(RuleSet rules, Instant checkedAt, List<Checked> checkpoints) {
  public CheckResult {
    checkpoints = List.copyOf(checkpoints);
  }

  /** Why a checkpoint is accepted. */
  public enum Accepted {
    /** No rule of severity error stands against it. */
    BY_RULES("rules"),
    /** A person said so. */
    BY_HAND("by hand");

    private final String text;

    Accepted(String text) {
      this.text = text;
    }

    /** As tables spell it. */
    public String text() {
      return text;
    }
  }

  /**
   * One checkpoint.
   *
   * @param subject that was checked
   * @param line it belongs to
   * @param verdicts one for each rule that is for it
   * @param accepted why it is accepted, or null if it is not
   */
  public record Checked(Subject subject, String line, List<Verdict> verdicts, Accepted accepted) {
    public Checked {
      verdicts = List.copyOf(verdicts);
    }
  }

  /** All verdicts. */
  public List<Verdict> verdicts() {
    return checkpoints.stream().flatMap(checked -> checked.verdicts().stream()).toList();
  }

  /** The verdicts that matter, the gravest first, then by rule as the file has them. */
  public List<Verdict> findings() {
    Map<String, Integer> places = places();
    return verdicts().stream()
        .filter(verdict -> verdict.effect() != null)
        .sorted(
            Comparator.comparing(Verdict::effect)
                .thenComparing(verdict -> places.get(verdict.rule().id())))
        .toList();
  }

  private Map<String, Integer> places() {
    List<Rule> all = rules.rules();
    return all.stream().collect(Collectors.toMap(Rule::id, all::indexOf));
  }

  /** The checkpoints that are not accepted. */
  public List<String> refused() {
    return checkpoints.stream()
        .filter(checked -> checked.accepted() == null && !checked.verdicts().isEmpty())
        .map(checked -> checked.subject().id())
        .toList();
  }

  /** Those that are. */
  public List<String> accepted() {
    return checkpoints.stream()
        .filter(checked -> checked.accepted() != null)
        .map(checked -> checked.subject().id())
        .toList();
  }

  /** How many verdicts are of a state. */
  public long count(Verdict.State state) {
    return verdicts().stream().filter(verdict -> verdict.state() == state).count();
  }
}
