package io.github.intruders.jobs.results;

import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointSummariser;
import io.github.intruders.jobs.ledger.ScanEntry;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;

/**
 * What was found of some checkpoints.
 *
 * @param entries one per matrix; those of a checkpoint in one partition, ordered by matrix
 * @param figures what they come to, by checkpoint; none of what has no matrix
 * @param release frees what is held
 */
public record Results(
    JavaRDD<ScanEntry> entries, Map<String, CheckpointFigures> figures, Runnable release)
    implements AutoCloseable {

  /** Adds up entries, which are grouped and ordered. */
  static Results of(JavaRDD<ScanEntry> entries, Runnable release) {
    Map<String, CheckpointFigures> figures = new LinkedHashMap<>();
    for (CheckpointFigures one : entries.mapPartitions(new Summarise()).collect()) {
      figures.put(one.checkpointId(), one);
    }
    return new Results(entries, figures, release);
  }

  /** What the entries of each checkpoint are, see {@link CheckpointFigures#entriesKey}. */
  public Map<String, String> entriesKeys() {
    Map<String, String> keys = new LinkedHashMap<>();
    figures.forEach((id, of) -> keys.put(id, of.entriesKey()));
    return keys;
  }

  /** The entries of some checkpoints, in the same partitions. */
  public JavaRDD<ScanEntry> entriesOf(Set<String> checkpointIds) {
    if (checkpointIds.containsAll(figures.keySet())) {
      return entries;
    }
    Set<String> ids = Set.copyOf(checkpointIds);
    return entries.filter(entry -> ids.contains(entry.checkpointId()));
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
