package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.Correlation;
import io.github.intruders.forgetting.RankCorrelation;
import io.github.intruders.jobs.table.ForgettingTable;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/** Executor work: the correlations of one metric with one measure in one group. */
final class CorrelateLine
    implements FlatMapFunction<Tuple2<ForgettingTable.Line, Iterable<CorrelateLine.Point>>, Row> {
  private static final long serialVersionUID = 1L;

  private final String baseId;

  CorrelateLine(String baseId) {
    this.baseId = baseId;
  }

  /** One checkpoint: its place in the manifest, its measure, and what it forgot. */
  record Point(int place, double measure, double forgetting, boolean incomplete)
      implements Serializable {}

  @Override
  public Iterator<Row> call(Tuple2<ForgettingTable.Line, Iterable<Point>> line) {
    List<Point> points = new ArrayList<>();
    line._2().forEach(points::add);
    points.sort(Comparator.comparingInt(Point::place)); // resamples depend on the order
    double[] measures = points.stream().mapToDouble(Point::measure).toArray();
    double[] forgetting = points.stream().mapToDouble(Point::forgetting).toArray();
    int incomplete = (int) points.stream().filter(Point::incomplete).count();
    List<Row> rows = new ArrayList<>();
    for (RankCorrelation method : RankCorrelation.values()) {
      Correlation correlation = method.of(measures, forgetting);
      rows.addAll(ForgettingTable.toRows(baseId, line._1(), correlation, incomplete));
    }
    return rows.iterator();
  }
}
