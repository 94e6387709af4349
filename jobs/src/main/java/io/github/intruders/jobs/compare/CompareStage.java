package io.github.intruders.jobs.compare;

import io.github.intruders.compare.AdapterSum;
import io.github.intruders.compare.CompareSettings;
import io.github.intruders.compare.TileSums;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.cost.ComparisonCost;
import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.ComparedAdapter;
import io.github.intruders.jobs.figures.MatrixPair;
import io.github.intruders.jobs.figures.Neighbour;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.plan.RunPlan;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.AdapterFamiliesTable;
import io.github.intruders.jobs.table.AdapterNeighboursTable;
import io.github.intruders.jobs.table.AdapterPairsTable;
import io.github.intruders.plan.BasePlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Compares all checkpoints of one base with each other. Tensors of checkpoints are read once; of
 * the base only what updates are taken from that are not of low rank.
 */
public final class CompareStage {
  /** The stage, where progress is told. */
  public static final String NAME = "compare";

  private static final Logger LOG = LoggerFactory.getLogger(CompareStage.class);

  /** What a task may hold where nothing bounds its memory. */
  private static final long UNBOUNDED = 2L << 30;

  /** How many pairs are told of each kind. */
  private static final int TOLD = 10;

  private final RunContext run;
  private final CompareSettings settings;

  public CompareStage(RunContext run, CompareSettings settings) {
    this.run = run;
    this.settings = settings;
  }

  /**
   * Runs the stage and writes its tables. The caller closes what comes of it.
   *
   * @param entries what a scan found of the same checkpoints; empty where there was none
   * @param stale tells whose rows go
   * @throws UserInputException if there are fewer than two checkpoints, or more pairs than are
   *     allowed
   */
  public Comparison run(
      RunPlan plan,
      JavaRDD<ScanEntry> entries,
      RunRejects rejects,
      TableChanges changes,
      StaleKeys stale)
      throws IOException {
    StageCounters counters = run.progress().begin(NAME, "matrices", plan.matrices());
    run.progress().describe("what the updates of each matrix take");
    Layout layout = layout(plan);
    LOG.info(
        "compare: {} checkpoints, {} pairs{}",
        layout.ids().size(),
        layout.pairs(),
        layout.groups() == 1 ? "" : ", in %d groups of checkpoints".formatted(layout.groups()));
    run.progress().describe("%d pairs of checkpoints".formatted(layout.pairs()));
    List<Runnable> held = new ArrayList<>();
    try {
      JavaRDD<MatrixTile> tiles =
          tiles(plan, entries, layout, counters).persist(StorageLevel.MEMORY_AND_DISK_SER());
      held.add(tiles::unpersist);
      JavaPairRDD<MatrixTile.TileKey, TileSums> sums =
          tiles
              .mapToPair(tile -> new Tuple2<>(tile.key(), tile))
              .aggregateByKey(
                  new TileSums(),
                  Math.max(1, Math.min(tileCount(layout), run.context().defaultParallelism())),
                  (sum, tile) -> sum.add(tile.tile()),
                  TileSums::add)
              .persist(StorageLevel.MEMORY_AND_DISK_SER());
      held.add(sums::unpersist);
      AdapterSum[] adapterSums = adapterSums(sums, layout);
      addRejects(tiles, rejects);
      Map<String, Integer> others = others(plan, layout);
      String baseId = run.config().manifest().baseId();
      JavaRDD<AdapterPair> unrelated =
          sums.flatMap(new ToPairs(layout, baseId, others))
              .persist(StorageLevel.MEMORY_AND_DISK_SER());
      held.add(unrelated::unpersist);
      Map<String, String> familyOf = families(unrelated, layout);
      JavaRDD<AdapterPair> pairs = unrelated.map(pair -> inFamily(pair, familyOf));
      JavaPairRDD<String, NearestPairs> nearest = nearest(pairs);
      List<ComparedAdapter> adapters =
          adapters(layout, adapterSums, others, familyOf, firstOf(nearest));
      run.progress().describe("writing the tables");
      write(changes, layout, tiles, pairs, nearest, adapters, familyOf, stale);
      Map<String, Long> duplicates =
          new TreeMap<>(
              pairs
                  .filter(pair -> pair.figures().duplicate() != null)
                  .map(pair -> pair.figures().duplicate().column())
                  .countByValue());
      long safe = pairs.filter(pair -> Boolean.TRUE.equals(pair.safeToMerge())).count();
      return new Comparison(
          adapters,
          pairs,
          layout.pairs(),
          duplicates,
          safe,
          pairs
              .filter(pair -> pair.figures().leadingCosine() != null)
              .takeOrdered(TOLD, NearestPairs.NEAREST_FIRST),
          pairs
              .filter(pair -> Boolean.FALSE.equals(pair.safeToMerge()))
              .filter(pair -> pair.figures().interference() != null)
              .takeOrdered(TOLD, new MostInterfering()),
          () -> held.forEach(Runnable::run));
    } catch (Exception e) { // Spark throws checked ones that it does not declare
      held.forEach(Runnable::run);
      throw e;
    }
  }

