package io.github.intruders.jobs.cost;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.Workload;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.cost.Outlook.LargeRoute;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.scan.RankChoice;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.SolverChoice;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How matrices that no task can hold are taken. */
class OutlookTest {
  private static final Workload ADAPTER = new Workload(1, 16, 256, 16, 0, 1 << 20);
  private static final Workload FULL = new Workload(0, 0, 0, 0, 4, 1L << 32);
  private static final MemoryLimit TASK = new MemoryLimit(2L << 30, "a task", "more");
  private static final MemoryLimit DRIVER = new MemoryLimit(8L << 30, "the driver", "more");

  @Test
  void anOutputHeadIsSummedForAnAdapterAndSpreadForFullFineTunes() {
    BaseMatrix head = matrix(128_256, 4096, DType.BF16);

    assertThat(route(head, ADAPTER, SolverChoice.AUTO)).isEqualTo(LargeRoute.BLOCKS);
    assertThat(route(head, FULL, SolverChoice.AUTO)).isEqualTo(LargeRoute.SPREAD);
    assertThat(route(head, ADAPTER, SolverChoice.KRYLOV)).isEqualTo(LargeRoute.SPREAD);
    assertThat(route(head, FULL, SolverChoice.STORED)).isEqualTo(LargeRoute.BLOCKS);
    assertThat(route(head, FULL, SolverChoice.EXACT)).isEqualTo(LargeRoute.REFUSED);
  }

  @Test
  void whatCanNotBeSummedInBlocksIsSpreadWhateverItsShape() {
    for (BaseMatrix matrix :
        new BaseMatrix[] {
          matrix(28_672, 8192, DType.BF16),
          matrix(8192, 28_672, DType.F16),
          matrix(16_384, 16_384, DType.F32)
        }) {
      assertThat(route(matrix, ADAPTER, SolverChoice.AUTO)).isEqualTo(LargeRoute.SPREAD);
      assertThat(route(matrix, ADAPTER, SolverChoice.STORED)).isEqualTo(LargeRoute.REFUSED);
    }
    assertThat(route(matrix(16_384, 16_384, DType.F64), ADAPTER, SolverChoice.AUTO))
        .isEqualTo(LargeRoute.REFUSED);
  }

  @Test
  void theDriverHoldsTheVectorsOfFewerCheckpointsAtOnceOrOfNone() {
    BaseMatrix matrix = matrix(16_384, 16_384, DType.BF16);
    Workload many = new Workload(16, 256, 4096, 16, 0, 1 << 20);
    Outlook small = outlook(matrix, many, SolverChoice.AUTO, new MemoryLimit(1 << 30, "it", ""));
    Outlook none = outlook(matrix, many, SolverChoice.AUTO, new MemoryLimit(1 << 20, "it", ""));

    assertThat(outlook(matrix, many, SolverChoice.AUTO, MemoryLimit.NONE).largeStack("w"))
        .isEqualTo(16);
    assertThat(small.largeStack("w")).isBetween(1, 15);
    assertThat(none.largeRoute("w", SolverChoice.AUTO)).isEqualTo(LargeRoute.REFUSED);
    assertThat(none.unspread("w")).contains("MiB", "it has 1.0 MiB");
  }

  @Test
  void theExactRankOfAnUpdateTakesSums() {
    BaseMatrix head = matrix(128_256, 4096, DType.BF16);
    ScanSettings published = ScanSettings.published();
    ScanSettings settings =
        new ScanSettings(
            published.topK(),
            published.epsilons(),
            published.sides(),
            SolverChoice.AUTO,
            RankChoice.EXACT);

    assertThat(
            new Outlook(
                    Map.of("w", head),
                    Map.of(),
                    Map.of("w", FULL),
                    Map.of(),
                    new CostModel(settings),
                    TASK,
                    DRIVER)
                .largeRoute("w", SolverChoice.AUTO))
        .isEqualTo(LargeRoute.BLOCKS);
  }

  private static LargeRoute route(BaseMatrix matrix, Workload work, SolverChoice solver) {
    return outlook(matrix, work, solver, DRIVER).largeRoute("w", solver);
  }

  private static Outlook outlook(
      BaseMatrix matrix, Workload work, SolverChoice solver, MemoryLimit driver) {
    return new Outlook(
        Map.of("w", matrix),
        Map.of(),
        Map.of("w", work),
        Map.of(),
        new CostModel(ScanSettings.published().with(solver)),
        TASK,
        driver);
  }

  private static BaseMatrix matrix(int rows, int cols, DType dtype) {
    return new BaseMatrix(
        "w", 0, "head", new MatrixSource("w", "file:/w", dtype, 0, rows, cols, false));
  }
}
