package io.github.intruders.jobs.table;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import scala.jdk.javaapi.CollectionConverters;

/** Columns that are maps: keys in ascending order in the files, and none where there is no map. */
public final class ColumnMaps {
  private ColumnMaps() {}

  static scala.collection.Map<String, Object> toColumn(Map<String, ?> map) {
    return map == null
        ? null
        : CollectionConverters.asScala(new TreeMap<String, Object>(Map.copyOf(map)));
  }

  /** A value of any column; a map, which Spark hands over in no order, as it is in the files. */
  public static Object inOrder(Object value) {
    return value instanceof scala.collection.Map<?, ?> map
        ? CollectionConverters.asScala(new TreeMap<>(CollectionConverters.asJava(map)))
        : value;
  }

  /** Null where the column is. */
  static <V> Map<String, V> fromColumn(Row row, String column) {
    int index = row.fieldIndex(column);
    return row.isNullAt(index) ? null : new TreeMap<>(row.<String, V>getJavaMap(index));
  }
}
