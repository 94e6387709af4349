package io.github.intruders.jobs.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.RankChoice;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.SolverChoice;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a finished row depends on. */
class ScanEntryTest {
  private static final ScanSettings EITHER = ScanSettings.published();
  private static final ScanSettings EXACT =
      new ScanSettings(
          EITHER.topK(), EITHER.epsilons(), EITHER.sides(), EITHER.solver(), RankChoice.EXACT);

  @Test
  void theExactRankMakesOtherRowsOnlyOfMatricesWhoseRankIsAnEstimateWithoutIt() {
    MatrixPlan large = full(4096);
    MatrixPlan small = full(128);
    MatrixPlan adapter = plan(4096, new UpdateSource.LowRank(List.of()));

    assertThat(ScanEntry.key(large, EXACT)).isNotEqualTo(ScanEntry.key(large, EITHER));
    assertThat(ScanEntry.key(small, EXACT)).isEqualTo(ScanEntry.key(small, EITHER));
    assertThat(ScanEntry.key(adapter, EXACT)).isEqualTo(ScanEntry.key(adapter, EITHER));
  }

  /** Routes that certify themselves tell the same, so that a run may go on by another one. */
  @Test
  void aRowDependsOnTheRouteOnlyWhereThatIsThePublishedAlgorithm() {
    MatrixPlan plan = full(128);

    assertThat(SolverChoice.values())
        .allSatisfy(
            solver ->
                assertThat(
                        ScanEntry.key(plan, EITHER.with(solver))
                            .equals(ScanEntry.key(plan, EITHER)))
                    .isEqualTo(solver != SolverChoice.EXACT));
  }

  private static MatrixPlan full(int size) {
    return plan(size, new UpdateSource.Full(source(size), List.of()));
  }

  private static MatrixPlan plan(int size, UpdateSource update) {
    return new MatrixPlan("a", BaseMatrix.of(source(size)), update, false, "inputs");
  }

  private static MatrixSource source(int size) {
    return new MatrixSource(
        "model.layers.0.self_attn.q_proj.weight", "file:/w", DType.BF16, 0, size, size, false);
  }
}
