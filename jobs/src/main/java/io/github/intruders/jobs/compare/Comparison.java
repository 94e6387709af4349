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
 * @param closest the pairs with the largest cosines, the largest first
 * @param interfering the pairs whose interference is furthest above chance, the furthest first
 * @param release lets go of what is kept in memory
 */
public record Comparison(
    List<ComparedAdapter> adapters,
    JavaRDD<AdapterPair> pairs,
    long count,
    Map<String, Long> duplicates,
    long safeToMerge,
    List<AdapterPair> closest,
    List<AdapterPair> interfering,
    Runnable release)
    implements AutoCloseable {
  @Override
  public void close() {
    release.run();
  }
}
