package io.github.intruders.jobs.show;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.table.KnownTables;
import io.github.intruders.jobs.table.TableDefinition;
import io.github.intruders.linalg.SideBySide;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;

/**
 * A whole table.
 *
 * @param partition the column that its folders are named by
 * @param columns the others, by the table's definition or, where it is not known, by the first file
 * @param rows column → value; a column without one is not there
 */
record StoredTable(String partition, List<String> columns, List<Map<String, Object>> rows) {
  private static final long MOST_BYTES = 16L << 20;
  private static final int MOST_FILES = 2000;

  /**
   * Reads a table.
   *
   * @param folder of the table
   * @param table its name
   * @throws UnknownContentException if it is large, or not laid out or typed as runs write it
   */
  static StoredTable read(Storage storage, String folder, String table) throws IOException {
    try {
      return readNow(storage, folder, table);
    } catch (FileNotFoundException e) { // replaced by another run meanwhile
      throw new UnknownContentException(e);
    }
  }

  /** A partition's file, and what its folder says. */
  private record Part(StoredFile file, String value) {}

  private static StoredTable readNow(Storage storage, String folder, String table)
      throws IOException {
    List<StoredFile> folders = visible(storage.list(folder));
    String partition = partition(folders);
    if (folders.size() > MOST_FILES) {
      throw new UnknownContentException("%d folders".formatted(folders.size()));
    }
    List<List<StoredFile>> listed = each(folders, of -> visible(storage.list(of.uri())));
    List<Part> parts = new ArrayList<>();
    long bytes = 0;
    for (int i = 0; i < folders.size(); i++) {
      String escaped = folders.get(i).name().substring(partition.length() + 1);
      String value =
          escaped.equals(ExternalCatalogUtils.DEFAULT_PARTITION_NAME())
              ? null
              : ExternalCatalogUtils.unescapePathName(escaped);
      for (StoredFile file : listed.get(i)) {
        if (file.directory() || file.name().startsWith("_")) {
          throw new UnknownContentException(file.uri());
        }
        parts.add(new Part(file, value));
        bytes += file.lengthBytes();
      }
    }
    if (parts.isEmpty() || parts.size() > MOST_FILES || bytes > MOST_BYTES) {
      throw new UnknownContentException("%d files of %d bytes".formatted(parts.size(), bytes));
    }
    parts.sort(Comparator.comparing(part -> part.file().uri()));
    List<ParquetFile> files = each(parts, part -> ParquetFile.read(storage, part.file()));
    Map<String, ParquetKind> kinds = files.get(0).kinds();
    if (kinds.containsKey(partition)) {
      throw new UnknownContentException("Column " + partition);
    }
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      for (Map.Entry<String, ParquetKind> column : files.get(i).kinds().entrySet()) {
        if (!column.getValue().equals(kinds.getOrDefault(column.getKey(), column.getValue()))) {
          throw new UnknownContentException("Column " + column.getKey());
        }
      }
      for (Map<String, Object> stored : files.get(i).rows()) {
        Map<String, Object> row = new LinkedHashMap<>(stored);
        row.put(partition, parts.get(i).value());
        rows.add(row);
      }
    }
    return new StoredTable(
        partition,
        KnownTables.named(table).map(StoredTable::columns).orElse(List.copyOf(kinds.keySet())),
        rows);
  }

  private static List<String> columns(TableDefinition known) {
    return Arrays.stream(known.stored().fieldNames())
        .filter(name -> !name.equals(known.partition()))
        .toList();
  }

  /** What Spark sees of a listing. */
  private static List<StoredFile> visible(List<StoredFile> listing) {
    return listing.stream()
        .filter(file -> !file.name().startsWith("."))
        .filter(file -> !file.name().startsWith("_") || file.name().contains("="))
        .filter(file -> !file.name().endsWith("._COPYING_"))
        .toList();
  }

  private static String partition(List<StoredFile> folders) throws UnknownContentException {
    List<String> names =
        folders.stream()
            .map(folder -> folder.directory() ? folder.name() : "")
            .map(name -> name.substring(0, Math.max(0, name.indexOf('='))))
            .distinct()
            .toList();
    if (names.size() != 1 || names.get(0).isEmpty()) {
      throw new UnknownContentException("Partitions " + names);
    }
    return names.get(0);
  }

  /** What may be asked of storage. */
  @FunctionalInterface
  private interface Reading<T, R> {
    R of(T what) throws IOException;
  }

  private static <T, R> List<R> each(List<T> all, Reading<T, R> reading) throws IOException {
    List<Callable<R>> requests = new ArrayList<>();
    all.forEach(one -> requests.add(() -> reading.of(one)));
    return SideBySide.request(requests);
  }
}
