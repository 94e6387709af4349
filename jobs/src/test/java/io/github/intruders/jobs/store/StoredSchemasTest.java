package io.github.intruders.jobs.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.table.KnownTables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

/**
 * The columns that readers of the tables rely on: against files that say what they have always
 * been, and against the page that tells of them.
 */
class StoredSchemasTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/schemas");

  @Test
  void everyTableHasTheColumnsItHasAlwaysHadInTheirOrder() throws IOException {
    Map<String, List<String>> golden;
    try (Stream<Path> files = Files.list(GOLDEN)) {
      golden =
          files.collect(
              Collectors.toMap(
                  file -> file.getFileName().toString().replace(".txt", ""),
                  StoredSchemasTest::lines));
    }

    assertThat(columns(field -> field.name() + " " + field.dataType().sql())).isEqualTo(golden);
  }

  @Test
  void whatATableGoesByIsTextAndStandsLast() {
    assertThat(KnownTables.ALL)
        .allSatisfy(
            table -> {
              StructType stored = table.stored();
              assertThat(stored.apply(stored.length() - 1).toDDL())
                  .isEqualTo(table.partition() + " STRING");
            });
  }

  @Test
  void thePageOfTablesHasEveryColumnThereIs() {
    Map<String, List<String>> told = new TreeMap<>();
    String table = null;
    for (String line : lines(Path.of("../.github/docs/tables.md"))) {
      if (line.startsWith("## `")) {
        table = line.substring(4, line.lastIndexOf('`'));
        told.put(table, new ArrayList<>());
      } else if (table != null && line.startsWith("| `")) {
        told.get(table).add(line.substring(3, line.indexOf('`', 3)));
      }
    }
    told.values().forEach(columns -> columns.sort(null));

    Map<String, List<String>> there = columns(StructField::name);
    there.replaceAll((name, columns) -> columns.stream().sorted().toList());
    assertThat(told).isEqualTo(there);
  }

  /** Table → its columns as they are stored, those of a catalog's runs among them. */
  private static Map<String, List<String>> columns(Function<StructField, String> text) {
    Map<String, StructType> schemas = new TreeMap<>();
    KnownTables.ALL.forEach(table -> schemas.put(table.name(), table.stored()));
    schemas.put(RunsTable.NAME, RunsTable.SCHEMA);
    Map<String, List<String>> columns = new TreeMap<>();
    schemas.forEach(
        (name, schema) -> columns.put(name, Arrays.stream(schema.fields()).map(text).toList()));
    return columns;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
