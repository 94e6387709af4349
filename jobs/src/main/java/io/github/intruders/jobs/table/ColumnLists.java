package io.github.intruders.jobs.table;

import java.util.List;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Lists as a column holds them. */
final class ColumnLists {
  private ColumnLists() {}

  static Seq<Object> toColumn(List<?> values) {
    return CollectionConverters.asScala(List.<Object>copyOf(values)).toSeq();
  }
}
