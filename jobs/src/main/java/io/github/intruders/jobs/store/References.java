package io.github.intruders.jobs.store;

import java.util.function.Consumer;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.util.Tasks;

/**
 * Changes a table's branches, tags or columns. Iceberg does not try these again by itself when
 * another commit was faster, as it does with rows.
 */
final class References {
  private static final int RETRIES = 30;
  private static final int SHORTEST_WAIT_MILLIS = 50;
  private static final int LONGEST_WAIT_MILLIS = 5_000;
  private static final int LONGEST_TIME_MILLIS = 300_000;
  private static final double GROWTH = 1.5;

  private References() {}

  /** Makes a change, each time from the table as it is then. */
  static void change(Table table, Consumer<Table> change) {
    Tasks.foreach(table)
        .retry(RETRIES)
        .exponentialBackoff(SHORTEST_WAIT_MILLIS, LONGEST_WAIT_MILLIS, LONGEST_TIME_MILLIS, GROWTH)
        .onlyRetryOn(CommitFailedException.class)
        .run(
            one -> {
              one.refresh();
              change.accept(one);
            });
  }
}