  /** Tells which keys of a table have rows of this base that this run does not replace. */
  @FunctionalInterface
  public interface StaleKeys {
    /**
     * Tells them.
     *
     * @param kept keys that have rows now
     */
    Collection<String> of(Set<String> kept) throws IOException;
  }

  /** What the updates of each matrix take, by its name. */
  private static Map<String, MatrixLoad> loads(RunPlan plan, CompareSettings settings) {
    int leading = settings.leading();
    return new TreeMap<>(
        plan.checkpoints()
            .flatMap(checkpoint -> checkpoint.matrices().iterator())
            .mapToPair(matrix -> new Tuple2<>(matrix.base().name(), MatrixLoad.of(matrix, leading)))
            .reduceByKey(MatrixLoad::plus)
            .collectAsMap());
  }

  /** Those of a plan that can be compared, ascending. */
  private static List<String> ids(RunPlan plan) {
    return plan.summary().stream()
        .filter(planned -> planned.matrices() > 0)
        .map(planned -> planned.spec().id())
        .sorted()
        .toList();
  }

  /**
   * What comparing a plan's checkpoints would take.
   *
   * @throws UserInputException if there are too few checkpoints
   */
  public ComparisonCost cost(RunPlan plan) {
    List<String> ids = requireTwo(plan);
    Map<String, MatrixLoad> loads = loads(plan, settings);
    Layout layout = new Layout(ids, groups(ids.size(), loads.values()));
    int held =
        layout.groups() == 1 ? ids.size() : 2 * (ids.size() / layout.groups() + Layout.CHUNK);
    long all = loads.values().stream().mapToLong(load -> load.nativeBytes(ids.size(), 0)).sum();
    return new ComparisonCost(
        ids.size(),
        layout.pairs(),
        loads.size(),
        loads.values().stream().mapToLong(MatrixLoad::updates).sum(),
        layout.groups(),
        loads.values().stream().mapToLong(MatrixLoad::bytes).sum(),
        loads.values().stream().mapToLong(load -> load.nativeBytes(held, 0)).max().orElse(0),
        layout.groups() == 1 ? 0 : all * layout.groups(),
        loads.values().stream().mapToDouble(MatrixLoad::flops).sum(),
        loads.values().stream()
            .mapToDouble(load -> load.updates() * (load.updates() - 1.0) / 2)
            .sum());
  }

  private static List<String> requireTwo(RunPlan plan) {
    List<String> ids = ids(plan);
    if (ids.size() < 2) {
      throw UserInputException.of(
          RejectCode.NOTHING_TO_ANALYSE,
          "A comparison takes two checkpoints that change the base; found %d of %d"
              .formatted(ids.size(), plan.summary().size()));
    }
    return ids;
  }

