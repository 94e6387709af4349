package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.cli.PlantedModels.Planted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Sequences in which every intruder is known, since it was planted. */
@ExtendWith(LocalMaster.class)
class PlantedSequencesTest {
  private static final String Q_PROJ = "model.layers.0.self_attn.q_proj.weight";
  private static final String K_PROJ = "model.layers.0.self_attn.k_proj.weight";

  private static final double HALF = Math.sqrt(0.5);
  private static final List<List<Planted>> STORY =
      List.of(
          List.of(Planted.of(30, 0)),
          List.of(Planted.of(30, 0), Planted.of(25, 1)),
          List.of(Planted.of(25, 0), Planted.of(30, 1)),
          List.of(Planted.of(-25, 0), Planted.of(30, 1)),
          List.of(Planted.of(30, 1), Planted.of(25.1, 2), Planted.of(24.9, 3)),
          List.of(
              Planted.of(30, 1),
              Planted.mixed(25.1, 2, HALF, 3, HALF),
              Planted.mixed(24.9, 2, HALF, 3, -HALF)),
          List.of(Planted.of(30, 1)),
          List.of(Planted.of(25, 0), Planted.of(30, 1)));

  @TempDir private static Path temporary;

  /**
   * Two planted directions among small base vectors, which leave the leading ones alone: one there
   * from step 10 to 30, one from step 20 on.
   */
  @Test
  void plantedIntrudersAreFollowedThroughFiftyStepsAndOneMore() throws IOException {
    Path models = temporary.resolve("planted");
    PlantedModels.write(models, Map.of(Q_PROJ, fiftySteps(51)));
    Path out = temporary.resolve("planted-out");
    assertThat(runPlanted(models, out, 50)).isZero();
    assertThat(AccumulationTest.ledgerEntries(out)).isEqualTo(50);

    assertThat(runPlanted(models, out, 51)).isZero();

    assertThat(AccumulationTest.ledgerEntries(out)).as("matrices decomposed in all").isEqualTo(51);
    List<Row> steps = TableRows.table(out, "accumulation").orderBy("step").collectAsList();
    assertThat(steps).hasSize(51);
    for (Row row : steps) {
      int step = row.getAs("step");
      int intruders = (step >= 10 && step <= 30 ? 1 : 0) + (step >= 20 ? 1 : 0);
      assertThat(row.<Integer>getAs("intruders")).as("step %d", step).isEqualTo(intruders);
      assertThat(row.<Integer>getAs("born")).isEqualTo(step == 10 || step == 20 ? 1 : 0);
      assertThat(row.<Integer>getAs("faded")).isEqualTo(step == 31 ? 1 : 0);
      assertThat(row.<Integer>getAs("cumulative_born"))
          .isEqualTo(step < 10 ? 0 : step < 20 ? 1 : 2);
    }
    assertThat(
            TableRows.table(out, "intruder_tracks")
                .groupBy("track")
                .count()
                .collectAsList()
                .stream()
                .collect(Collectors.toMap(row -> row.getInt(0), row -> row.getLong(1))))
        .isEqualTo(Map.of(0, 22L, 1, 32L)); // with the row that says it faded

    Path once = temporary.resolve("planted-once");
    assertThat(runPlanted(models, once, 51)).isZero();
    for (String table : AccumulationTest.TABLES) {
      AccumulationTest.assertSameRows(
          AccumulationTest.sorted(TableRows.table(out, table)),
          AccumulationTest.sorted(TableRows.table(once, table)));
    }
  }

  private static List<List<Planted>> fiftySteps(int steps) {
    List<List<Planted>> planted = new ArrayList<>();
    for (int step = 1; step <= steps; step++) {
      planted.add(
          List.of(
              Planted.of(step >= 10 && step <= 30 ? 30 : 0, 0),
              Planted.of(step >= 20 ? 25 : 0, 1)));
    }
    return planted;
  }

