package io.github.intruders.jobs.figures;

import io.github.intruders.jobs.figures.CheckpointFigures.CurvePoint;
import io.github.intruders.jobs.figures.CheckpointFigures.ShareCounts;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.ranking.NaNStrategy;
import org.apache.commons.math3.util.ResizableDoubleArray;

/**
 * How the vectors of one side spread over the singular index, over the matrices of a checkpoint.
 */
final class SideCurve {
  private final Map<Integer, Counts> bySize = new TreeMap<>();

  /** Best similarities at the indices that may be drawn: the fixed ones, and each matrix's last. */
  private final Map<Integer, AtIndex> drawn = new TreeMap<>();

  private VectorScan latest;

  private static final class Counts {
    private int[] intruders = new int[0];
    private int[] tested = new int[0];

    private void add(VectorScan vector) {
      int index = vector.singularIndex();
      if (index >= tested.length) {
        intruders = Arrays.copyOf(intruders, Math.max(index + 1, 2 * tested.length));
        tested = Arrays.copyOf(tested, intruders.length);
      }
      intruders[index] += vector.isIntruder() ? 1 : 0;
      tested[index]++;
    }

    private int length() {
      int length = tested.length;
      while (length > 0 && tested[length - 1] == 0) {
        length--;
      }
      return length;
    }
  }

  private static final class AtIndex {
    private final ResizableDoubleArray similarities = new ResizableDoubleArray();
    private double chance;

    private void add(VectorScan vector) {
      similarities.addElement(orNaN(vector.bestSimilarity()));
      chance += orNaN(vector.nullSimilarity());
    }
  }

  private static double orNaN(Double value) {
    return value == null ? Double.NaN : value;
  }

  void add(VectorScan vector, int size) {
    bySize.computeIfAbsent(size, unseen -> new Counts()).add(vector);
    if (CurveIndices.mayBeDrawn(vector.singularIndex())) {
      drawn.computeIfAbsent(vector.singularIndex(), unseen -> new AtIndex()).add(vector);
      latest = null;
    } else {
      latest = vector;
    }
  }

  /** The matrix's last vector is drawn where no other matrix has more. */
  void endMatrix() {
    if (latest != null) {
      drawn.computeIfAbsent(latest.singularIndex(), unseen -> new AtIndex()).add(latest);
      latest = null;
    }
  }

  List<ShareCounts> shares(Side side) {
    List<ShareCounts> shares = new ArrayList<>();
    bySize.forEach(
        (size, counts) ->
            shares.add(
                new ShareCounts(
                    side,
                    size,
                    Arrays.copyOf(counts.intruders, counts.length()),
                    Arrays.copyOf(counts.tested, counts.length()))));
    return shares;
  }

  List<CurvePoint> points(Side side) {
    int last = bySize.values().stream().mapToInt(Counts::length).max().orElse(0) - 1;
    List<CurvePoint> points = new ArrayList<>();
    long intruders = 0;
    long tested = 0;
    for (int index = 0; index <= last; index++) {
      for (Counts counts : bySize.values()) {
        if (index < counts.tested.length) {
          intruders += counts.intruders[index];
          tested += counts.tested[index];
        }
      }
      AtIndex at = drawn.get(index);
      if (at != null && (CurveIndices.mayBeDrawn(index) || index == last)) {
        points.add(point(side, index, intruders, tested, at, index == last));
      }
    }
    return points;
  }

  private static CurvePoint point(
      Side side, int index, long intruders, long tested, AtIndex at, boolean isLast) {
    double[] similarities = at.similarities.getElements();
    if (Arrays.stream(similarities)
        .anyMatch(Double::isNaN)) { // what is known would not stand for all
      Arrays.fill(similarities, Double.NaN);
    }
    Percentile percentile =
        new Percentile()
            .withEstimationType(Percentile.EstimationType.R_7)
            .withNaNStrategy(NaNStrategy.FIXED);
    percentile.setData(similarities);
    return new CurvePoint(
        side,
        index,
        intruders,
        tested,
        Double.isNaN(similarities[0]) ? Double.NaN : StatUtils.min(similarities),
        percentile.evaluate(25),
        percentile.evaluate(50),
        percentile.evaluate(75),
        at.chance / similarities.length,
        isLast);
  }
}
