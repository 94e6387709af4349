package io.github.intruders.plan;

import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.checkpoint.MatrixSource;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * One piece of work: one matrix of one checkpoint.
 *
 * @param checkpointId whose
 * @param base which matrix of the base
 * @param update how the tuned matrix differs
 * @param inSequence whether the checkpoint is a step of a sequence, so that its vectors are
 *     compared with those of the steps around it
 * @param mergedFrom what the tuned matrix is said to have been merged from; null where that is not
 *     said, or can't be checked
 * @param inputs hash that names all that the result depends on: each tensor with its place and
 *     {@link io.github.intruders.checkpoint.Stamp}
 */
public record MatrixPlan(
    String checkpointId,
    BaseMatrix base,
    UpdateSource update,
    boolean inSequence,
    MergedFrom mergedFrom,
    String inputs)
    implements Serializable {
  /** One of which nothing is said to have been merged. */
  public MatrixPlan(
      String checkpointId,
      BaseMatrix base,
      UpdateSource update,
      boolean inSequence,
      String inputs) {
    this(checkpointId, base, update, inSequence, null, inputs);
  }

  /** Σ r over those adapters of the update that have factors. */
  public int adapterRank() {
    return update.adapters().stream()
        .mapToInt(adapter -> adapter instanceof LowRankUpdate link ? link.rank() : 0)
        .sum();
  }

  /** The tensors that are read besides the base's: a whole tuned one first, then the adapters'. */
  public List<MatrixSource> updateSources() {
    List<MatrixSource> sources = new ArrayList<>();
    if (update instanceof UpdateSource.Full full) {
      sources.add(full.tuned());
    }
    update.adapters().forEach(adapter -> sources.addAll(adapter.sources()));
    if (mergedFrom != null) {
      mergedFrom.links().forEach(link -> sources.addAll(link.update().sources()));
    }
    return sources;
  }

  /** Bytes of the tensors that are read besides the base's. */
  public long updateBytes() {
    return updateSources().stream().mapToLong(MatrixSource::lengthBytes).sum();
  }
}
