package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.Bootstrap;
import io.github.intruders.forgetting.Correlation;
import io.github.intruders.forgetting.PValue;
import io.github.intruders.forgetting.RankCorrelation;
import io.github.intruders.jobs.figures.CorrelationLine;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.FlatMapFunction;
import scala.Tuple2;

/** Executor work: the correlations of one metric with one measure in one group. */
final class CorrelateLine
    implements FlatMapFunction<
        Tuple2<CorrelateLine.Group, Iterable<CorrelateLine.Point>>, CorrelationLine> {
  private static final long serialVersionUID = 1L;

  private final String baseId;

  CorrelateLine(String baseId) {
    this.baseId = baseId;
  }

  /** What is correlated, and over which checkpoints; see {@link CorrelationLine}. */
  record Group(String metric, String measure, String grouping) implements Serializable {}

  /**
   * One checkpoint: its place in the manifest, its measure, and what it forgot.
   *
   * @param group that it counts in, with others, by their means; null where it counts by itself
   */
  record Point(int place, double measure, double forgetting, boolean incomplete, String group)
      implements Serializable {
    /** What several come to. */
    private static Point mean(List<Point> points) {
      return new Point(
          points.get(0).place,
          points.stream().mapToDouble(Point::measure).average().orElseThrow(),
          points.stream().mapToDouble(Point::forgetting).average().orElseThrow(),
          points.stream().anyMatch(Point::incomplete),
          points.get(0).group);
    }
  }

  @Override
  public Iterator<CorrelationLine> call(Tuple2<Group, Iterable<Point>> group) {
    List<Point> points = new ArrayList<>();
    group._2().forEach(points::add);
    points.sort(Comparator.comparingInt(Point::place)); // resamples depend on the order
    points = byGroup(points);
    double[] measures = points.stream().mapToDouble(Point::measure).toArray();
    double[] forgetting = points.stream().mapToDouble(Point::forgetting).toArray();
    int incomplete = (int) points.stream().filter(Point::incomplete).count();
    List<CorrelationLine> lines = new ArrayList<>();
    for (RankCorrelation method : RankCorrelation.values()) {
      Correlation correlation = method.of(measures, forgetting);
      if (correlation.pValues().isEmpty()) {
        lines.add(line(group._1(), correlation, null, incomplete));
      }
      for (PValue p : correlation.pValues()) {
        lines.add(line(group._1(), correlation, p, incomplete));
      }
    }
    return lines.iterator();
  }

  private static List<Point> byGroup(List<Point> points) {
    Map<String, List<Point>> groups = new LinkedHashMap<>();
    for (Point point : points) {
      groups
          .computeIfAbsent(
              point.group() == null ? "at " + point.place() : point.group(),
              unseen -> new ArrayList<>())
          .add(point);
    }
    return groups.values().stream().map(Point::mean).toList();
  }

  private CorrelationLine line(Group group, Correlation correlation, PValue p, int incomplete) {
    Bootstrap.Interval interval = correlation.interval();
    return new CorrelationLine(
        baseId,
        group.metric(),
        group.measure(),
        group.grouping(),
        correlation.method().text(),
        correlation.n(),
        correlation.rho(),
        p == null ? null : (Double) p.value(),
        p == null ? null : p.method(),
        interval == null ? null : (Double) interval.low(),
        interval == null ? null : (Double) interval.high(),
        interval == null ? null : (Integer) interval.resamples(),
        incomplete,
        correlation.reason());
  }
}
