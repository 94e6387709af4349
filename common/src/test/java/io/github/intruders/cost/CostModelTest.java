package io.github.intruders.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.scan.RankChoice;
import io.github.intruders.scan.Routes;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.scan.TopK;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CostModelTest {
  private final CostModel model = new CostModel(ScanSettings.published());
  private final CostModel exactRank =
      new CostModel(
          new ScanSettings(
              TopK.parse("10"),
              List.of(0.5),
              List.of(Side.LEFT),
              SolverChoice.AUTO,
              RankChoice.EXACT));

  /** Seconds of two cores, as performance.md quotes them from {@code bench}. */
  @Test
  void timesAreThoseMeasuredToWithinAThird() {
    BaseMatrix small = matrix(2048, 2048);
    BaseMatrix large = matrix(4096, 4096);

    assertRatio(CostModel.decomposition(large).coreSeconds(), 2 * 14.1);
    assertRatio(withoutReading(small, adapters(32, 16)), 2 * 32 * 0.0101);
    assertRatio(withoutReading(large, adapters(32, 16)), 2 * 32 * 0.0176);
    assertRatio(withoutReading(small, full(1)), 2 * (0.0374 + 0.15));
    assertRatio(withoutReading(large, full(1)), 2 * (0.161 + 0.39));
    assertRatio(withoutReading(exactRank, small, full(1)), 2 * (0.0442 + 0.3));
    assertRatio(withoutReading(exactRank, large, full(1)), 2 * (0.145 + 3));
  }

  @Test
  void memoryFollowsTheRouteThatIsTaken() {
    BaseMatrix matrix = matrix(11008, 4096);
    long spectrum = CostModel.storedBytes(matrix, SpectrumPart.BOTH);

    assertThat(spectrum).isEqualTo(4L * (11008 * 4096 + 4096 * 4096) + 8 * 4096);
    assertThat(model.scanBytes(matrix, adapters(64, 16)) / (double) (1 << 30))
        .isCloseTo(0.6, within(0.05)); // as performance.md says it was seen to be
    assertThat(model.scanBytes(matrix, adapters(1, 16))).isLessThan(spectrum + (8 << 20));
    assertThat(model.scanBytes(matrix, full(1))).isGreaterThan(spectrum + 8L * 11008 * 4096);
    CostModel exact =
        new CostModel(
            new ScanSettings(
                TopK.parse("10"), List.of(0.5), List.of(Side.LEFT), SolverChoice.EXACT));
    assertThat(exact.scanBytes(matrix, full(1)))
        .isGreaterThan(CostModel.decomposition(matrix).nativeBytes());
    assertThat(CostModel.storedBytes(matrix, SpectrumPart.LEFT)).isLessThan(spectrum * 3 / 4);
  }

  @Test
  void anAdapterTooWideForTheBasesCoordinatesCountsAsAWholeMatrix() {
    Routes routes = new Routes(ScanSettings.published());

    assertThat(routes.takesLowRank(128, 40)).isTrue();
    assertThat(routes.takesLowRank(128, 100)).isFalse();
  }

  /** Small matrices stay exact, since that is cheaper there. */
  @Test
  void theEstimatedRankIsTakenWhereItIsCheaper() {
    Routes routes = new Routes(ScanSettings.published());
    for (int size : new int[] {128, 512, 1024, 1152, 2048, 4096, 8192}) {
      BaseMatrix matrix = matrix(size, size);
      boolean cheaper =
          model.scan(matrix, full(1)).coreSeconds() < exactRank.scan(matrix, full(1)).coreSeconds();

      assertThat(cheaper).isEqualTo(routes.estimatesRank(size, size)).isEqualTo(size > 1100);
    }
  }

  @Test
  void whatIsStoredIsUsedAndFewCheckpointsOfALargeBaseGoByBounds() {
    BaseMatrix large = matrix(4096, 4096);

    RouteChoice stored =
        model.choice(large, adapters(1, 16), SpectraStore.Held.DECOMPOSITION, MemoryLimit.NONE);
    RouteChoice few =
        model.choice(large, adapters(1, 16), SpectraStore.Held.NOTHING, MemoryLimit.NONE);
    RouteChoice many =
        model.choice(large, adapters(500, 16), SpectraStore.Held.NOTHING, MemoryLimit.NONE);

    assertThat(stored.route()).isEqualTo(RouteChoice.Route.STORED);
    assertThat(few.route()).isEqualTo(RouteChoice.Route.KRYLOV);
    assertThat(few.boundsSeconds()).isLessThan(few.decomposedSeconds() / 2);
    assertThat(many.route()).isEqualTo(RouteChoice.Route.DECOMPOSE);
  }

  /** Processor seconds of one thread, as performance.md quotes them. */
  @Test
  void boundsTakeWhatWasMeasuredToWithinAThird() {
    Map<Integer, double[]> measured =
        Map.of(
            2048, new double[] {0.54, 0.33, 0.79, 0.63}, 4096, new double[] {1.66, 0.96, 2.6, 2.1});
    measured.forEach(
        (size, seconds) -> {
          int at = 0;
          for (int adapters : new int[] {1, 4}) {
            for (boolean known : new boolean[] {false, true}) {
              Cost cost = model.bounds(matrix(size, size), adapters(adapters, 16), known);
              assertRatio(
                  cost.coreSeconds() - CostModel.readSeconds(cost.bytesRead()), seconds[at++]);
            }
          }
        });
  }

  /**
   * The seven matrices of a block of the shape of TinyLlama, nothing stored, as {@code
   * peer_peft.py} makes them: whichever way is faster, be it one adapter or eight.
   */
  @Test
  void adaptersOfASmallBlockGoTheFasterWay() {
    for (int adapters : new int[] {1, 8}) {
      for (BaseMatrix large : List.of(matrix(2048, 2048), matrix(5632, 2048), matrix(2048, 5632))) {
        RouteChoice choice =
            model.choice(
                large, adapters(adapters, 16), SpectraStore.Held.NOTHING, MemoryLimit.NONE);

        assertThat(choice.route())
            .as("%d of %s", adapters, large)
            .isEqualTo(RouteChoice.Route.KRYLOV);
        assertThat(choice.boundsSeconds()).isLessThan(choice.decomposedSeconds());
        assertThat(choice.breakEven()).isGreaterThan(adapters);
      }
      RouteChoice small =
          model.choice(
              matrix(256, 2048),
              adapters(adapters, 16),
              SpectraStore.Held.NOTHING,
              MemoryLimit.NONE);

      assertThat(small.route()).isEqualTo(RouteChoice.Route.DECOMPOSE);
      assertThat(small.decomposedSeconds()).isLessThan(small.boundsSeconds());
    }
  }

  /** Stored leading triplets spare the search, so that bounds pay for more checkpoints. */
  @Test
  void storedTripletsMakeBoundsCheaper() {
    BaseMatrix large = matrix(4096, 4096);
    RouteChoice nothing =
        model.choice(large, adapters(3, 16), SpectraStore.Held.NOTHING, MemoryLimit.NONE);
    RouteChoice triplets =
        model.choice(large, adapters(3, 16), SpectraStore.Held.TRIPLETS, MemoryLimit.NONE);

    assertThat(triplets.known()).isTrue();
    assertThat(triplets.route()).isEqualTo(RouteChoice.Route.KRYLOV);
    assertThat(triplets.boundsSeconds()).isLessThan(0.9 * nothing.boundsSeconds());
    assertThat(triplets.breakEven()).isGreaterThan(nothing.breakEven());
    assertThat(
            model
                .choice(large, adapters(500, 16), SpectraStore.Held.TRIPLETS, MemoryLimit.NONE)
                .route())
        .isEqualTo(RouteChoice.Route.DECOMPOSE);
  }

  /** What {@code plan} prints is where the choice really changes. */
  @Test
  void theBreakEvenNumberIsTheFirstThatIsDecomposed() {
    BaseMatrix large = matrix(4096, 4096);
    for (Workload one : List.of(adapters(1, 16), full(1))) {
      long breakEven =
          model.choice(large, one, SpectraStore.Held.NOTHING, MemoryLimit.NONE).breakEven();

      assertThat(breakEven).isGreaterThan(1);
      assertThat(
              model
                  .choice(
                      large, one.average(breakEven), SpectraStore.Held.NOTHING, MemoryLimit.NONE)
                  .route())
          .isEqualTo(RouteChoice.Route.DECOMPOSE);
      assertThat(
              model
                  .choice(
                      large,
                      one.average(breakEven - 1),
                      SpectraStore.Held.NOTHING,
                      MemoryLimit.NONE)
                  .route())
          .isEqualTo(RouteChoice.Route.KRYLOV);
    }
  }

  /** So that the results of small models are whole, and do not change. */
  @Test
  void smallMatricesAreDecomposed() {
    for (int size : new int[] {128, 192, 384, 512}) {
      assertThat(
              model
                  .choice(
                      matrix(size, size),
                      adapters(1, 8),
                      SpectraStore.Held.NOTHING,
                      MemoryLimit.NONE)
                  .route())
          .as("%d", size)
          .isEqualTo(RouteChoice.Route.DECOMPOSE);
    }
  }

  @Test
  void theChoiceIsTheUsersWhereOneIsNamed() {
    BaseMatrix large = matrix(4096, 4096);
    ScanSettings settings = ScanSettings.published();
    CostModel stored = new CostModel(settings.with(SolverChoice.STORED));
    CostModel krylov = new CostModel(settings.with(SolverChoice.KRYLOV));

    assertThat(
            stored
                .choice(large, adapters(1, 16), SpectraStore.Held.NOTHING, MemoryLimit.NONE)
                .route())
        .isEqualTo(RouteChoice.Route.DECOMPOSE);
    assertThat(
            krylov
                .choice(large, adapters(500, 16), SpectraStore.Held.DECOMPOSITION, MemoryLimit.NONE)
                .route())
        .isEqualTo(RouteChoice.Route.KRYLOV);
    assertThat(
            krylov
                .choice(
                    matrix(64, 64), adapters(1, 16), SpectraStore.Held.NOTHING, MemoryLimit.NONE)
                .route())
        .as("too small for bounds")
        .isEqualTo(RouteChoice.Route.DECOMPOSE);
  }

  @Test
  void whatNoTaskCanDecomposeGoesByBoundsUnlessItGoesInBlocks() {
    BaseMatrix square = matrix(4096, 4096);
    BaseMatrix tall = matrix(16384, 4096);
    MemoryLimit tight = new MemoryLimit(1L << 30, "a test", "more");

    RouteChoice choice = model.choice(square, adapters(500, 16), SpectraStore.Held.NOTHING, tight);

    assertThat(CostModel.decomposition(square).nativeBytes()).isGreaterThan(tight.bytes());
    assertThat(choice.route()).isEqualTo(RouteChoice.Route.KRYLOV);
    assertThat(choice.reason()).isEqualTo(RouteChoice.Reason.MEMORY);
    assertThat(model.choice(tall, adapters(500, 16), SpectraStore.Held.NOTHING, tight).byBounds())
        .isFalse();
  }

  private double withoutReading(BaseMatrix matrix, Workload work) {
    return withoutReading(model, matrix, work);
  }

  private static double withoutReading(CostModel model, BaseMatrix matrix, Workload work) {
    Cost cost = model.scan(matrix, work);
    return cost.coreSeconds() - CostModel.readSeconds(cost.bytesRead());
  }

  private static void assertRatio(double found, double measured) {
    assertThat(found / measured).isBetween(0.67, 1.5);
  }

  private static Workload adapters(int count, int rank) {
    return new Workload(count, (long) count * rank, (double) count * rank * rank, rank, 0, 0);
  }

  private static Workload full(int count) {
    return new Workload(0, 0, 0, 0, count, 0);
  }

  private static BaseMatrix matrix(int rows, int cols) {
    return BaseMatrix.of(
        new MatrixSource("layers.0.w.weight", "file:/w", DType.BF16, 0, rows, cols, false));
  }
}
