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
    List<String> lines = new ArrayList<>();
    Map<String, List<Verdict>> byRule = new LinkedHashMap<>();
    result
        .findings()
        .forEach(
            verdict ->
                byRule
                    .computeIfAbsent(
                        verdict.effect() + verdict.rule().id(), unseen -> new ArrayList<>())
                    .add(verdict));
    for (List<Verdict> verdicts : byRule.values()) {
      verdicts.stream().limit(LINES_PER_RULE).map(CheckLines::line).forEach(lines::add);
      if (verdicts.size() > LINES_PER_RULE) {
        lines.add(
            "%-7s %s: and %d more checkpoints"
                .formatted(
                    verdicts.get(0).effect().text(),
                    verdicts.get(0).rule().id(),
                    verdicts.size() - LINES_PER_RULE));
      }
    }
    if (!result.refused().isEmpty()) {
      lines.add("Not accepted: " + Excerpt.of(result.refused(), IDS_SHOWN));
    }
    long byHand =
        result.checkpoints().stream().filter(one -> one.accepted() == Accepted.BY_HAND).count();
    lines.add(
        String.format(
            Locale.ROOT,
            "%d rules, %d checkpoints: %d accepted%s, %d not; %d verdicts passed, %d broken, %d not known",
            result.rules().rules().size(),
            result.checkpoints().size(),
            result.accepted().size(),
            byHand == 0 ? "" : ", %d of them by hand".formatted(byHand),
            result.refused().size(),
            result.count(State.PASSED),
            result.count(State.BROKEN),
            result.count(State.UNKNOWN)));
    return lines;
  }

  private static String line(Verdict verdict) {
    return "%-7s %s: %s"
        .formatted(verdict.effect().text(), verdict.rule().id(), verdict.text());
  }
}
