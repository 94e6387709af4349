package io.github.intruders.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.check.Acceptance.Compared;
import io.github.intruders.check.Verdict.State;
import io.github.intruders.input.UserInputException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CheckerTest {
  private static final String NORM =
      "{id: norm, table: checkpoints, column: update_relative_norm, max: 0.5}";
  private static final String GROWN =
      "{id: grown, table: checkpoints, column: update_relative_norm, against: last accepted, max_ratio: 1.5}";
  private static final String FIGURE = "checkpoints.update_relative_norm";

  private static Verdict only(CheckResult result) {
    assertThat(result.verdicts()).hasSize(1);
    return result.verdicts().get(0);
  }

  private static Verdict only(Fleet fleet, String rule) {
    return only(fleet.check(Fleet.rules(rule), List.of()));
  }

  private static Acceptance accepted(
      String id, String sequence, Integer step, String run, String at, double norm) {
    return new Acceptance(
        id,
        sequence == null ? "checkpoint_id = " + id : "sequence = " + sequence,
        sequence,
        step,
        run,
        "hash",
        Instant.parse(at),
        Map.of(FIGURE, norm),
        Map.of());
  }

  @Test
  void aLimitIsAllowedAndWhatIsBeyondIsNot() {
    CheckResult result =
        new Fleet()
            .checkpoint("at", 0.5)
            .checkpoint("beyond", Math.nextUp(0.5))
            .check(Fleet.rules(NORM), List.of());

    assertThat(result.verdicts())
        .extracting(Verdict::state)
        .containsExactly(State.PASSED, State.BROKEN);
    assertThat(result.accepted()).containsExactly("at");
    assertThat(result.refused()).containsExactly("beyond");
    assertThat(result.findings()).extracting(Verdict::limit).containsExactly(0.5);
  }

  @Test
  void aWarningDoesNotRefuse() {
    CheckResult result =
        new Fleet()
            .checkpoint("a", 1.0)
            .check(Fleet.rules(NORM.replace("}", ", severity: warning}")), List.of());

    assertThat(result.findings()).extracting(Verdict::effect).containsExactly(Severity.WARNING);
    assertThat(result.accepted()).containsExactly("a");
  }

  @Test
  void aValueThatIsNotKnownIsNeitherPassedNorIgnored() {
    Fleet fleet = new Fleet().checkpoint("a", null).checkpoint("nan", Double.NaN);

    CheckResult strict = fleet.check(Fleet.rules(NORM), List.of());
    CheckResult told = fleet.check(Fleet.rules(NORM.replace("}", ", unknown: info}")), List.of());
    CheckResult lenient =
        fleet.check(Fleet.rules(NORM.replace("}", ", unknown: pass}")), List.of());

    assertThat(strict.verdicts()).extracting(Verdict::passed).containsExactly(null, null);
    assertThat(strict.refused()).containsExactly("a", "nan");
    assertThat(strict.verdicts().get(0).text())
        .isEqualTo("checkpoints.update_relative_norm is not known: it has no value (a)");
    assertThat(told.accepted()).containsExactly("a", "nan");
    assertThat(told.findings()).extracting(Verdict::effect).containsOnly(Severity.INFO);
    assertThat(lenient.findings()).isEmpty();
    assertThat(lenient.verdicts()).extracting(Verdict::state).containsOnly(State.UNKNOWN);
  }

  @Test
  void aTableThatIsNotThereLeavesItsRulesUnknown() {
    Verdict verdict =
        only(
            new Fleet().checkpoint("a", 0.1),
            "{id: copies, table: adapter_pairs, statistic: count, where: {duplicate: true}, max: 0}");

    assertThat(verdict.state()).isEqualTo(State.UNKNOWN);
    assertThat(verdict.effect()).isEqualTo(Severity.ERROR);
    assertThat(verdict.text())
        .isEqualTo(
            "count of adapter_pairs where duplicate = true is not known: there is no table adapter_pairs (a)");
  }

  /** Its row says 0 intruders, since there was nothing to count them in. */
  @Test
  void figuresOfACheckpointThatWasNotAnalysedAreNotKnown() {
    Fleet fleet =
        new Fleet()
            .row(
                "checkpoints",
                "checkpoint_id",
                "a",
                "matrices",
                0,
                "rejected",
                7,
                "intruder_count",
                0)
            .row("matrices", "checkpoint_id", "b", "matrix", "m", "intruder_count", 0);

    CheckResult result =
        fleet.check(
            Fleet.rules(
                "{id: count, table: checkpoints, column: intruder_count, max: 3}",
                "{id: rows, table: matrices, statistic: count, max: 3}",
                "{id: there, table: checkpoints, column: matrices, min: 1}",
                "{id: whole, table: checkpoints, column: rejected, max: 0}"),
            List.of());

    assertThat(result.verdicts())
        .extracting(Verdict::state)
        .containsExactly(State.UNKNOWN, State.UNKNOWN, State.BROKEN, State.BROKEN);
  }

  @Test
  void theWorstRowOfManyIsHeldAndNamed() {
    Fleet fleet =
        new Fleet()
            .checkpoint("a", 0.1)
            .row("matrices", "checkpoint_id", "a", "matrix", "q", "intruder_count", 2)
            .row("matrices", "checkpoint_id", "a", "matrix", "up", "intruder_count", 9)
            .row("matrices", "checkpoint_id", "a", "matrix", "down", "intruder_count", 9)
            .row("matrices", "checkpoint_id", "b", "matrix", "up", "intruder_count", 50);

    Verdict verdict = only(fleet, "{id: c, table: matrices, column: intruder_count, max: 8}");

    assertThat(verdict.text())
        .isEqualTo("max of matrices.intruder_count is 9, allowed is at most 8 (a, down)");
  }

  /** Whatever the value that is missing is: one that is known is too large. */
  @Test
  void aRuleIsBrokenByWhatIsKnownThoughSomethingIsNot() {
    Fleet fleet =
        new Fleet()
            .checkpoint("a", 0.1)
            .row("matrices", "checkpoint_id", "a", "matrix", "q", "critical_margin", 0.5)
            .row("matrices", "checkpoint_id", "a", "matrix", "k", "critical_margin", null);
    String rule = "{id: m, table: matrices, column: critical_margin, %s}";

    Verdict broken = only(fleet, rule.formatted("min: 1"));
    Verdict unknown = only(fleet, rule.formatted("min: 0.4"));
    Verdict mean = only(fleet, rule.formatted("statistic: mean, min: 1"));

    assertThat(broken.state()).isEqualTo(State.BROKEN);
    assertThat(broken.observed()).isEqualTo(0.5);
    assertThat(unknown.state()).isEqualTo(State.UNKNOWN);
    assertThat(unknown.reason()).isEqualTo("1 of 2 rows have no value");
    assertThat(mean.state()).isEqualTo(State.UNKNOWN);
  }

  @Test
  void aPairCountsForBothOfIt() {
    Fleet fleet =
        new Fleet()
            .checkpoint("a", 0.1)
            .checkpoint("b", 0.1)
            .checkpoint("c", 0.1)
            .row("adapter_pairs", "checkpoint_a", "a", "checkpoint_b", "b", "interference", 0.9)
            .row("adapter_pairs", "checkpoint_a", "a", "checkpoint_b", "c", "interference", 0.2)
            .row("adapter_pairs", "checkpoint_a", "b", "checkpoint_b", "c", "interference", 0.1);

    CheckResult result =
        fleet.check(
            Fleet.rules("{id: i, table: adapter_pairs, column: interference, max: 0.5}"),
            List.of());

    assertThat(result.refused()).containsExactly("a", "b");
    assertThat(result.findings()).extracting(Verdict::subject).containsExactly("a, b", "b, a");
    assertThat(result.accepted()).containsExactly("c");
  }

  @Test
  void rulesAreForTheCheckpointsTheyName() {
    Fleet fleet =
        new Fleet()
            .checkpoint("lora", 1.0, "method", "lora", "tags", Map.of("team", "x"))
            .checkpoint("full", 1.0, "method", "full")
            .checkpoint("none", 1.0);

    CheckResult result =
        fleet.check(Fleet.rules(NORM.replace("}", ", for: {\"tags['team']\": x}}")), List.of());

    assertThat(result.verdicts()).extracting(Verdict::checkpointId).containsExactly("lora");
    assertThat(result.accepted()).isEmpty();
    assertThat(result.refused()).containsExactly("lora");
    assertThatThrownBy(
            () -> fleet.check(Fleet.rules(NORM.replace("}", ", for: {method: dora}}")), List.of()))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("No rule is for any of the 3 checkpoints");
  }

  @Test
  void eachStepIsHeldAgainstTheAcceptedOneBeforeIt() {
    Fleet fleet =
        new Fleet()
            .checkpoint("s3", 0.9, "sequence", "s", "step", 3)
            .checkpoint("s1", 0.2, "sequence", "s", "step", 1)
            .checkpoint("s2", 0.4, "sequence", "s", "step", 2)
            .checkpoint("s4", 0.3, "sequence", "s", "step", 4);

    CheckResult result =
        fleet.check(
            Fleet.rules(GROWN),
            List.of(accepted("s1", "s", 1, "r1", "2026-01-01T00:00:00Z", 0.2)),
            new Checker.Choice(Set.of("s2", "s3", "s4"), false, Set.of()));

    // 0.4 > 1.5 * 0.2; 0.9 > 1.5 * 0.2, since s2 is not accepted; 0.3 is.
    assertThat(result.verdicts())
        .extracting(Verdict::state)
        .containsExactly(State.BROKEN, State.BROKEN, State.PASSED);
    assertThat(result.verdicts()).extracting(Verdict::reference).containsOnly(0.2);
    assertThat(result.verdicts().get(0).text())
        .isEqualTo(
            "checkpoints.update_relative_norm is 0.4, allowed is at most 0.3, which follows from 0.2"
                + " of s1, accepted at 2026-01-01T00:00:00Z (s2)");
  }

  @Test
  void whatIsAcceptedIsTheReferenceOfTheNextStepAtOnce() {
    Fleet fleet =
        new Fleet()
            .checkpoint("s1", 0.2, "sequence", "s", "step", 1)
            .checkpoint("s2", 0.29, "sequence", "s", "step", 2)
            .checkpoint("s3", 0.42, "sequence", "s", "step", 3);

    CheckResult result =
        fleet.check(Fleet.rules(GROWN.replace("}", ", unknown: warning}")), List.of());

    assertThat(result.verdicts())
        .extracting(Verdict::state)
        .containsExactly(State.UNKNOWN, State.PASSED, State.PASSED);
    assertThat(result.verdicts()).extracting(Verdict::reference).containsExactly(null, 0.2, 0.29);
  }

  @Test
  void aSecondLookAtTheSameResultsSaysTheSame() {
    Fleet fleet = new Fleet().checkpoint("nightly", 0.4);
    Acceptance own =
        new Acceptance(
            "nightly",
            "checkpoint_id = nightly",
            null,
            null,
            "r1",
            "hash",
            Instant.parse("2026-01-30T00:00:00Z"),
            Map.of(FIGURE, 0.4),
            Map.of(FIGURE, new Compared(0.3, "nightly, accepted before")));

    Verdict again = only(fleet.check(Fleet.rules(GROWN), List.of(own)));
    Verdict replaced =
        only(
            fleet.check(
                Fleet.rules(GROWN),
                List.of(accepted("nightly", null, null, "r0", "2026-01-30T00:00:00Z", 0.1))));

    assertThat(again.reference()).isEqualTo(0.3);
    assertThat(again.state()).isEqualTo(State.PASSED);
    assertThat(replaced.reference()).isEqualTo(0.1);
    assertThat(replaced.state()).isEqualTo(State.BROKEN);
  }

  @Test
  void aPersonMayAcceptWhatTheRulesRefuse() {
    Fleet fleet =
        new Fleet()
            .checkpoint("s1", 0.9, "sequence", "s", "step", 1)
            .checkpoint("s2", 0.3, "sequence", "s", "step", 2);

    CheckResult result =
        fleet.check(
            Fleet.rules(NORM, GROWN), List.of(), new Checker.Choice(Set.of(), false, Set.of("s1")));

    assertThat(result.accepted()).containsExactly("s1", "s2");
    assertThat(result.checkpoints().get(0).accepted()).isEqualTo(CheckResult.Accepted.BY_HAND);
    assertThat(result.refused()).isEmpty();
  }

  @Test
  void whatIsNewIsWhatTheseRulesHaveNotAcceptedAsItIs() {
    Fleet fleet = new Fleet().checkpoint("a", 0.1).checkpoint("b", 0.1).checkpoint("c", 0.1);
    RuleSet rules = Fleet.rules(NORM);
    Acceptance same = accepted("a", null, null, "r1", "2026-01-01T00:00:00Z", 0.1);
    Acceptance byThese =
        new Acceptance(
            "a", same.line(), null, null, "r1", rules.hash(), same.at(), Map.of(), Map.of());
    Acceptance otherResults =
        new Acceptance(
            "b",
            "checkpoint_id = b",
            null,
            null,
            "r0",
            rules.hash(),
            same.at(),
            Map.of(),
            Map.of());
    Acceptance otherRules = accepted("c", null, null, "r1", "2026-01-01T00:00:00Z", 0.1);

    CheckResult result =
        fleet.check(
            rules,
            List.of(byThese, otherResults, otherRules),
            new Checker.Choice(Set.of(), true, Set.of()));

    assertThat(result.checkpoints())
        .extracting(one -> one.subject().id())
        .containsExactly("b", "c");
  }

  @Test
  void anotherCheckpointAndAnEarlierStateAreReferences() {
    Fleet now = new Fleet().checkpoint("a", 0.4).checkpoint("b", 0.3);
    Fleet then = new Fleet().checkpoint("a", 0.1);
    RuleSet other = Fleet.rules(GROWN.replace("last accepted", "checkpoint b"));
    RuleSet earlier =
        Fleet.rules(GROWN.replace("last accepted, max_ratio: 1.5", "as-of r0, max_increase: 0.2"));

    assertThat(now.check(other, List.of()).verdicts())
        .extracting(Verdict::limit)
        .allSatisfy(limit -> assertThat(limit).isEqualTo(1.5 * 0.3));
    List<Verdict> asOf =
        Checker.check(
                earlier,
                new CheckInput(
                    now.subjects(),
                    now.figures(earlier),
                    Map.of("r0", then.figures(earlier)),
                    List.of()),
                new Checker.Choice(Set.of(), false, Set.of()),
                Fleet.NOW)
            .verdicts();
    assertThat(asOf).extracting(Verdict::state).containsExactly(State.BROKEN, State.UNKNOWN);
    assertThat(asOf.get(0).referenceOf()).isEqualTo("a as of r0");
    assertThat(asOf.get(1).reason()).isEqualTo("of b as of r0: it has no row in checkpoints");
    assertThatThrownBy(
            () -> now.check(other.against(new Reference.OfCheckpoint("nobody")), List.of()))
        .hasMessage(
            "There is no checkpoint 'nobody' in the table checkpoints; expected one of a, b");
  }

  @Test
  void aRatioToLessThanNothingIsNotKnown() {
    Fleet fleet = new Fleet().checkpoint("a", 0.4).checkpoint("b", -0.3);

    List<Verdict> verdicts =
        fleet
            .check(Fleet.rules(GROWN.replace("last accepted", "checkpoint b")), List.of())
            .verdicts();

    assertThat(verdicts).extracting(Verdict::state).containsOnly(State.UNKNOWN);
    assertThat(verdicts.get(0).reason())
        .isEqualTo("the figure of b, -0.3, is below 0, and a ratio to it means nothing");
  }
}
