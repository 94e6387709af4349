package io.github.intruders.jobs.table;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.types.StructType;

/** Columns of tables that not every run writes, sorted. */
public final class DocumentedColumns {
  private DocumentedColumns() {}

  /** Table → columns. */
  public static Map<String, List<String>> ofTablesWithoutARun() {
    return Map.of(
        MitigationsTable.NAME,
        Stream.concat(
                Stream.of(MitigationLedger.SCHEMA.fieldNames())
                    .map(name -> name.equals("key") ? "mitigation_key" : name),
                Stream.of("run_id"))
            .sorted()
            .toList(),
        RunsTable.NAME,
        sorted(RunsTable.SCHEMA));
  }

  private static List<String> sorted(StructType schema) {
    return Stream.of(schema.fieldNames()).sorted().toList();
  }
}
