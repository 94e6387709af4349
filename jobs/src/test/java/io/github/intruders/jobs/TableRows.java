package io.github.intruders.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.schema.Type;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Rows of tables as text, to the last digit, but for what differs from run to run. */
public final class TableRows {
  private static final Set<String> OF_THE_RUN = Set.of("run_id", "elapsed_millis", "scan_key");
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
  public static Map<String, List<String>> in(Path out) throws IOException {
    Map<String, List<String>> tables = new TreeMap<>();
    for (Path folder : folders(out)) {
      tables.put(folder.getFileName().toString(), of(folder));
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

  /**
   * The rows of all files in a table's folder and below it, with the folders they lie in. Without
   * Spark, which would start jobs for each.
   */
  public static List<String> of(Path folder) throws IOException {
    List<String> rows = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".parquet")).toList()) {
        String partition = folder.relativize(file.getParent()).toString();
        if (!partition.startsWith("_")) {
          read(file, partition, rows);
        }
      }
    }
    Collections.sort(rows);
    return rows;
  }

  private static void read(Path file, String partition, List<String> rows) throws IOException {
    try (ParquetReader<Group> reader = new Reader(file).build()) {
      for (Group row = reader.read(); row != null; row = reader.read()) {
        rows.add(text(row, partition));
      }
    }
  }

  private static final class Reader extends ParquetReader.Builder<Group> {
    Reader(Path file) {
      super(new LocalInputFile(file), new PlainParquetConfiguration());
    }

    @Override
    protected ReadSupport<Group> getReadSupport() {
      return new GroupReadSupport();
    }
  }

  private static String text(Group row, String partition) {
    StringBuilder text = new StringBuilder(partition);
    List<Type> fields = row.getType().getFields();
    for (int i = 0; i < fields.size(); i++) {
      Type field = fields.get(i);
      for (int j = 0; j < row.getFieldRepetitionCount(i); j++) {
        if (!OF_THE_RUN.contains(field.getName())) {
          text.append(' ').append(field.getName()).append(": ");
          text.append(field.isPrimitive() ? row.getValueToString(i, j) : row.getGroup(i, j));
        }
      }
    }
    return text.toString();
  }
}
