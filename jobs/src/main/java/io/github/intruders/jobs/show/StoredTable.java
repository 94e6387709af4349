package io.github.intruders.jobs.show;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.jobs.table.KnownTables;
import io.github.intruders.jobs.table.TableDefinition;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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

  /** A storage that is far away is asked for so many files at once. */
  private static final int THREADS = 8;

  /** A folder's name that stands for no value. */
  private static final String NULL = "__HIVE_DEFAULT_PARTITION__";

  /**
   * Reads a table.
   *
   * @param folder of the table
   * @param table its name
   * @throws UnknownContentException if it is large, or not laid out or typed as runs write it
   */
  static StoredTable read(Storage storage, String folder, String table)
      throws IOException, UnknownContentException {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      return read(storage, folder, table, threads);
    } catch (FileNotFoundException e) { // replaced by another run meanwhile
      throw new UnknownContentException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** A partition's file, and what its folder says. */
  private record Part(StoredFile file, String value) {}

  private static StoredTable read(
      Storage storage, String folder, String table, ExecutorService threads)
      throws IOException, UnknownContentException {
    List<StoredFile> folders = visible(storage.list(folder));
    String partition = partition(folders);
    List<List<StoredFile>> listed = each(threads, folders, of -> visible(storage.list(of.uri())));
    List<Part> parts = new ArrayList<>();
    long bytes = 0;
    for (int i = 0; i < folders.size(); i++) {
      String escaped = folders.get(i).name().substring(partition.length() + 1);
      String value = escaped.equals(NULL) ? null : ExternalCatalogUtils.unescapePathName(escaped);
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
    List<ParquetFile> files = each(threads, parts, part -> ParquetFile.read(storage, part.file()));
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
    R of(T what) throws IOException, UnknownContentException;
  }

  private static <T, R> List<R> each(ExecutorService threads, List<T> all, Reading<T, R> reading)
      throws IOException, UnknownContentException {
    List<Callable<R>> tasks = new ArrayList<>();
    for (T one : all) {
      tasks.add(() -> reading.of(one));
    }
    List<R> results = new ArrayList<>();
    try {
      for (Future<R> result : threads.invokeAll(tasks)) {
        results.add(result.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      if (e.getCause() instanceof UnknownContentException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted while a table was read");
    }
  }
}
