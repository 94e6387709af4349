package io.github.intruders.jobs.cost;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.Workload;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.spectra.SpectraStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final Map<String, BaseMatrix> MATRICES = matrices();

  @Test
  void whatRemainsToBeDoneDecidesTheOrderNotTheSizeOfTheMatrix() {
    Map<String, Workload> work = new HashMap<>();
    work.put("large.weight", adapters(1));
    work.put("small.weight", adapters(64));
    work.put("other.weight", adapters(1));

    assertThat(order(work, Set.of("large.weight", "small.weight", "other.weight")))
        .containsExactly("small.weight", "large.weight", "other.weight");
    assertThat(order(work, Set.of("large.weight", "small.weight")))
        .containsExactly("other.weight", "small.weight", "large.weight");
  }

  @Test
  void checkpointsOfOneMatrixAreSpreadWhereTheyTakeFarLongerThanTheRest() {
    Map<String, Workload> work = new HashMap<>();
    work.put("large.weight", adapters(1));
    work.put("small.weight", fullFineTunes(40));
    Set<String> stored = Set.of("large.weight", "small.weight");

    Schedule schedule = Schedule.of(outlook(work, stored), 4);

    assertThat(schedule.spread()).containsExactly("small.weight");
    assertThat(schedule.pieces().get(0).matrix()).isEqualTo("small.weight");
    assertThat(schedule.pieces().get(0).shares()).isBetween(4, 9);
    assertThat(schedule.tasks()).isEqualTo(schedule.pieces().get(0).shares() + 1);
    assertThat(Schedule.of(outlook(Map.of("large.weight", adapters(20)), stored), 1).spread())
        .isEmpty(); // reading the decomposition twice would take longer
  }

  @Test
  void aTaskNeverHoldsMoreThanMayBeLostWithIt() {
    Map<String, Workload> work = Map.of("small.weight", adapters(300));

    assertThat(Schedule.of(outlook(work, Set.of("small.weight")), 1).tasks())
        .isGreaterThanOrEqualTo(3);
  }

  private static List<String> order(Map<String, Workload> work, Set<String> stored) {
    return Schedule.of(outlook(work, stored), 1).pieces().stream()
        .map(Schedule.Piece::matrix)
        .toList();
  }

  private static Outlook outlook(Map<String, Workload> work, Set<String> stored) {
    return new Outlook(
        MATRICES,
        work,
        Map.of(),
        stored.stream()
            .collect(Collectors.toMap(name -> name, name -> SpectraStore.Held.DECOMPOSITION)),
        new CostModel(ScanSettings.published().with(SolverChoice.STORED)),
        MemoryLimit.NONE,
        MemoryLimit.NONE);
  }

  private static Workload adapters(int count) {
    return new Workload(count, 16L * count, 256.0 * count, 16, 0, 0);
  }

  private static Workload fullFineTunes(int count) {
    return new Workload(0, 0, 0, 0, count, 0);
  }

  private static Map<String, BaseMatrix> matrices() {
    Map<String, BaseMatrix> matrices = new HashMap<>();
    Map.of("large.weight", 4096, "small.weight", 2048, "other.weight", 2048)
        .forEach(
            (name, order) ->
                matrices.put(
                    name,
                    BaseMatrix.of(
                        new MatrixSource(name, "file:/w", DType.BF16, 0, order, order, false))));
    return matrices;
  }
}
