package io.github.intruders.check;

import io.github.intruders.check.Acceptance.Compared;
import io.github.intruders.check.CheckResult.Accepted;
import io.github.intruders.check.CheckResult.Checked;
import io.github.intruders.check.Verdict.State;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Holds rules against checkpoints, line by line and step by step, so that what is accepted can be
 * the reference of the next step at once.
 */
public final class Checker {
  private static final int IDS_SHOWN = 10;

  /** The columns of checkpoints that tell something of one that was not analysed. */
  private static final Set<String> TOLD_ANYWAY = Set.of("matrices", "rejected");

  private final RuleSet rules;
  private final CheckInput input;
  private final Map<String, Subject> subjects;
  private final List<Acceptance> accepted;
  private final Instant now;

  private Checker(RuleSet rules, CheckInput input, Instant now) {
    this.rules = rules;
    this.input = input;
    this.subjects =
        input.subjects().stream().collect(Collectors.toMap(Subject::id, subject -> subject));
    this.accepted = new ArrayList<>(input.accepted());
    this.now = now;
  }

  /**
   * Which checkpoints to look at.
   *
   * @param ids their ids; all if there are none
   * @param onlyNew leave out what these rules have accepted with the results it has now
   * @param byHand ids of checkpoints that a person accepts whatever the rules say
   */
  public record Choice(Set<String> ids, boolean onlyNew, Set<String> byHand) {
    public Choice {
      ids = Set.copyOf(ids);
      byHand = Set.copyOf(byHand);
    }
  }

  /**
   * Holds them.
   *
   * @throws UserInputException if a checkpoint that is named is not there, or no rule is for any of
   *     those that are looked at
   */
  public static CheckResult check(RuleSet rules, CheckInput input, Choice choice, Instant now) {
    Checker checker = new Checker(rules, input, now);
    if (input.subjects().isEmpty()) {
      throw UserInputException.of(
          RejectCode.NOT_FOUND, "There is no checkpoint in the table checkpoints to check");
    }
    checker.require(choice.ids());
    checker.require(choice.byHand());
    for (Rule rule : rules.rules()) {
      if (rule.against() instanceof Reference.OfCheckpoint other) {
        checker.require(Set.of(other.checkpointId()));
      }
    }
    List<Subject> chosen =
        input.subjects().stream()
            .filter(subject -> choice.ids().isEmpty() || choice.ids().contains(subject.id()))
            .filter(subject -> !choice.onlyNew() || checker.isNew(subject))
            .sorted(checker.order())
            .toList();
    List<Checked> checked = new ArrayList<>();
    for (Subject subject : chosen) {
      checked.add(checker.check(subject, choice.byHand().contains(subject.id())));
    }
    if (!chosen.isEmpty() && checked.stream().allMatch(one -> one.verdicts().isEmpty())) {
      throw UserInputException.inFile(
          RejectCode.RULES_INVALID,
          rules.uri(),
          "No rule is for any of the %d checkpoints; see the keys 'for'".formatted(chosen.size()));
    }
    return new CheckResult(rules, now, checked);
  }

  private void require(Collection<String> ids) {
    for (String id : ids) {
      if (!subjects.containsKey(id)) {
        throw UserInputException.of(
            RejectCode.NOT_FOUND,
            "There is no checkpoint '%s' in the table checkpoints; expected one of %s"
                .formatted(
                    id, Excerpt.of(subjects.keySet().stream().sorted().toList(), IDS_SHOWN)));
      }
    }
  }

  private boolean isNew(Subject subject) {
    return accepted.stream()
        .noneMatch(one -> isOfSameResults(one, subject) && one.rulesHash().equals(rules.hash()));
  }

  private Comparator<Subject> order() {
    return Comparator.comparing((Subject subject) -> subject.line(rules.lines()))
        .thenComparing(Subject::step, Comparator.nullsFirst(Comparator.<Integer>naturalOrder()))
        .thenComparing(Subject::id);
  }

  private Checked check(Subject subject, boolean byHand) {
    List<Verdict> verdicts = new ArrayList<>();
    for (Rule rule : rules.rules()) {
      Boolean concerns = Condition.all(rule.checkpoints(), subject.row());
      if (concerns == null) {
        verdicts.add(unknown(rule, subject, "whether the rule is for it is not known"));
      } else if (concerns) {
        verdicts.add(verdict(rule, subject));
      }
    }
    Accepted why =
        byHand
            ? Accepted.BY_HAND
            : verdicts.isEmpty()
                    || verdicts.stream().anyMatch(one -> one.effect() == Severity.ERROR)
                ? null
                : Accepted.BY_RULES;
    Checked checked = new Checked(subject, subject.line(rules.lines()), verdicts, why);
    if (why != null) {
      accepted.add(acceptance(checked));
    }
    return checked;
  }

  private Acceptance acceptance(Checked checked) {
    Map<String, Double> observed = new HashMap<>();
    Map<String, Compared> references = new HashMap<>();
    for (Verdict verdict : checked.verdicts()) {
      String figure = verdict.rule().figure().text();
      Double value = found(verdict.rule().figure(), input.now(), checked.subject()).value();
      if (value != null) {
        observed.put(figure, value);
      }
      if (verdict.reference() != null
          && verdict.rule().against() instanceof Reference.LastAccepted) {
        references.put(figure, new Compared(verdict.reference(), verdict.referenceOf()));
      }
    }
    Subject subject = checked.subject();
    return new Acceptance(
        subject.id(),
        checked.line(),
        subject.sequence(),
        subject.step(),
        subject.resultsRun(),
        rules.hash(),
        now,
        observed,
        references);
  }

