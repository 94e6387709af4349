package io.github.intruders.jobs.results;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointSummariser;
import io.github.intruders.jobs.ledger.LedgerLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import scala.Tuple2;

/** How what was found is spread over tasks. */
class ResultsTest {
  private static final List<String> IDS = List.of("a", "b", "c", "d");

  /** Tasks of a local master run in this process. */
  private static final List<String> SEEN = new CopyOnWriteArrayList<>();

  @Test
  void noTaskLooksWhereACheckpointIsNot() {
    ByCheckpoint places = ByCheckpoint.ofEntries(IDS, 8, 3);
    SparkConf conf =
        new SparkConf().setMaster("local[1]").setAppName("test").set("spark.ui.enabled", "false");
    try (JavaSparkContext context = new JavaSparkContext(conf)) {
      JavaRDD<LedgerLine> lines =
          context
              .parallelize(IDS, 1)
              .mapToPair(id -> new Tuple2<>(new MatrixKey(id, "m", 0), line(id)))
              .partitionBy(places)
              .values();
      Map<String, CheckpointFigures> figures = new TreeMap<>();
      IDS.forEach(id -> figures.put(id, new CheckpointSummariser(id).figures()));
      Results results = new Results(lines, places, figures, () -> {});

      assertThat(seen(results, Set.of("b"))).containsExactly("b");
      assertThat(seen(results, Set.of("a"))).containsExactlyInAnyOrder("a", "d");
      assertThat(seen(results, Set.of("a", "c"))).containsExactlyInAnyOrder("a", "d", "c");
      assertThat(seen(results, Set.of("was never scanned"))).isEmpty();
    }
  }

  @Test
  void manyCheckpointsWithFewEntriesShareAPartition() {
    List<String> many = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      many.add("c" + i);
    }

    assertThat(ByCheckpoint.ofEntries(many, 1000, 2).numPartitions()).isEqualTo(2);
    assertThat(ByCheckpoint.ofEntries(many, 300_000, 2).numPartitions()).isEqualTo(74);
    assertThat(ByCheckpoint.ofEntries(many.subList(0, 3), 300_000, 16).numPartitions())
        .isEqualTo(3);
    assertThat(ByCheckpoint.ofEntries(List.of(), 0, 2).numPartitions()).isEqualTo(1);
  }

  /** The checkpoints of all lines that a task has to look at. */
  private static List<String> seen(Results results, Set<String> ids) {
    SEEN.clear();
    results
        .entriesOf(
            ids,
            line -> {
              SEEN.add(line.checkpointId());
              return false;
            })
        .collect();
    return List.copyOf(SEEN);
  }

  private static LedgerLine line(String checkpointId) {
    return new LedgerLine("key", checkpointId, "m", new byte[0]);
  }
}
