package io.github.intruders.jobs.accumulation;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.context.RunContext;
import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.TrackedIntruder;
import io.github.intruders.jobs.ledger.LedgerReading;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.AccumulationTable;
import io.github.intruders.jobs.table.IntruderTracksTable;
import io.github.intruders.jobs.table.SideNames;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Follows the intruders of every matrix along every sequence of the manifest. Nothing is
 * decomposed: the vectors were kept by the scan. Counting is on the first side that was asked for.
 */
public final class AccumulationStage {
  /** The stage, where progress is told. */
  public static final String NAME = "accumulation";

  private static final int TABLES = 3;

  private final RunContext run;

  public AccumulationStage(RunContext run) {
    this.run = run;
  }

  /**
   * Runs the stage and writes its tables.
   *
   * @param entries of the steps of the manifest's sequences
   * @param scanned the checkpoints that have entries
   * @param rejects takes the steps that could not be followed
   * @throws UserInputException if no step was scanned, or one with other settings than this run's
   */
  public Accumulation run(
      JavaRDD<ScanEntry> entries, Set<String> scanned, RunRejects rejects, TableChanges changes)
      throws IOException {
    StageCounters counters = run.progress().begin(NAME, "tables", TABLES);
    SequencePlan plan = SequencePlan.of(run.config().manifest().checkpoints(), scanned);
    requireScanned(plan);
    run.progress()
        .describe("following intruders along %d sequences".formatted(plan.steps().size()));
    JavaRDD<FollowedMatrix> followed =
        steps(entries, plan)
            .mapToPair(
                step ->
                    new Tuple2<>(
                        new FollowedMatrix.Id(step.place().sequence(), step.matrix()), step))
            .groupByKey(run.context().defaultParallelism())
            .map(
                new FollowTracks(
                    run.storage(),
                    run.config().outUri(),
                    plan,
                    SideNames.toColumn(run.config().settings().sides().get(0))))
            .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      Map<String, SequenceTotals> totals =
          new TreeMap<>(
              followed
                  .mapToPair(matrix -> new Tuple2<>(matrix.id().sequence(), matrix))
                  .aggregateByKey(new SequenceTotals(), SequenceTotals::add, SequenceTotals::add)
                  .collectAsMap());
      requireSameSettings(totals.values());
      long rejected = addRejects(plan, followed, totals, rejects);
      return write(followed, totals, plan.steps().keySet(), rejected, changes, counters);
    } catch (Exception e) { // Spark throws checked ones that it does not declare
      followed.unpersist();
      throw e;
    }
  }

  private JavaRDD<ScannedStep> steps(JavaRDD<ScanEntry> entries, SequencePlan plan) {
    ScanSettings settings = run.config().settings();
    Map<String, SequencePlan.Step> places = plan.places();
    return entries.map(entry -> ScannedStep.of(places.get(entry.checkpointId()), entry, settings));
  }

  private Accumulation write(
      JavaRDD<FollowedMatrix> followed,
      Map<String, SequenceTotals> totals,
      Set<String> sequences,
      long rejected,
      TableChanges changes,
      StageCounters counters)
      throws IOException {
    JavaRDD<TrackedIntruder> tracks = followed.flatMap(matrix -> matrix.points().iterator());
    JavaRDD<MatrixStep> byMatrix = followed.flatMap(matrix -> matrix.steps().iterator());
    Set<String> withPoints = having(totals, SequenceTotals::hasPoints);
    Set<String> withSteps = having(totals, SequenceTotals::hasSteps);
    changes.replace(
        IntruderTracksTable.TABLE,
        run.byKey(tracks, TrackedIntruder::sequence, withPoints.size())
            .map(IntruderTracksTable::toRow),
        withPoints,
        without(sequences, withPoints));
    counters.finished(1);
    changes.replace(
        AccumulationTable.BY_MATRIX,
        run.byKey(byMatrix, MatrixStep::sequence, withSteps.size()).map(AccumulationTable::toRow),
        withSteps,
        without(sequences, withSteps));
    counters.finished(1);
    List<AccumulationStep> steps = new ArrayList<>();
    totals.forEach((sequence, of) -> steps.addAll(of.steps(sequence)));
    changes.replace(
        AccumulationTable.TABLE,
        run.context().parallelize(steps, 1).map(AccumulationTable::toRow),
        withSteps,
        without(sequences, withSteps));
    counters.finished(1);
    return new Accumulation(
        steps, byMatrix, tracks, rejected, rejected == 0 ? Set.of() : lost(followed), followed);
  }

  private static Set<String> lost(JavaRDD<FollowedMatrix> followed) {
    return Set.copyOf(
        followed
            .flatMap(matrix -> matrix.rejections().iterator())
            .filter(rejection -> rejection.code() == RejectCode.VECTORS_MISSING)
            .map(Rejection::checkpointId)
            .distinct()
            .collect());
  }

  /**
   * Lets the next scan make the vectors again that are lost. To be called once the ledger is not
   * written to any more.
   */
  public void forgetLost(Accumulation accumulation) throws IOException {
    new LedgerReading(run.context(), run.storage(), run.config().outUri())
        .forgetLost(accumulation.lost());
  }

  private static Set<String> having(
      Map<String, SequenceTotals> totals, Predicate<SequenceTotals> what) {
    Set<String> having = new TreeSet<>();
    totals.forEach((sequence, of) -> having.addAll(what.test(of) ? Set.of(sequence) : Set.of()));
    return having;
  }

  private static Set<String> without(Set<String> all, Set<String> some) {
    Set<String> without = new TreeSet<>(all);
    without.removeAll(some);
    return without;
  }

  private long addRejects(
      SequencePlan plan,
      JavaRDD<FollowedMatrix> followed,
      Map<String, SequenceTotals> totals,
      RunRejects rejects) {
    List<Rejection> unscanned = plan.unscanned().stream().map(FollowTracks::notScanned).toList();
    Map<String, Long> ofMatrices = new HashMap<>();
    totals
        .values()
        .forEach(
            of -> of.rejected().forEach((id, count) -> ofMatrices.merge(id, count, Long::sum)));
    rejects.add(unscanned);
    rejects.add(followed.flatMap(matrix -> matrix.rejections().iterator()), ofMatrices);
    return unscanned.size() + ofMatrices.values().stream().mapToLong(Long::longValue).sum();
  }

  private void requireScanned(SequencePlan plan) {
    if (plan.places().values().stream().noneMatch(SequencePlan.Step::scanned)) {
      throw UserInputException.inFile(
          RejectCode.NOTHING_TO_ANALYSE,
          run.config().outUri(),
          "No step of the manifest's sequences was scanned here; run scan first");
    }
  }

  /** The entries say what was counted; following that under other settings would mislead. */
  private void requireSameSettings(Collection<SequenceTotals> totals) {
    Optional<String> misfit =
        totals.stream().map(SequenceTotals::misfit).filter(Objects::nonNull).sorted().findFirst();
    if (misfit.isPresent()) {
      ScanSettings settings = run.config().settings();
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          run.config().outUri(),
          "Checkpoint %s was scanned with other settings than --top-k %s --epsilon %s --side %s; give those of the scan, or scan again"
              .formatted(
                  misfit.get(),
                  settings.topK().text(),
                  settings.epsilon(),
                  SideNames.toColumn(settings.sides().get(0))));
    }
  }
}
