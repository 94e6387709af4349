package io.github.intruders.jobs.check;

import io.github.intruders.jobs.store.TableReader;
import io.github.intruders.jobs.table.KnownTables;
import io.github.intruders.jobs.table.TableDefinition;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What of a table is compared.
 *
 * @param key the columns that name a row
 * @param columns all others, but for those that differ from run to run
 */
public record ComparedTable(List<String> key, List<String> columns) {
  private static final Set<String> OF_THE_RUN =
      Set.of(TableDefinition.RUN, "elapsed_millis", "checked_at", "results_run_id");

  public ComparedTable {
    key = List.copyOf(key);
    columns = List.copyOf(columns);
  }

  /**
   * Of a table that is known, or else of the columns that its rows have.
   *
   * @param before rows, column → value
   */
  public static ComparedTable of(
      String table, Collection<Map<String, Object>> before, Collection<Map<String, Object>> after) {
    Set<String> all = new LinkedHashSet<>();
    KnownTables.named(table)
        .ifPresent(known -> all.addAll(Arrays.asList(known.columns().fieldNames())));
    Stream.of(before, after).flatMap(Collection::stream).forEach(row -> all.addAll(row.keySet()));
    List<String> key = key(table, all);
    all.removeAll(key);
    all.removeAll(OF_THE_RUN);
    return new ComparedTable(key, List.copyOf(all));
  }

  /** A checkpoint stays the same one when it gets another step. */
  private static List<String> key(String table, Set<String> columns) {
    return CheckedTables.find(table)
        .map(
            of ->
                Stream.concat(of.checkpointColumns().stream(), of.itemColumns().stream())
                    .distinct()
                    .toList())
        .orElse(
            Stream.concat(
                    Stream.of("base_id", "checkpoint_id", "rule_set", "rule"),
                    TableReader.KEYS.stream())
                .distinct()
                .filter(columns::contains)
                .toList());
  }
}
