package io.github.intruders.jobs.table;

import io.github.intruders.scan.Side;
import java.util.Locale;

/** The tables' names of sides: {@code left} and {@code right}. */
public final class SideNames {
  private SideNames() {}

  /** As the tables name it. */
  public static String toColumn(Side side) {
    return side.name().toLowerCase(Locale.ROOT);
  }

  /** The side of that name. */
  public static Side fromColumn(String name) {
    return Side.valueOf(name.toUpperCase(Locale.ROOT));
  }
}
