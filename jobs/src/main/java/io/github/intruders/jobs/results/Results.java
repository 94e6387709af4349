package io.github.intruders.jobs.results;

import io.github.intruders.jobs.context.RunRejects;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointSummariser;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.LedgerLine;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.progress.StageCounters;
import java.io.Serializable;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.rdd.PartitionPruningRDD;
import scala.Function1;

/**
 * What was found of some checkpoints.
 *
 * @param lines one entry per matrix; those of a checkpoint in one partition, ordered by matrix
 * @param places the partition of each checkpoint, see {@link MatrixKey}
 * @param figures what they come to, by checkpoint; none of what has no matrix
 * @param release frees what is held
 */
public record Results(
    JavaRDD<LedgerLine> lines,
    Partitioner places,
    Map<String, CheckpointFigures> figures,
    Runnable release)
    implements AutoCloseable {

  /**
   * Adds up what lines hold, which are grouped and ordered.
   *
   * @param lines are held until these results are closed
   * @param counters are told of each checkpoint
   */
  static Results of(JavaRDD<LedgerLine> lines, Partitioner places, StageCounters counters) {
    Map<String, CheckpointFigures> figures = new LinkedHashMap<>();
    JavaRDD<CheckpointFigures> counted =
        summarised(lines.map(Results::parse))
            .map(
                one -> {
                  counters.finished(1);
                  return one;
                });
    for (CheckpointFigures one : counted.collect()) {
      figures.put(one.checkpointId(), one);
    }
    return new Results(lines, places, figures, () -> lines.unpersist());
  }

  /** What entries come to, which are grouped and ordered. */
  static List<CheckpointFigures> figures(JavaRDD<ScanEntry> entries) {
    return summarised(entries).collect();
  }

  private static JavaRDD<CheckpointFigures> summarised(JavaRDD<ScanEntry> entries) {
    return entries.mapPartitions(new Summarise());
  }

  private static ScanEntry parse(LedgerLine line) {
    return Ledger.parse(line.json(), ScanEntry.class);
  }

  /** What the entries of each checkpoint are, see {@link CheckpointFigures#entriesKey}. */
  public Map<String, String> entriesKeys() {
    Map<String, String> keys = new LinkedHashMap<>();
    figures.forEach((id, of) -> keys.put(id, of.entriesKey()));
    return keys;
  }

  /** The entries of some checkpoints: no task looks where they are not, and no other is parsed. */
  public JavaRDD<ScanEntry> entriesOf(Set<String> checkpointIds) {
    Set<String> ids = Set.copyOf(checkpointIds);
    return entriesOf(ids, line -> ids.contains(line.checkpointId()));
  }

  /** Some of the entries of some checkpoints. */
  public JavaRDD<ScanEntry> entriesOf(
      Set<String> checkpointIds, Function<LedgerLine, Boolean> which) {
    Set<Integer> partitions = new HashSet<>();
    for (String id : checkpointIds) {
      if (figures.containsKey(id)) {
        partitions.add(places.getPartition(new MatrixKey(id, "", 0)));
      }
    }
    Function1<Object, Object> has =
        (Function1<Object, Object> & Serializable) partition -> partitions.contains(partition);
    return PartitionPruningRDD.create(lines.rdd(), has)
        .toJavaRDD()
        .filter(which)
        .map(Results::parse);
  }

  /**
   * Tells which adapters that checkpoints are said to be merged from can't be used. That stands
   * with what was found of the matrices, which a later run does not look at again.
   */
  public void addRejects(RunRejects rejects) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    figures.forEach(
        (id, of) -> {
          if (of.uncheckedMerges() > 0) {
            counts.put(id, of.uncheckedMerges());
          }
        });
    rejects.add(
        entriesOf(counts.keySet()).flatMap(entry -> entry.mergeRejection().stream().iterator()),
        counts);
  }

  @Override
  public void close() {
    release.run();
  }

  /** Executor work: the figures of one checkpoint after the other. */
  private static final class Summarise
      implements FlatMapFunction<Iterator<ScanEntry>, CheckpointFigures> {
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<CheckpointFigures> call(Iterator<ScanEntry> entries) {
      return new Selected<ScanEntry, CheckpointFigures>(entries) {
        private String checkpointId;
        private CheckpointSummariser summariser;

        @Override
        CheckpointFigures select(ScanEntry entry) {
          CheckpointFigures ended = null;
          if (!entry.checkpointId().equals(checkpointId)) {
            ended = last();
            checkpointId = entry.checkpointId();
            summariser = new CheckpointSummariser(checkpointId);
          }
          summariser.add(entry);
          return ended;
        }

        @Override
        CheckpointFigures last() {
          CheckpointFigures figures = summariser == null ? null : summariser.figures();
          summariser = null;
          return figures;
        }
      };
    }
  }
}
