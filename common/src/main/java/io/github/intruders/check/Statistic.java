package io.github.intruders.check;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What is made of the values of a checkpoint's rows. */
public enum Statistic {
  /** The value of its one row. */
  VALUE,
  MAX,
  MIN,
  MEAN,
  MEDIAN,
  SUM,
  /** How many rows fulfil the conditions. */
  COUNT,
  /** Which part of all its rows fulfils the conditions. */
  SHARE;

  /** As rules spell it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Those that rules can name. */
  static List<String> named() {
    return Arrays.stream(values()).filter(one -> one != VALUE).map(Statistic::text).toList();
  }

  static Optional<Statistic> named(String text) {
    return Arrays.stream(values())
        .filter(one -> one != VALUE && one.text().equals(text))
        .findFirst();
  }

  boolean countsRows() {
    return this == COUNT || this == SHARE;
  }
}
