package io.github.intruders.jobs.report;

import java.util.Locale;

/**
 * A row of a table on the console.
 *
 * @param format one conversion for each cell, without the end of the line
 */
record ConsoleRow(String format) {
  /** The row, with the end of the line; where its last cells are empty, it ends before them. */
  String of(Object... cells) {
    return String.format(Locale.ROOT, format, cells).stripTrailing() + "\n";
  }
}
