package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.config.TablePlace;
import java.util.List;
import org.junit.jupiter.api.Test;

class MitigationReportTest {
  private static String rendered(List<MitigationSummary.Model> models) {
    MitigationSummary summary =
        new MitigationSummary("run", "base", models, 1, List.of("DoRA can't be edited"), 5);
    return MitigationReport.render(summary, "out", new TablePlace.Folder("out"));
  }

  @Test
  void aRunThatEditedNothingSaysSoInsteadOfAnEmptyTable() {
    assertThat(rendered(List.of()))
        .startsWith("No model was edited against base 'base'")
        .contains("DoRA can't be edited")
        .endsWith(String.format("Tables in out, 5.0 s%n"))
        .doesNotContain("checkpoint  variant")
        .doesNotContain("mitigated");
  }

  @Test
  void anEditedModelHasALine() {
    assertThat(rendered(List.of(edited(1))))
        .contains("Edited models against base 'base'")
        .containsPattern("lora +top-l0.5 +1 of 2 +3 -> 2 +9.920 -> 5.006 +3.3e-08  q.weight")
        .doesNotContain("plain base");
  }

  @Test
  void theEditOfAChainIsSaidToStandOnThePlainBase() {
    assertThat(rendered(List.of(edited(1), edited(4))))
        .containsOnlyOnce("load it on the plain base, not on a model that the chain's earlier");
  }

  private static MitigationSummary.Model edited(int chain) {
    return new MitigationSummary.Model(
        "lora", "top-l0.5", 0.5, 2, 1, 3, 2, 9.92, 5.006, 3.3e-8, "q.weight", "out/lora", chain);
  }
}
