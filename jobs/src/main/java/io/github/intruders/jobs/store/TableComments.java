package io.github.intruders.jobs.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a table holds and what its columns mean, as a catalog shows it: the words of the page {@code
 * tables.md}, which is in the jar.
 *
 * @param table one row per what; empty where the page says nothing
 * @param columns name of a column → its meaning; those without one are missing
 */
record TableComments(String table, Map<String, String> columns) {
  private static final String PAGE = "/docs/tables.md";
  private static final int MEANING = 3;

  TableComments {
    columns = Map.copyOf(columns);
  }

  /** Those of a table; none where the page is missing. */
  static TableComments of(String table) {
    return all().getOrDefault(table, new TableComments("", Map.of()));
  }

  private static Map<String, TableComments> all() {
    try (InputStream page = TableComments.class.getResourceAsStream(PAGE)) {
      return page == null // classes that Maven has not put together
          ? Map.of()
          : parse(new String(page.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
    } catch (IOException e) {
      throw new UncheckedIOException("The jar's %s can't be read".formatted(PAGE), e);
    }
  }

  /**
   * A heading, {@code ## `table`}, a paragraph, and a row {@code | `column` | type | meaning |}
   * each.
   */
  static Map<String, TableComments> parse(List<String> lines) {
    Map<String, TableComments> all = new LinkedHashMap<>();
    String name = null;
    String about = "";
    Map<String, String> columns = new LinkedHashMap<>();
    for (String line : lines) {
      if (line.startsWith("## ")) {
        add(all, name, about, columns);
        boolean isTable = line.startsWith("## `");
        name = isTable ? line.substring(line.indexOf('`') + 1, line.lastIndexOf('`')) : null;
        about = "";
        columns.clear();
      } else if (line.startsWith("| `")) {
        String[] cells = line.split("(?<!\\\\)\\|", -1);
        String meaning = plain(cells[MEANING]);
        if (!meaning.isEmpty()) {
          columns.put(plain(cells[1]), meaning);
        }
      } else if (about.isEmpty() && !line.startsWith("|")) {
        about = plain(line);
      }
    }
    add(all, name, about, columns);
    return all;
  }

  private static void add(
      Map<String, TableComments> all, String name, String about, Map<String, String> columns) {
    if (name != null) {
      all.put(name, new TableComments(about, columns));
    }
  }

  /** Without the signs of Markdown. */
  private static String plain(String markdown) {
    return markdown
        .replaceAll("\\[([^\\]]*)\\]\\([^)]*\\)", "$1")
        .replace("`", "")
        .replace("\\|", "|")
        .strip();
  }
}
