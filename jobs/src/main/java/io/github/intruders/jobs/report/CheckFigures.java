package io.github.intruders.jobs.report;

import io.github.intruders.jobs.figures.CheckLine;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * What the report shows of rules: whom they accepted when they were held last, and what they met.
 */
final class CheckFigures {
  private static final int CHECKPOINTS_SHOWN = 1000;
  private static final int FINDINGS_SHOWN = 200;

  private static final Columns<Last> CHECKS =
      new Columns<Last>()
          .text("checkpoint_id", Last::checkpointId)
          .text("rule_set", Last::ruleSet)
          .text("acceptance", Last::acceptance)
          .text("checked_at", Last::checkedAt)
          .number("passed", last -> last.count("passed"))
          .number("broken", last -> last.count("broken"))
          .number("unknown", last -> last.count("unknown"));

  private static final Columns<CheckLine> FINDINGS =
      new Columns<CheckLine>()
          .text("subject", CheckLine::subject)
          .text("rule_set", CheckLine::ruleSet)
          .text("rule", CheckLine::rule)
          .text("effect", CheckLine::effect)
          .text("state", CheckLine::state)
          .text("figure", CheckLine::figure)
          .number("observed", CheckLine::observed)
          .text("bound", CheckLine::bound)
          .number("limit", CheckLine::limit)
          .text("reference_of", CheckLine::referenceOf)
          .text("reason", CheckLine::reason);

  private final EmbeddedTables page;

  CheckFigures(EmbeddedTables page) {
    this.page = page;
  }

  /**
   * The last check of one checkpoint by one set of rules.
   *
   * @param lines of that check
   */
  private record Last(List<CheckLine> lines) implements Serializable {
    /** The errors first, as a page lists them. */
    private static final Comparator<Last> ORDER =
        Comparator.comparing((Last last) -> last.acceptance() != null)
            .thenComparing(Last::ruleSet)
            .thenComparing(Last::checkpointId);

    private Last with(Last other) {
      int order = checkedAt().compareTo(other.checkedAt());
      if (order != 0) {
        return order > 0 ? this : other;
      }
      List<CheckLine> all = new ArrayList<>(lines);
      all.addAll(other.lines);
      return new Last(all);
    }

    private String checkpointId() {
      return lines.get(0).checkpointId();
    }

    private String ruleSet() {
      return lines.get(0).ruleSet();
    }

    private String acceptance() {
      return lines.get(0).acceptance();
    }

    private String checkedAt() {
      return lines.get(0).checkedAt();
    }

    private long count(String state) {
      return lines.stream().filter(line -> line.state().equals(state)).count();
    }
  }

  /**
   * Puts them, by one Spark job; those that are not accepted first, and what is cut is the rest.
   */
  void put(JavaRDD<CheckLine> lines) {
    List<Last> all =
        new ArrayList<>(
            lines
                .mapToPair(
                    line ->
                        new Tuple2<>(
                            List.of(line.ruleSet(), line.checkpointId()), new Last(List.of(line))))
                .reduceByKey(Last::with)
                .values()
                .collect());
    all.sort(Last.ORDER);
    page.put("checks", CHECKS, all.stream().limit(CHECKPOINTS_SHOWN).toList());
    Map<String, Integer> gravity = new TreeMap<>(Map.of("error", 0, "warning", 1, "info", 2));
    page.put(
        "check_findings",
        FINDINGS,
        all.stream()
            .flatMap(last -> last.lines().stream())
            .filter(line -> line.effect() != null)
            .sorted(Comparator.comparing(line -> gravity.get(line.effect())))
            .limit(FINDINGS_SHOWN)
            .toList());
  }
}