  private Verdict verdict(Rule rule, Subject subject) {
    Found found = found(rule.figure(), input.now(), subject);
    Limits limits;
    Compared reference = null;
    if (rule.against() == null) {
      limits = rule.bounds().limits();
    } else {
      Referred referred = reference(rule, subject);
      if (referred.compared() == null) {
        return unknown(rule, subject, referred.reason());
      }
      reference = referred.compared();
      if (rule.bounds().hasRatio() && reference.value() < 0) {
        return unknown(
            rule,
            subject,
            "the figure of %s, %s, is below 0, and a ratio to it means nothing"
                .formatted(reference.of(), Figures.text(reference.value())));
      }
      limits = rule.bounds().limits(reference.value());
    }
    Boolean allowed = limits.allow(found);
    boolean upper = limits.isUpperNearer(found);
    State state = allowed == null ? State.UNKNOWN : allowed ? State.PASSED : State.BROKEN;
    Double observed = found.value();
    if (observed == null && state == State.BROKEN) {
      observed = upper ? found.low() : found.high();
    }
    return new Verdict(
        rule,
        subject.id(),
        state,
        observed,
        upper ? limits.max() : limits.min(),
        upper,
        reference == null ? null : (Double) reference.value(),
        reference == null ? null : reference.of(),
        found.item(),
        state == State.UNKNOWN ? found.reason() : null);
  }

  private static Verdict unknown(Rule rule, Subject subject, String reason) {
    return new Verdict(
        rule,
        subject.id(),
        State.UNKNOWN,
        null,
        null,
        rule.bounds().isUpper(),
        null,
        null,
        "",
        reason);
  }

  /** A figure; of a checkpoint without analysed matrices only what its rows say anyway. */
  private static Found found(Figure figure, Figures figures, Subject subject) {
    boolean told =
        figure.table().equals(CheckedTable.REJECTS)
            || (figure.table().equals(Subject.TABLE) && TOLD_ANYWAY.containsAll(figure.columns()));
    return told || subject.isAnalysed()
        ? figures.of(figure, subject.id())
        : Found.unknown("none of its matrices were analysed");
  }

  /** A reference, or why there is none. */
  private record Referred(Compared compared, String reason) {
    static Referred of(Found found, String of) {
      return found.value() == null
          ? new Referred(null, "of %s: %s".formatted(of, found.reason()))
          : new Referred(new Compared(found.value(), of), null);
    }

    static Referred none(String reason) {
      return new Referred(null, reason);
    }
  }

  private Referred reference(Rule rule, Subject subject) {
    if (rule.against() instanceof Reference.OfCheckpoint other) {
      Subject of = subjects.get(other.checkpointId());
      return Referred.of(found(rule.figure(), input.now(), of), of.id());
    }
    if (rule.against() instanceof Reference.AsOf asOf) {
      // Whether it was analysed then, its figures of then say.
      return Referred.of(
          input.then().get(asOf.version()).of(rule.figure(), subject.id()),
          subject.id() + " as of " + asOf.version());
    }
    return lastAccepted(rule.figure().text(), subject);
  }

  /**
   * What was accepted last. Results that are accepted already stay beside what they were held
   * against then, so that a second look says the same.
   */
  private Referred lastAccepted(String figure, Subject subject) {
    Acceptance own =
        accepted.stream()
            .filter(one -> isOfSameResults(one, subject))
            .max(Comparator.comparing(Acceptance::at))
            .orElse(null);
    if (own != null && own.references().containsKey(figure)) {
      return new Referred(own.references().get(figure), null);
    }
    String line = subject.line(rules.lines());
    Acceptance last =
        accepted.stream()
            .filter(one -> one.line().equals(line) && !isOfSameResults(one, subject))
            .filter(one -> isBefore(one, subject))
            .max(latest(subject))
            .orElse(null);
    if (last == null) {
      return Referred.none("nothing was accepted before in its line, " + line);
    }
    Double value = last.observed().get(figure);
    String of = last.checkpointId() + ", accepted at " + last.at();
    return value == null
        ? Referred.none(
            "it was not known when %s".formatted(of.replace(", accepted", " was accepted")))
        : new Referred(new Compared(value, of), null);
  }

  private static boolean isOfSameResults(Acceptance one, Subject subject) {
    return one.checkpointId().equals(subject.id())
        && one.resultsRun() != null
        && one.resultsRun().equals(subject.resultsRun());
  }

  /** In a sequence only steps before it count, and what was accepted under its own name. */
  private static boolean isBefore(Acceptance one, Subject subject) {
    return !isSameSequence(one, subject)
        || one.step() < subject.step()
        || one.checkpointId().equals(subject.id());
  }

  private static boolean isSameSequence(Acceptance one, Subject subject) {
    return subject.sequence() != null && subject.sequence().equals(one.sequence());
  }

  private static Comparator<Acceptance> latest(Subject subject) {
    return Comparator.comparing((Acceptance one) -> isSameSequence(one, subject) ? one.step() : -1)
        .thenComparing(Acceptance::at)
        .thenComparing(one -> one.step() == null ? -1 : one.step())
        .thenComparing(Acceptance::checkpointId);
  }
}
