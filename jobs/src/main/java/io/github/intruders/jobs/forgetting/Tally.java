package io.github.intruders.jobs.forgetting;

import io.github.intruders.jobs.figures.CorrelationLine;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** What the driver is told of metrics, brought together by one Spark job. */
final class Tally implements Serializable {
  private static final long serialVersionUID = 1L;

  private final MetricCounts read = new MetricCounts();
  private final MetricCounts compared = new MetricCounts();
  private final ArrayList<CorrelationLine> told = new ArrayList<>();

  /** Of what was read from files. */
  MetricCounts read() {
    return read;
  }

  /** Of what was compared with the base. */
  MetricCounts compared() {
    return compared;
  }

  /** The correlations that are told beside the tables. */
  List<CorrelationLine> told() {
    return told;
  }

  Tally with(Tally other) {
    read.add(other.read);
    compared.add(other.compared);
    told.addAll(other.told);
    return this;
  }
}
