package io.github.intruders.jobs.table;

import io.github.intruders.jobs.ledger.ScanEntry;
import java.util.Iterator;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The {@code similarity} table: the absolute cosine of each of the leading tuned vectors with each
 * of the leading base vectors, k of each or as many as a scan keeps.
 */
public final class SimilarityTable {
  public static final TableDefinition TABLE =
      TableDefinition.of(
          "similarity",
          "checkpoint_id",
          "checkpoint_id STRING, matrix STRING, side STRING, tuned_index INT, base_index INT,"
              + " similarity DOUBLE");

  private SimilarityTable() {}

  /** The rows of one matrix. */
  public static Iterator<Row> toRows(ScanEntry entry) {
    return entry.similarity().entrySet().stream()
        .flatMap(
            of ->
                IntStream.range(0, of.getValue().size())
                    .boxed()
                    .flatMap(
                        tuned -> {
                          double[] similarities = of.getValue().get(tuned);
                          return IntStream.range(0, similarities.length)
                              .mapToObj(
                                  base ->
                                      RowFactory.create(
                                          entry.checkpointId(),
                                          entry.matrix(),
                                          SideNames.toColumn(of.getKey()),
                                          tuned,
                                          base,
                                          similarities[base]));
                        }))
        .iterator();
  }
}
