package io.github.intruders.jobs.figures;

import io.github.intruders.jobs.figures.CheckpointFigures.Margin;
import java.util.List;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;

/**
 * How well the margin to the critical strength tells matrices with intruders from those without:
 * the area under the ROC curve, which is the probability that of two matrices, one of each kind,
 * the one with intruders has the smaller margin (Mann and Whitney 1947); 0.5 for chance.
 */
public final class MarginAuc {
  private MarginAuc() {}

  /** The area; null where there are matrices of one kind only. */
  public static Double of(List<Margin> margins) {
    long positive = margins.stream().filter(Margin::hasIntruders).count();
    long negative = margins.size() - positive;
    if (positive == 0 || negative == 0) {
      return null;
    }
    double[] ranks =
        new NaturalRanking(TiesStrategy.AVERAGE)
            .rank(margins.stream().mapToDouble(margin -> -margin.criticalMargin()).toArray());
    double sum = 0;
    for (int i = 0; i < ranks.length; i++) {
      sum += margins.get(i).hasIntruders() ? ranks[i] : 0;
    }
    return (sum - positive * (positive + 1) / 2.0) / positive / negative;
  }
}