  /** Births, a swap of places, a flip of sign, a rotation of a degenerate pair, and ends. */
  @Test
  void whatWasPlantedInCheckpointsIsRecoveredExactly() throws IOException {
    Path models = temporary.resolve("story");
    PlantedModels.write(models, Map.of(Q_PROJ, STORY));
    Path out = temporary.resolve("story-out");
    assertThat(runPlanted(models, out, STORY.size())).isZero();

    assertThat(story(out, Q_PROJ))
        .containsExactly(
            "1: 0 born",
            "2: 0 persisted, 1 born",
            "3: 0 persisted, 1 persisted",
            "4: 0 persisted, 1 persisted",
            "5: 0 faded, 1 persisted, 2 born, 3 born",
            "6: 1 persisted, 2 persisted, 3 persisted",
            "7: 1 persisted, 2 faded, 3 faded",
            "8: 1 persisted, 4 born");
    Dataset<Row> tracks = TableRows.table(out, "intruder_tracks");
    assertThat(tracks.where("track = 0 AND step < 5").orderBy("step").collectAsList())
        .extracting(row -> row.<Integer>getAs("singular_index"))
        .as("places before and after the swap")
        .containsExactly(0, 0, 1, 1);
    assertThat(
            tracks.where(
                "state = 'persisted' AND"
                    + " (similarity_to_previous < 0.99 OR similarity_to_previous_right < 0.99)"))
        .as("a pair that turned is compared as a whole")
        .matches(Dataset::isEmpty);
    assertThat(tracks.where("track = 4").select("born_at_step", "born_by_task").collectAsList())
        .singleElement()
        .hasToString("[8,task-8]");
    assertThat(tracks.where("state = 'faded'").collectAsList())
        .hasSize(3)
        .allMatch(row -> row.isNullAt(row.fieldIndex("singular_index")))
        .allMatch(row -> row.isNullAt(row.fieldIndex("singular_value")));
    AccumulationTest.assertAddsUp(out);
  }

  @Test
  void aMatrixThatTheScanRejectedAtAStepStartsAfreshBehindIt() throws IOException {
    Path models = temporary.resolve("gap");
    List<Planted> same = List.of(Planted.of(30, 0), Planted.of(25, 1));
    List<Planted> broken = List.of(Planted.of(Double.NaN, 0));
    PlantedModels.write(
        models,
        Map.of(
            Q_PROJ, List.of(same, same, same, broken, same),
            K_PROJ, List.of(same, broken, same, broken, same)));
    Path out = temporary.resolve("gap-out");
    assertThat(runPlanted(models, out, 5)).isEqualTo(Main.DONE_WITH_REJECTS);

    assertThat(story(out, Q_PROJ))
        .containsExactly(
            "1: 0 born, 1 born",
            "2: 0 persisted, 1 persisted",
            "3: 0 persisted, 1 persisted",
            "5: 2 born, 3 born");
    assertThat(story(out, K_PROJ))
        .containsExactly("1: 0 born, 1 born", "3: 2 born, 3 born", "5: 4 born, 5 born");
    assertThat(
            TableRows.table(out, "rejects")
                .where("code = 'STEP_MISSING'")
                .orderBy("checkpoint_id")
                .collectAsList())
        .extracting(row -> row.<String>getAs("checkpoint_id"), row -> row.<String>getAs("matrix"))
        .containsExactly(tuple("s2", K_PROJ), tuple("s4", null));
    assertThat(TableRows.table(out, "rejects").where("code = 'NOT_FINITE'").count())
        .as("the scan's own reasons stay")
        .isEqualTo(3);
    AccumulationTest.assertAddsUp(out);
  }

  /** The tracks of a matrix, a line per step. */
  private static List<String> story(Path out, String matrix) {
    return TableRows.table(out, "intruder_tracks")
        .where(functions.col("matrix").equalTo(matrix))
        .orderBy("step", "track")
        .collectAsList()
        .stream()
        .collect(
            Collectors.groupingBy(
                row -> row.<Integer>getAs("step"),
                TreeMap::new,
                Collectors.mapping(
                    row -> row.getAs("track") + " " + row.getAs("state"),
                    Collectors.joining(", "))))
        .entrySet()
        .stream()
        .map(entry -> entry.getKey() + ": " + entry.getValue())
        .toList();
  }

  private static int runPlanted(Path models, Path out, int steps) throws IOException {
    StringBuilder manifest =
        new StringBuilder("base: {id: base, uri: %s/base}%ncheckpoints:%n".formatted(models));
    for (int step = 1; step <= steps; step++) {
      manifest.append(
          "  - {id: s%1$d, uri: %2$s/s%1$d, sequence: s, step: %1$d, task: task-%1$d}%n"
              .formatted(step, models));
    }
    Path file = Files.writeString(temporary.resolve("planted.yaml"), manifest);
    return Main.run("run", "--manifest", file.toString(), "--out", out.toString());
  }
}
