package io.github.intruders.jobs.report;

import io.github.intruders.forgetting.Retention;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.LadderLine;
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

  /** The same of ladders. */
  static final Comparator<LadderLine> LADDER_ORDER =
      Comparator.comparing((LadderLine line) -> !line.grouping().equals("all"))
          .thenComparing(LadderLine::grouping)
          .thenComparing(LadderLine::metric)
          .thenComparing(LadderLine::baseId);

  /** By sequence, then by step. */
  static final Comparator<Retention> TRANSFER_ORDER =
      Comparator.comparing(Retention::sequence)
          .thenComparingInt(Retention::step)
          .thenComparing(Retention::metric);

  private final int most;
  private final ArrayList<CorrelationLine> lines = new ArrayList<>();
  private final ArrayList<LadderLine> ladder = new ArrayList<>();
  private final ArrayList<Retention> transfer = new ArrayList<>();
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

  MetricLines with(LadderLine line) {
    ladder.add(line);
    cut(ladder, LADDER_ORDER);
    return this;
  }

  MetricLines with(Retention cell) {
    transfer.add(cell);
    cut(transfer, TRANSFER_ORDER);
    return this;
  }

  MetricLines with(MetricLines other) {
    if (other.strength != null) {
      strengthen(other.strength);
    }
    other.lines.forEach(this::add);
    other.ladder.forEach(this::with);
    other.transfer.forEach(this::with);
    return this;
  }

  private void strengthen(double other) {
    strength = strength == null ? other : Math.max(strength, other);
  }

  private void add(CorrelationLine line) {
    lines.add(line);
    cut(lines, ORDER);
  }

  private <L> void cut(List<L> all, Comparator<L> order) {
    if (all.size() >= 2 * most) {
      all.sort(order);
      all.subList(most, all.size()).clear();
    }
  }

  /** At least those that come first, in no order. */
  List<CorrelationLine> lines() {
    return lines;
  }

  /** The same of ladders; those of one ladder in their order. */
  List<LadderLine> ladder() {
    return ladder;
  }

  /** The same of cells of task × step matrices. */
  List<Retention> transfer() {
    return transfer;
  }

  /** The largest |ρ| with the count of intruders over all checkpoints; null where there is none. */
  Double strength() {
    return strength;
  }
}
