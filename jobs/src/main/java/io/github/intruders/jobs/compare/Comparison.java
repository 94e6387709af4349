package io.github.intruders.jobs.compare;

import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.ComparedAdapter;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;

/**
 * What came of a comparison.
 *
 * @param adapters by id
 * @param pairs in no order, with their families
 * @param count how many pairs there are
 * @param duplicates how many of them are copies, by kind
 * @param safeToMerge how many of them are known to be safe to merge
 * @param rejected matrices that could not be read
 * @param held what is kept in memory until this is closed
 */
public record Comparison(
    List<ComparedAdapter> adapters,
    JavaRDD<AdapterPair> pairs,
    long count,
    Map<String, Long> duplicates,
    long safeToMerge,
    long rejected,
    List<JavaRDD<?>> held)
    implements AutoCloseable {
  @Override
  public void close() {
    held.forEach(JavaRDD::unpersist);
  }
}
