package io.github.intruders.jobs.report;

import io.github.intruders.jobs.figures.CorrelationLine;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The correlations of one metric: those that come first, and how strong it is. */
final class MetricLines implements Serializable {
  private static final long serialVersionUID = 1L;

  /** The order in which correlations are shown: those of single sequences last. */
  static final Comparator<CorrelationLine> ORDER =
      Comparator.comparing((CorrelationLine line) -> line.grouping().startsWith("sequence="))
          .thenComparing(CorrelationLine::grouping)
          .thenComparing(CorrelationLine::method, Comparator.reverseOrder())
          .thenComparing(CorrelationLine::metric)
          .thenComparing(CorrelationLine::measure)
          .thenComparing(
              CorrelationLine::pValueMethod, Comparator.nullsFirst(Comparator.naturalOrder()))
          .thenComparing(CorrelationLine::baseId);

  private final int most;
  private final ArrayList<CorrelationLine> lines = new ArrayList<>();
  private Double strength;

  /** None yet; keeps no more than so many. */
  MetricLines(int most) {
    this.most = most;
  }

  MetricLines with(CorrelationLine line) {
    boolean isHeadline =
        line.grouping().equals("all")
            && line.method().equals("spearman")
            && line.measure().equals("intruder_count");
    if (isHeadline && line.rho() != null) {
      strengthen(Math.abs(line.rho()));
    }
    add(line);
    return this;
  }

  MetricLines with(MetricLines other) {
    if (other.strength != null) {
      strengthen(other.strength);
    }
    other.lines.forEach(this::add);
    return this;
  }

  private void strengthen(double other) {
    strength = strength == null ? other : Math.max(strength, other);
  }

  private void add(CorrelationLine line) {
    lines.add(line);
    if (lines.size() >= 2 * most) {
      lines.sort(ORDER);
      lines.subList(most, lines.size()).clear();
    }
  }

  /** At least those that come first, in no order. */
  List<CorrelationLine> lines() {
    return lines;
  }

  /** The largest |ρ| with the count of intruders over all checkpoints; null where there is none. */
  Double strength() {
    return strength;
  }
}
