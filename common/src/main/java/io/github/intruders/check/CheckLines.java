package io.github.intruders.check;

import io.github.intruders.check.CheckResult.Accepted;
import io.github.intruders.check.Verdict.State;
import io.github.intruders.input.Excerpt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A result for people: a line for each rule that is broken, with the figure and the limit. */
public final class CheckLines {
  private static final int LINES_PER_RULE = 10;
  private static final int IDS_SHOWN = 10;

  private CheckLines() {}

  /** The lines, the gravest first; the last one sums up. */
  public static List<String> of(CheckResult result) {
    Map<List<Object>, List<Verdict>> byRule = new LinkedHashMap<>();
    for (Verdict verdict : result.findings()) {
      byRule
          .computeIfAbsent(
              List.of(verdict.effect(), verdict.rule().id(), verdict.state()),
              unseen -> new ArrayList<>())
          .add(verdict);
    }
    List<String> lines = new ArrayList<>();
    byRule.values().forEach(verdicts -> add(lines, verdicts));
    if (!result.refused().isEmpty()) {
      lines.add(Excerpt.printable("Not accepted: " + Excerpt.of(result.refused(), IDS_SHOWN)));
    }
    long byHand =
        result.checkpoints().stream().filter(one -> one.accepted() == Accepted.BY_HAND).count();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s, %s: %d accepted%s, %d not; %s passed, %d broken, %d not known",
            Excerpt.counted(result.rules().rules().size(), "rule"),
            Excerpt.counted(result.checkpoints().size(), "checkpoint"),
            result.accepted().size(),
            byHand == 0 ? "" : ", %d of them by hand".formatted(byHand),
            result.refused().size(),
            Excerpt.counted(result.count(State.PASSED), "verdict"),
            result.count(State.BROKEN),
            result.count(State.UNKNOWN)));
    return lines;
  }

  /** Of one rule and one state. */
  private static void add(List<String> lines, List<Verdict> verdicts) {
    Map<String, List<Verdict>> byReason = new LinkedHashMap<>();
    for (Verdict verdict : verdicts) {
      byReason
          .computeIfAbsent(
              verdict.state() == State.UNKNOWN ? verdict.reason() : verdict.subject(),
              unseen -> new ArrayList<>())
          .add(verdict);
    }
    byReason.values().stream()
        .limit(LINES_PER_RULE)
        .map(same -> line(same.get(0), same.size() == 1 ? same.get(0).text() : text(same)))
        .forEach(lines::add);
    if (byReason.size() > LINES_PER_RULE) {
      lines.add(
          line(
              verdicts.get(0),
              "and " + Excerpt.counted(byReason.size() - LINES_PER_RULE, "more such line")));
    }
  }

  /** What is not known for the same reason is one line. */
  private static String text(List<Verdict> same) {
    List<String> ids = same.stream().map(Verdict::checkpointId).toList();
    return "%s is not known: %s (%d checkpoints: %s)"
        .formatted(
            same.get(0).rule().figure().text(),
            same.get(0).reason(),
            ids.size(),
            Excerpt.of(ids, IDS_SHOWN));
  }

  private static String line(Verdict verdict, String text) {
    return Excerpt.printable(
        "%-7s %s: %s".formatted(verdict.effect().text(), verdict.rule().id(), text));
  }
}
