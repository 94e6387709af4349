package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.intruders.jobs.show.RowsAsText;
import io.github.intruders.jobs.show.ShownTable;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Console;

/** Prints rows, the same whoever has read them. */
final class TablePrinter {
  private final ObjectMapper json = new ObjectMapper();
  private final ShowCommand.Format format;
  private final PrintStream out;

  TablePrinter(ShowCommand.Format format, PrintStream out) {
    this.format = format;
    this.out = out;
  }

  void print(ShownTable table) throws IOException {
    if (format == ShowCommand.Format.TABLE) {
      out.println(RowsAsText.table(table));
      return;
    }
    printHeader(table.columns());
    for (Map<String, Object> row : table.rows()) {
      print(table.columns(), RowsAsText.json(table.columns(), row));
    }
  }

  /**
   * Prints what Spark has read.
   *
   * @param limit how many rows there are at most; 0 if there is no limit
   */
  void print(Dataset<Row> rows, int limit) throws IOException {
    if (format == ShowCommand.Format.TABLE) {
      Console.withOut(
          out,
          () -> {
            rows.show(limit == 0 ? Integer.MAX_VALUE - 1 : limit, false);
            return null;
          });
      return;
    }
    List<String> columns = List.of(rows.columns());
    printHeader(columns);
    Iterator<String> lines = rows.toJSON().toLocalIterator();
    while (lines.hasNext()) {
      print(columns, lines.next());
    }
  }

  private void printHeader(List<String> columns) {
    if (format == ShowCommand.Format.CSV) {
      out.println(String.join(",", columns));
    }
  }

  private void print(List<String> columns, String line) throws IOException {
    out.println(
        format == ShowCommand.Format.JSON ? line : CsvLine.of(columns, json.readTree(line)));
  }
}
