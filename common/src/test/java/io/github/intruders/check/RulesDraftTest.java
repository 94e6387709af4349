package io.github.intruders.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class RulesDraftTest {
  private static Fleet fleet() {
    Fleet fleet = new Fleet();
    for (int i = 0; i < 21; i++) {
      fleet.checkpoint(
          "lora" + i, 0.3 + i / 100.0, "method", "lo\"ra: \u00e9", "intruder_count", i);
    }
    for (int i = 0; i < 3; i++) {
      fleet.checkpoint("full" + i, 0.1, "method", "full", "intruder_count", 0);
    }
    return fleet;
  }

  @Test
  void limitsFollowFromQuantilesAndTheFleetKeepsThem() {
    Fleet fleet = fleet();
    String text = RulesDraft.of(fleet.subjects());
    RuleSet rules = RulesReader.read("file:/drafted.yaml", text, Fleet.TABLES);

    assertThat(rules.rules())
        .extracting(Rule::text)
        .containsExactly(
            "checkpoints.rejected: at most 0",
            "checkpoints.matrices: at least 10",
            "checkpoints.intruder_count: at most 0",
            "checkpoints.update_relative_norm: at most 0.1",
            "checkpoints.intruder_count: at most 25", // a quarter beyond 20; the fence is 15 + 3 *
            // 10
            "checkpoints.intruder_count: at most 19", // 95 % of 0 to 20
            "checkpoints.update_relative_norm: at most 0.625", // a quarter beyond 0.5
            "checkpoints.update_relative_norm: at most 0.49"); // 95 % of 0.3 to 0.5
    assertThat(text)
        .contains(
            "How many intruders there are with method \"full\": of 3 checkpoints half have at most 0,"
                + " 95 % at most 0, and the largest has 0.");
    assertThat(rules.rules().subList(2, 4))
        .extracting(Rule::severity)
        .containsOnly(Severity.WARNING);
    assertThat(fleet.check(rules, List.of()).refused()).isEmpty();
  }

  @Test
  void whatIsFarBeyondTheFleetIsRefused() {
    RuleSet rules =
        RulesReader.read("file:/d.yaml", RulesDraft.of(fleet().subjects()), Fleet.TABLES);

    CheckResult result =
        new Fleet()
            .checkpoint("far", 0.7, "method", "lo\"ra: \u00e9", "intruder_count", 3)
            .check(rules, List.of());

    assertThat(result.refused()).containsExactly("far");
  }

  @Test
  void nothingFollowsFromNothing() {
    assertThatThrownBy(() -> RulesDraft.of(List.of())).hasMessageContaining("was analysed");
  }
}
