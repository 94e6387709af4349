package io.github.intruders.jobs.check;

import io.github.intruders.check.CheckedTable;
import io.github.intruders.check.Figure;
import io.github.intruders.check.Tally;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.store.Tables;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Tables of any size, wherever they are kept. Each task sums up its own rows.
 *
 * @param tables the tables, in some state
 */
public record SparkRows(Tables tables) implements StoredRows {
  private static final int MOST_ROWS = 1_000_000;

  @Override
  public boolean has(String table) throws IOException {
    return tables.has(table);
  }

  @Override
  public List<Map<String, Object>> all(String table) throws IOException {
    List<Row> rows = tables.stored(table).limit(MOST_ROWS + 1).collectAsList();
    if (rows.size() > MOST_ROWS) {
      throw UserInputException.of(
          RejectCode.TOO_LARGE,
          "The table %s has more than %d rows, which is more than one process compares"
              .formatted(table, MOST_ROWS));
    }
    return rows.stream().map(SparkRows::toMap).toList();
  }

  @Override
  public Map<Figure, Map<String, Tally>> tallies(CheckedTable table, List<Figure> figures)
      throws IOException {
    Map<Figure, Map<String, Tally>> byFigure = new HashMap<>();
    figures.forEach(figure -> byFigure.put(figure, new HashMap<>()));
    needed(table, figures)
        .toJavaRDD()
        .mapPartitionsToPair(new SumUp(table, figures))
        .reduceByKey(Tally::with)
        .collect()
        .forEach(
            found ->
                byFigure
                    .get(figures.get(found._1().figure()))
                    .put(found._1().checkpoint(), found._2()));
    return byFigure;
  }

  /** The columns that figures need, and of those the ones that are there. */
  private Dataset<Row> needed(CheckedTable table, List<Figure> figures) throws IOException {
    Set<String> needed = new TreeSet<>(table.checkpointColumns());
    needed.addAll(table.itemColumns());
    figures.forEach(figure -> needed.addAll(figure.columns()));
    Dataset<Row> rows = tables.stored(table.name());
    needed.retainAll(Arrays.asList(rows.columns()));
    List<String> columns = new ArrayList<>(needed);
    return rows.select(columns.get(0), columns.subList(1, columns.size()).toArray(String[]::new));
  }

  /** Which figure, by its place, of which checkpoint. */
  private record Key(int figure, String checkpoint) implements Serializable {}

  private record SumUp(CheckedTable table, List<Figure> figures)
      implements PairFlatMapFunction<Iterator<Row>, Key, Tally> {
    @Override
    public Iterator<Tuple2<Key, Tally>> call(Iterator<Row> rows) {
      Tallies tallies = new Tallies(table, figures);
      rows.forEachRemaining(row -> tallies.add(toMap(row)));
      List<Tuple2<Key, Tally>> found = new ArrayList<>();
      tallies
          .byFigure()
          .forEach(
              (figure, byCheckpoint) ->
                  byCheckpoint.forEach(
                      (checkpoint, tally) ->
                          found.add(
                              new Tuple2<>(new Key(figures.indexOf(figure), checkpoint), tally))));
      return found.iterator();
    }
  }

  private static Map<String, Object> toMap(Row row) {
    Map<String, Object> map = new HashMap<>();
    String[] names = row.schema().fieldNames();
    for (int i = 0; i < names.length; i++) {
      Object value = row.get(i);
      if (value instanceof scala.collection.Map<?, ?> entries) {
        map.put(names[i], CollectionConverters.asJava(entries));
      } else if (value instanceof scala.collection.Seq<?> items) {
        map.put(names[i], CollectionConverters.asJava(items));
      } else if (value != null) {
        map.put(names[i], value);
      }
    }
    return map;
  }
}