  private Layout layout(RunPlan plan) {
    List<String> ids = requireTwo(plan);
    Layout single = new Layout(ids, 1);
    if (single.pairs() > settings.mostPairs()) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "%d checkpoints are %d pairs, more than --max-pairs %d; compare fewer, or give a larger bound (see compare --dry-run for what it costs)"
              .formatted(ids.size(), single.pairs(), settings.mostPairs()));
    }
    return new Layout(ids, groups(ids.size(), loads(plan, settings).values()));
  }

  private int groups(int members, Collection<MatrixLoad> loads) {
    long limit = memory().bytes();
    long bytes = limit == Long.MAX_VALUE ? UNBOUNDED : limit;
    int intruders =
        loads.stream()
            .mapToInt(load -> run.config().settings().topK().of(Math.min(load.rows(), load.cols())))
            .max()
            .orElse(0);
    long all =
        loads.stream().mapToLong(load -> load.nativeBytes(members, intruders)).max().orElse(0);
    int forMemory =
        all <= bytes / 2 ? 1 : (int) Math.min(members, 4 * all / Math.max(1, bytes) + 1);
    int cores = run.context().defaultParallelism();
    int forCores =
        loads.size() >= cores ? 1 : (int) Math.ceil(Math.sqrt(2.0 * cores / loads.size()));
    return Math.max(forMemory, forCores);
  }

  private MemoryLimit memory() {
    return TaskMemory.of(run.spark().sparkContext().conf(), run.context().defaultParallelism());
  }

  private static int tileCount(Layout layout) {
    return layout.chunks() * (layout.chunks() + 1) / 2;
  }

  private JavaRDD<MatrixTile> tiles(
      RunPlan plan, JavaRDD<ScanEntry> entries, Layout layout, StageCounters counters) {
    CompareMatrices work =
        new CompareMatrices(
            run.storage(),
            plan.broadcastBase(),
            layout,
            run.config(),
            settings,
            counters,
            memory());
    JavaPairRDD<Cell, Piece> pieces =
        plan.checkpoints()
            .flatMapToPair(new ToPieces(layout, plan.broadcastBase()))
            .union(
                entries.flatMapToPair(
                    new ToScanned(
                        layout,
                        run.config().settings(),
                        new HashSet<>(plan.base().matrices().keySet()))));
    List<Cell> cells = new ArrayList<>();
    for (String matrix : plan.base().matrices().keySet()) {
      for (int group = 0; group < layout.groups(); group++) {
        cells.add(new Cell(matrix, group));
      }
    }
    JavaPairRDD<Cell, Iterable<Piece>> grouped = pieces.groupByKey(new InPlaces(cells));
    if (layout.groups() == 1) {
      return grouped.mapPartitions(work.whole());
    }
    List<PackedCell.Place> places = new ArrayList<>();
    for (String matrix : plan.base().matrices().keySet()) {
      for (int group = 0; group < layout.groups(); group++) {
        for (int other = group; other < layout.groups(); other++) {
          places.add(new PackedCell.Place(matrix, new Layout.GroupPair(group, other)));
        }
      }
    }
    return grouped
        .mapPartitionsToPair(work.reading()::call)
        .groupByKey(new InPlaces(places))
        .mapPartitions(work.comparing());
  }

  private AdapterSum[] adapterSums(JavaPairRDD<MatrixTile.TileKey, TileSums> sums, Layout layout) {
    AdapterSum[] all = new AdapterSum[layout.ids().size()];
    sums.filter(sum -> sum._2().adapters() != null)
        .mapToPair(sum -> new Tuple2<>(sum._1().chunkA(), sum._2().adapters()))
        .collectAsMap()
        .forEach(
            (chunk, adapters) ->
                System.arraycopy(adapters, 0, all, layout.first(chunk), adapters.length));
    for (int i = 0; i < all.length; i++) {
      all[i] = all[i] == null ? new AdapterSum() : all[i];
    }
    return all;
  }

  private static void addRejects(JavaRDD<MatrixTile> tiles, RunRejects rejects) {
    JavaRDD<Rejection> rejections = tiles.flatMap(tile -> tile.rejections().iterator());
    Map<String, Long> byCheckpoint = rejections.map(Rejection::checkpointId).countByValue();
    rejects.add(rejections, byCheckpoint);
  }

  /** What was rejected of a checkpoint that is no matrix of the base. */
  private static Map<String, Integer> others(RunPlan plan, Layout layout) {
    Set<String> rejected =
        plan.summary().stream()
            .filter(planned -> planned.rejected() > 0)
            .map(planned -> planned.spec().id())
            .collect(Collectors.toSet());
    rejected.retainAll(new HashSet<>(layout.ids()));
    if (rejected.isEmpty()) {
      return new HashMap<>();
    }
    Broadcast<BasePlan> base = plan.broadcastBase();
    return new HashMap<>(
        plan.checkpoints()
            .filter(checkpoint -> rejected.contains(checkpoint.spec().id()))
            .mapToPair(
                checkpoint ->
                    new Tuple2<>(
                        checkpoint.spec().id(),
                        (int)
                            checkpoint.rejections().stream()
                                .filter(
                                    one ->
                                        one.matrix() == null
                                            || !base.value().matrices().containsKey(one.matrix()))
                                .count()))
            .collectAsMap());
  }

  private Map<String, String> families(JavaRDD<AdapterPair> pairs, Layout layout) {
    run.progress().describe("families");
    Map<String, Integer> places = new HashMap<>();
    layout.ids().forEach(id -> places.put(id, places.size()));
    double least = settings.familyCosine();
    JavaRDD<Families.Edge> edges =
        pairs
            .filter(
                pair ->
                    pair.figures().leadingCosine() != null
                        && pair.figures().leadingCosine() >= least)
            .map(
                pair ->
                    new Families.Edge(
                        places.get(pair.checkpointA()),
                        places.get(pair.checkpointB()),
                        pair.figures().leadingCosine()))
            .persist(StorageLevel.MEMORY_AND_DISK());
    Map<String, String> familyOf = new HashMap<>();
    try {
      for (List<Integer> family : new Families(edges, layout.ids().size()).find()) {
        String name = layout.ids().get(family.get(0));
        family.forEach(member -> familyOf.put(layout.ids().get(member), name));
      }
    } finally {
      edges.unpersist();
    }
    return familyOf;
  }

  private static AdapterPair inFamily(AdapterPair pair, Map<String, String> familyOf) {
    String family = Families.ofBoth(familyOf, pair.checkpointA(), pair.checkpointB());
    return family == null ? pair : pair.inFamily(family);
  }

  private static JavaPairRDD<String, NearestPairs> nearest(JavaRDD<AdapterPair> pairs) {
    return pairs
        .filter(pair -> pair.figures().leadingCosine() != null)
        .flatMapToPair(
            pair ->
                List.of(
                        new Tuple2<>(pair.checkpointA(), pair),
                        new Tuple2<>(pair.checkpointB(), pair))
                    .iterator())
        .aggregateByKey(new NearestPairs(), NearestPairs::add, NearestPairs::add);
  }

  private static Map<String, Neighbour> firstOf(JavaPairRDD<String, NearestPairs> nearest) {
    return nearest
        .mapToPair(of -> new Tuple2<>(of._1(), of._2().of(of._1()).get(0)))
        .collectAsMap();
  }

  private List<ComparedAdapter> adapters(
      Layout layout,
      AdapterSum[] sums,
      Map<String, Integer> others,
      Map<String, String> familyOf,
      Map<String, Neighbour> nearest) {
    Map<String, Long> sizes =
        familyOf.values().stream()
            .collect(Collectors.groupingBy(family -> family, Collectors.counting()));
    List<ComparedAdapter> adapters = new ArrayList<>();
    for (int i = 0; i < sums.length; i++) {
      String id = layout.ids().get(i);
      String family = familyOf.get(id);
      Neighbour neighbour = nearest.get(id);
      adapters.add(
          new ComparedAdapter(
              id,
              run.config().manifest().baseId(),
              sums[i].matrices(),
              sums[i].leftOut() + others.getOrDefault(id, 0),
              sums[i].norm(),
              sums[i].energyShare(),
              family,
              family == null ? null : (Integer) sizes.get(family).intValue(),
              neighbour == null ? null : neighbour.neighbour(),
              neighbour == null ? null : neighbour.pair().figures().leadingCosine()));
    }
    return adapters;
  }

  private void write(
      TableChanges changes,
      Layout layout,
      JavaRDD<MatrixTile> tiles,
      JavaRDD<AdapterPair> pairs,
      JavaPairRDD<String, NearestPairs> nearest,
      List<ComparedAdapter> adapters,
      Map<String, String> familyOf,
      StaleKeys stale)
      throws IOException {
    Set<String> all = new TreeSet<>(layout.ids());
    Set<String> first = new TreeSet<>(layout.ids().subList(0, layout.ids().size() - 1));
    changes.replace(
        AdapterPairsTable.TABLE,
        run.byKey(pairs, AdapterPair::checkpointA, first.size()).map(AdapterPairsTable::toRow),
        first,
        stale.of(first));
    Set<String> sharing =
        new TreeSet<>(
            pairs
                .filter(pair -> pair.matrices() > 0)
                .map(AdapterPair::checkpointA)
                .distinct()
                .collect());
    changes.replace(
        AdapterPairsTable.BY_MATRIX,
        run.byKey(
                tiles.flatMap(new ToMatrixPairs(layout, familyOf)),
                MatrixPair::checkpointA,
                sharing.size())
            .map(AdapterPairsTable::toRow),
        sharing,
        stale.of(sharing));
    changes.replace(
        AdapterFamiliesTable.TABLE,
        run.byKey(run.context().parallelize(adapters), ComparedAdapter::checkpointId, all.size())
            .map(AdapterFamiliesTable::toRow),
        all,
        stale.of(all));
    Set<String> near =
        adapters.stream()
            .filter(adapter -> adapter.nearest() != null)
            .map(ComparedAdapter::checkpointId)
            .collect(Collectors.toCollection(TreeSet::new));
    changes.replace(
        AdapterNeighboursTable.TABLE,
        run.byKey(
                nearest.flatMap(of -> of._2().of(of._1()).iterator()),
                Neighbour::checkpointId,
                near.size())
            .map(AdapterNeighboursTable::toRow),
        near,
        stale.of(near));
  }
}
