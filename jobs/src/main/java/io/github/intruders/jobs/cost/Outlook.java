package io.github.intruders.jobs.cost;

import io.github.intruders.cost.Cost;
import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.RouteChoice;
import io.github.intruders.cost.Workload;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.MatrixBlocks;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * What is to be done, and where it fits.
 *
 * @param matrices the base's, by name
 * @param inTasks the work of matrices that a task can hold, by name
 * @param large the work of matrices that no task can hold: in blocks, or not at all
 * @param held what the store holds of each matrix with work, by name
 * @param model what it costs
 * @param memory what a task has
 * @param driver what the driver has
 */
public record Outlook(
    Map<String, BaseMatrix> matrices,
    Map<String, Workload> inTasks,
    Map<String, Workload> large,
    Map<String, SpectraStore.Held> held,
    CostModel model,
    MemoryLimit memory,
    MemoryLimit driver) {

  /** How a matrix that no task can hold is taken. */
  public enum LargeRoute {
    /** By bounds: executors hold its rows, the driver the vectors. */
    SPREAD,
    /** By sums over blocks of rows. */
    BLOCKS,
    /** Not at all. */
    REFUSED
  }

  /**
   * Sorts the work by where it fits, and asks the store what it holds.
   *
   * @param work of the base's matrices, by name
   */
  public static Outlook of(
      BasePlan base,
      Map<String, Workload> work,
      SpectraStore store,
      JobConfig config,
      MemoryLimit memory)
      throws IOException {
    CostModel model = new CostModel(config.settings());
    Map<String, SpectraStore.Held> held = held(base, new TreeSet<>(work.keySet()), store, config);
    Map<String, Workload> inTasks = new TreeMap<>();
    Map<String, Workload> large = new TreeMap<>();
    work.forEach(
        (name, of) -> {
          BaseMatrix matrix = base.matrices().get(name);
          RouteChoice choice = model.choice(matrix, of, held.get(name), memory);
          boolean fits = memory.allows(cost(model, matrix, of, choice).nativeBytes());
          (fits ? inTasks : large).put(name, of);
        });
    return new Outlook(base.matrices(), inTasks, large, held, model, memory, TaskMemory.onDriver());
  }

  /** Adds up the work by matrix, on the executors. */
  public static Map<String, Workload> work(JavaRDD<MatrixPlan> plans, JobConfig config) {
    CostModel model = new CostModel(config.settings());
    return plans
        .mapToPair(plan -> new Tuple2<>(plan.base().name(), model.workload(plan)))
        .reduceByKey(Workload::plus)
        .collectAsMap();
  }

  /** Adds up the work by matrix, here. */
  public static Map<String, Workload> work(Iterable<MatrixPlan> plans, JobConfig config) {
    CostModel model = new CostModel(config.settings());
    Map<String, Workload> work = new TreeMap<>();
    plans.forEach(plan -> work.merge(plan.base().name(), model.workload(plan), Workload::plus));
    return work;
  }

  private static Map<String, SpectraStore.Held> held(
      BasePlan base, Set<String> names, SpectraStore store, JobConfig config) throws IOException {
    List<String> order = List.copyOf(names);
    List<SpectraStore.Place> places = new ArrayList<>();
    for (String name : order) {
      BaseMatrix matrix = base.matrices().get(name);
      places.add(new SpectraStore.Place(matrix.source(), base.identity(matrix)));
    }
    List<SpectraStore.Held> found = store.heldOfEach(places, config.keptSpectra());
    Map<String, SpectraStore.Held> held = new HashMap<>();
    for (int i = 0; i < order.size(); i++) {
      held.put(order.get(i), found.get(i));
    }
    return held;
  }

  /** How a matrix that a task can hold is taken. */
  public RouteChoice choice(String name) {
    return model.choice(matrices.get(name), inTasks.get(name), held.get(name), memory);
  }

  /** Names of the matrices in tasks that go by this route, sorted. */
  public Set<String> taking(RouteChoice.Route route) {
    Set<String> names = new TreeSet<>();
    for (String name : inTasks.keySet()) {
      if (choice(name).route() == route) {
        names.add(name);
      }
    }
    return names;
  }

  /** What scanning such work takes by a route, without the base's decomposition. */
  Cost scan(BaseMatrix matrix, Workload work, RouteChoice choice) {
    return scan(model, matrix, work, choice);
  }

  private static Cost scan(CostModel model, BaseMatrix matrix, Workload work, RouteChoice choice) {
    return choice.byBounds()
        ? model.bounds(matrix, work, choice.known())
        : model.scan(matrix, work);
  }

  /** With the base's decomposition where it is made. */
  private static Cost cost(CostModel model, BaseMatrix matrix, Workload work, RouteChoice choice) {
    Cost scan = scan(model, matrix, work, choice);
    return choice.decomposes() ? CostModel.decomposition(matrix).then(scan) : scan;
  }

  /** How a large matrix is taken. */
  public LargeRoute largeRoute(String name, SolverChoice solver) {
    BaseMatrix matrix = matrices.get(name);
    boolean blocks =
        solver != SolverChoice.EXACT
            && MatrixBlocks.suits(matrix)
            && memory.allows(CostModel.blockwiseBytes(matrix));
    if (largeStack(name) == 0) {
      return blocks ? LargeRoute.BLOCKS : LargeRoute.REFUSED;
    }
    return blocks && !model.isWorthSpreading(matrix, large.get(name), memory.bytes())
        ? LargeRoute.BLOCKS
        : LargeRoute.SPREAD;
  }

  /** How many of a large matrix's checkpoints go at once by bounds; 0 if they can't be had. */
  public int largeStack(String name) {
    return model.spreadStack(matrices.get(name), large.get(name), driver);
  }

  /** Why a large matrix can't be taken by bounds. */
  public String unspread(String name) {
    BaseMatrix matrix = matrices.get(name);
    return model.spreadStack(matrix, large.get(name), MemoryLimit.NONE) == 0
        ? "bounds can't be had for its type, its shape, --top-k or --exact-rank"
        : "the vectors of bounds take %s of native memory, and %s has %s"
            .formatted(
                MemoryLimit.amount(model.spreadDriverBytes(matrix, 1)),
                driver.source(),
                MemoryLimit.amount(driver.bytes()));
  }

  /** How the work of matrices that a task can hold is cut into tasks. */
  public Schedule schedule(int slots) {
    return Schedule.of(this, slots);
  }
}
