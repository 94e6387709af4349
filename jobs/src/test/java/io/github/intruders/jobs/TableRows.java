package io.github.intruders.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Rows of tables as text, to the last digit, but for what differs from run to run. */
public final class TableRows {
  private static final Set<String> NO_TABLES = Set.of("report", "spectra-store", "mitigated");

  private TableRows() {}

  /** A session to read tables with. */
  public static SparkSession session() {
    return SparkSession.builder()
        .master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .getOrCreate();
  }

  /** One table. */
  public static Dataset<Row> table(Path out, String table) {
    return session().read().parquet(out.resolve(table).toString());
  }

  /** All tables below a run's output, each with its rows in a fixed order. */
  public static Map<String, List<String>> in(SparkSession spark, Path out) throws IOException {
    Map<String, List<String>> tables = new TreeMap<>();
    for (Path folder : folders(out)) {
      String table = folder.getFileName().toString();
      tables.put(table, of(spark, out, table));
    }
    return tables;
  }

  /** The folders of the tables below a run's output. */
  public static List<Path> folders(Path out) throws IOException {
    try (Stream<Path> folders = Files.list(out)) {
      return folders
          .filter(Files::isDirectory)
          .filter(folder -> !folder.getFileName().toString().startsWith("_"))
          .filter(folder -> !NO_TABLES.contains(folder.getFileName().toString()))
          .sorted()
          .toList();
    }
  }

  /** The rows of one table. */
  static List<String> of(SparkSession spark, Path out, String table) {
    Dataset<Row> rows = spark.read().parquet(out.resolve(table).toString());
    return rows.drop("run_id", "elapsed_millis", "scan_key").toJSON().collectAsList().stream()
        .sorted()
        .toList();
  }
}
