package io.github.intruders.jobs.context;

import static org.apache.spark.sql.functions.col;

import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.store.TableChanges;
import io.github.intruders.jobs.table.RejectsTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/**
 * What the stages of a run leave out, kept until the last of them is done and then written at once.
 * Few as a rule, but as many as there are matrices if everything is broken: only the counts and the
 * first ones are held here.
 */
public final class RunRejects {
  private final RunContext run;
  private final List<JavaRDD<Rejection>> parts = new ArrayList<>();
  private final Map<String, Integer> counts = new HashMap<>();

  public RunRejects(RunContext run) {
    this.run = run;
  }

  /**
   * Adds what a stage left out.
   *
   * @param rejections may be read more than once
   * @param byCheckpoint how many there are of each checkpoint, or base
   */
  public void add(JavaRDD<Rejection> rejections, Map<String, ? extends Number> byCheckpoint) {
    long added = byCheckpoint.values().stream().mapToLong(Number::longValue).sum();
    if (added > 0) {
      parts.add(rejections);
      byCheckpoint.forEach(
          (id, count) -> counts.merge(id, Math.toIntExact(count.longValue()), Math::addExact));
    }
  }

  /** Adds what the driver holds. */
  public void add(List<Rejection> rejections) {
    Map<String, Long> byCheckpoint = new HashMap<>();
    rejections.forEach(one -> byCheckpoint.merge(one.checkpointId(), 1L, Long::sum));
    add(run.context().parallelize(rejections, 1), byCheckpoint);
  }

  /** How many there are so far. */
  public long count() {
    return counts.values().stream().mapToLong(Integer::longValue).sum();
  }

  /** How many there are so far of a checkpoint. */
  public int count(String checkpointId) {
    return counts.getOrDefault(checkpointId, 0);
  }

  /** The checkpoints, or bases, that have any. */
  public Set<String> keys() {
    return Set.copyOf(counts.keySet());
  }

  /** The first ones. */
  public List<Rejection> first(int most) {
    return parts.isEmpty() ? List.of() : all().take(most);
  }

  /** All of them. */
  public JavaRDD<Rejection> all() {
    JavaRDD<Rejection> all = run.context().emptyRDD();
    for (JavaRDD<Rejection> part : parts) {
      all = all.union(part);
    }
    return all;
  }

  /**
   * Puts them in the place of all that earlier runs left out of the same checkpoints.
   *
   * @param checkpointIds this run's
   * @param alsoStale what else is to go, where the table has anything of others, or null
   */
  public void replace(TableChanges changes, Set<String> checkpointIds, Column alsoStale)
      throws IOException {
    Set<String> ours = new TreeSet<>(checkpointIds);
    ours.addAll(counts.keySet());
    if (alsoStale != null && hasOthers(changes, ours)) {
      changes.replaceWhere(
          RejectsTable.TABLE,
          col("checkpoint_id").isin(ours.toArray()).or(alsoStale),
          rows(),
          counts.keySet());
      return;
    }
    ours.removeAll(counts.keySet());
    changes.replace(RejectsTable.TABLE, rows(), counts.keySet(), ours);
  }

  /** Puts them in the place of what fulfils a condition. */
  public void replaceWhere(TableChanges changes, Column stale) throws IOException {
    changes.replaceWhere(RejectsTable.TABLE, stale, rows(), counts.keySet());
  }

  private static boolean hasOthers(TableChanges changes, Set<String> ours) throws IOException {
    return changes.seen().has(RejectsTable.TABLE.name())
        && !ours.containsAll(changes.seen().keys(RejectsTable.TABLE));
  }

  /** Those of a checkpoint in one partition. */
  private JavaRDD<Row> rows() {
    return run.byKey(all(), Rejection::checkpointId, counts.size()).map(RejectsTable::toRow);
  }
}
