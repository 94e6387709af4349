package io.github.intruders.check;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Map;

/**
 * A figure of one checkpoint while its rows come by, in any order and in any parts. Not for use
 * from several threads.
 */
public final class Tally implements Serializable {
  private static final long serialVersionUID = 1L;

  private final Figure figure;
  private long rows;
  private long counted;

  /** Rows of which it is not known whether they count. */
  private long unclear;

  /** Rows that count and have no value. */
  private long missing;

  private double sum;

  /** What rounding took from the sum. */
  private double lost;

  private double extreme;
  private String item;
  private double[] values = new double[0];
  private int kept;

  public Tally(Figure figure) {
    this.figure = figure;
  }

  /** Takes a row of the checkpoint. */
  public Tally with(CheckedTable table, String checkpointId, Map<String, Object> row) {
    rows++;
    Boolean counts = Condition.all(figure.where(), row);
    if (counts == null) {
      unclear++;
    } else if (counts) {
      counted++;
      if (figure.column() != null) {
        take(ColumnRef.number(figure.column().in(row)), table.itemOf(row, checkpointId));
      }
    }
    return this;
  }

  private void take(Double value, String of) {
    if (value == null) {
      missing++;
      return;
    }
    switch (figure.statistic()) {
      case MAX, MIN, VALUE -> offer(value, of);
      case MEAN, SUM -> add(value);
      case MEDIAN -> keep(value);
      case COUNT, SHARE -> throw new IllegalStateException("Rows are counted, not their values");
    }
  }

  /** The lowest name stands for equal values, so that the order of rows does not matter. */
  private void offer(double value, String of) {
    int order =
        item == null
            ? 1
            : figure.statistic() == Statistic.MIN
                ? Double.compare(extreme, value)
                : Double.compare(value, extreme);
    if (order > 0 || (order == 0 && of.compareTo(item) < 0)) {
      extreme = value;
      item = of;
    }
  }

  /** Neumaier's sum, so that the parts' order hardly matters. */
  private void add(double value) {
    double next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }

  private void keep(double value) {
    if (kept == values.length) {
      values = Arrays.copyOf(values, Math.max(8, kept + kept / 2));
    }
    values[kept++] = value;
  }

  /** Takes what another one has of the same checkpoint and figure. */
  public Tally with(Tally other) {
    rows += other.rows;
    counted += other.counted;
    unclear += other.unclear;
    missing += other.missing;
    if (other.item != null) {
      offer(other.extreme, other.item);
    }
    add(other.sum);
    lost += other.lost;
    for (int i = 0; i < other.kept; i++) {
      keep(other.values[i]);
    }
    return this;
  }

  /** What all rows together say. */
  public Found found() {
    return switch (figure.statistic()) {
      case COUNT ->
          rows == 0 && !figure.table().equals(CheckedTable.REJECTS)
              ? noRow()
              : between((double) counted, (double) (counted + unclear));
      case SHARE ->
          rows == 0
              ? noRow()
              : between((double) counted / rows, (double) (counted + unclear) / rows);
      case MAX, MIN, VALUE, MEAN, MEDIAN, SUM -> ofValues();
    };
  }

  /** Whoever writes the table may not have come to this checkpoint yet. */
  private Found noRow() {
    return Found.unknown("it has no row in " + figure.table());
  }

  private Found between(double low, double high) {
    return low == high ? Found.of(low, "") : new Found(low, high, "", gaps());
  }

  private Found ofValues() {
    if (counted + unclear == 0) {
      return rows == 0
          ? noRow()
          : Found.unknown(
              "none of its %d rows in %s fulfils the conditions".formatted(rows, figure.table()));
    }
    if (figure.statistic() == Statistic.VALUE && counted + unclear > 1) {
      return Found.unknown(
          "it has %d rows in %s; name a statistic".formatted(counted + unclear, figure.table()));
    }
    if (missing + unclear > 0) {
      return withGaps();
    }
    return switch (figure.statistic()) {
      case MEAN -> finite((sum + lost) / counted);
      case SUM -> finite(sum + lost);
      case MEDIAN -> finite(median());
      case MAX, MIN, VALUE, COUNT, SHARE -> Found.of(extreme, item);
    };
  }

  private Found finite(double value) {
    return Double.isNaN(value)
        ? Found.unknown("its %s is not a number".formatted(figure.statistic().text()))
        : Found.of(value, "");
  }

  /** The extreme of the known values is a bound, but only as far as they surely count. */
  private Found withGaps() {
    double low = Double.NEGATIVE_INFINITY;
    double high = Double.POSITIVE_INFINITY;
    boolean bounded = item != null;
    if (bounded && figure.statistic() == Statistic.MAX) {
      low = extreme;
    } else if (bounded && figure.statistic() == Statistic.MIN) {
      high = extreme;
    }
    return low == high
        ? Found.of(low, item)
        : new Found(low, high, item == null ? "" : item, gaps());
  }

  private String gaps() {
    long gaps = missing + unclear;
    return figure.statistic() == Statistic.VALUE
        ? "it has no value"
        : "%d of %d rows have no value".formatted(gaps, counted + unclear);
  }

  private double median() {
    return new Quantiles(Arrays.copyOf(values, kept)).at(0.5);
  }
}
