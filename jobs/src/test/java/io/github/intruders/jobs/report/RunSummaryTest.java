package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointFigures.Margin;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.Identity;
import io.github.intruders.jobs.figures.MeanGeometry;
import io.github.intruders.jobs.report.RunSummary.ForgettingSummary;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run in short, as programs read it. */
class RunSummaryTest {
  private static final List<CheckpointSpec> SPECS =
      List.of(spec("most", "s", 2), spec("none analysed", null, null), spec("fewest", "s", 1));

  @TempDir private Path folder;

  @Test
  void aScanIsToldInTheManifestsOrder() throws IOException {
    JsonNode json = json(scanned());

    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "run_id",
            "base_id",
            "top_k",
            "epsilon",
            "side",
            "checkpoints",
            "accumulation",
            "ranking",
            "forgetting",
            "critical_margin_auc",
            "critical_margins",
            "rejected",
            "elapsed_seconds",
            "definition",
            "backend",
            "settings",
            "routes",
            "versions",
            "provenance",
            "seal");
    assertThat(json.get("checkpoints").toString())
        .isEqualTo(
            "[{\"checkpoint_id\":\"most\",\"matrices\":2,\"intruder_count\":3,\"intruders\":{\"0.5\":3},\"ties\":1,"
                + "\"intruder_energy_share\":0.5,\"update_relative_norm\":0.5,\"update_effective_rank\":2.0,\"rejected\":0},"
                + "{\"checkpoint_id\":\"none analysed\",\"matrices\":0,\"intruder_count\":0,\"intruders\":{},\"ties\":0,"
                + "\"intruder_energy_share\":0.0,\"update_relative_norm\":0.0,\"update_effective_rank\":0.0,\"rejected\":4},"
                + "{\"checkpoint_id\":\"fewest\",\"matrices\":2,\"intruder_count\":0,\"intruders\":{\"0.5\":0},\"ties\":1,"
                + "\"intruder_energy_share\":0.5,\"update_relative_norm\":0.5,\"update_effective_rank\":2.0,\"rejected\":0}]");
    assertThat(json.get("ranking").toString())
        .isEqualTo(
            "[{\"checkpoint_id\":\"fewest\",\"place\":1,\"mean_rank\":1.3333333333333333,\"intruder_count\":0,"
                + "\"intruder_energy_share\":0.5,\"update_relative_norm\":0.5},"
                + "{\"checkpoint_id\":\"most\",\"place\":2,\"mean_rank\":1.6666666666666667,\"intruder_count\":3,"
                + "\"intruder_energy_share\":0.5,\"update_relative_norm\":0.5}]");
    assertThat(json.get("routes").toString()).isEqualTo("{\"exact\":2,\"sketch\":2}");
    assertThat(json.get("critical_margin_auc").doubleValue()).isEqualTo(1.0);
    assertThat(json.get("critical_margins").toString())
        .isEqualTo(
            "[{\"evaluated_at\":\"k\",\"auc\":1.0,\"ci_low\":null,\"ci_high\":null,\"matrices\":4,\"with_intruders\":2,\"best\":true},"
                + "{\"evaluated_at\":\"edge\",\"auc\":0.0,\"ci_low\":null,\"ci_high\":null,\"matrices\":4,\"with_intruders\":2,\"best\":false},"
                + "{\"evaluated_at\":\"top\",\"auc\":0.5,\"ci_low\":null,\"ci_high\":null,\"matrices\":4,\"with_intruders\":2,\"best\":false}]");
    assertThat(json.get("elapsed_seconds").doubleValue()).isEqualTo(1.235);
    assertThat(json.at("/versions/spark").textValue()).isEqualTo("4.x");
    assertThat(json.get("definition").textValue()).contains("top 10 of", "below 0.5", "; left");
  }

  @Test
  void stepsStandBySequenceAndHaveNoCountOfMatrices() throws IOException {
    RunSummary summary =
        scanned()
            .withAccumulation(
                List.of(
                    new AccumulationStep("s", 2, "most", null, 28, 3, 2, 1, 0, 2, 0.25, null),
                    new AccumulationStep("s", 1, "fewest", "t", 28, 1, 1, 0, 0, 1, 0.125, null)),
                5,
                9);

    assertThat(json(summary).get("accumulation").toString())
        .isEqualTo(
            "[{\"sequence\":\"s\",\"step\":1,\"checkpoint_id\":\"fewest\",\"task\":\"t\",\"intruders\":1,\"born\":1,"
                + "\"persisted\":0,\"faded\":0,\"cumulative_born\":1,\"intruder_energy_share\":0.125,\"subspace_locking\":null},"
                + "{\"sequence\":\"s\",\"step\":2,\"checkpoint_id\":\"most\",\"task\":null,\"intruders\":3,\"born\":2,"
                + "\"persisted\":1,\"faded\":0,\"cumulative_born\":2,\"intruder_energy_share\":0.25,\"subspace_locking\":null}]");
    assertThat(summary.rejected()).isEqualTo(4 + 5);
    assertThat(summary.elapsedSeconds()).isEqualTo(9);
  }

  @Test
  void theReportsTablesHoldTheLists() throws IOException {
    JsonNode whole = json(scanned());

    JsonNode without = scanned().withoutLists();

    assertThat(without.has("checkpoints")).isFalse();
    assertThat(without.size()).isEqualTo(whole.size() - 5);
    without
        .properties()
        .forEach(
            entry ->
                assertThat(entry.getValue()).hasToString(whole.get(entry.getKey()).toString()));
  }

  @Test
  void aSummaryIsReadAsItWasWrittenOrNotAtAll() throws IOException {
    byte[] whole = scanned().toPrettyJson().getBytes(StandardCharsets.UTF_8);
    ObjectNode expected = scanned().withoutLists();
    assertThat(read(whole)).hasToString(expected.toString());
    assertThat(read(scanned().toJson().getBytes(StandardCharsets.UTF_8)))
        .hasToString(expected.toString());
    int refused = 0;
    for (int at = 0; at < whole.length; at += 7) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 1;
      ObjectNode found = read(flipped);
      if (found.isEmpty()) {
        refused++;
      } else {
        assertThat(found.toString()) // it was between two values
            .as("byte %d", at)
            .isEqualTo(expected.toString());
      }
    }
    assertThat(refused).isGreaterThan(whole.length / 7 / 2);
    for (int length = 0; length < whole.length; length += 100) {
      assertThat(read(Arrays.copyOf(whole, length))).as("%d bytes", length).isEmpty();
    }
    RunSummary other = scanned().withAccumulation(List.of(), 1, 9);
    String exchanged =
        other.toJson().replaceFirst("\"seal\":\"\\w+", "\"seal\":\"" + seal(scanned()));
    assertThat(read(exchanged.getBytes(StandardCharsets.UTF_8))).isEmpty();
    assertThat(read("[]".getBytes(StandardCharsets.UTF_8))).isEmpty();
    assertThat(read("{}".getBytes(StandardCharsets.UTF_8))).isEmpty();
  }

  private static String seal(RunSummary summary) throws IOException {
    return json(summary).get("seal").textValue();
  }

  private ObjectNode read(byte[] summary) throws IOException {
    Files.write(folder.resolve("_summary.json"), summary);
    Storage storage = new HadoopStorage(new Configuration());
    String out = storage.qualify(folder.toString());
    assertThat(SummaryReader.earlierSeconds(storage, out)).isEmpty();
    return SummaryReader.withoutLists(storage, out);
  }

  @Test
  void theStrongestCorrelationsOverAllCheckpointsAreToldUndefinedOnesLast() {
    List<ForgettingSummary> lines =
        ForgettingReport.strongest(
            Stream.of(
                line("m", "a", "all", "spearman", 0.5, "t", null),
                line("m", "b", "all", "spearman", null, null, "constant"),
                line("m", "c", "all", "spearman", -0.9, "t", null),
                line("l", "d", "all", "spearman", -0.5, "t", null),
                line("m", "c", "all", "spearman", -0.9, "permutation", null),
                line("m", "c", "all", "kendall", -1.0, "exact", null),
                line("m", "c", "last-step", "spearman", -1.0, "t", null)));

    assertThat(lines).extracting(ForgettingSummary::measure).containsExactly("c", "d", "a", "b");
    assertThat(lines.get(3).reason()).isEqualTo("constant");
  }

  @Test
  void noMoreCorrelationsAreToldThanFit() {
    assertThat(
            ForgettingReport.strongest(
                Stream.generate(() -> line("m", "a", "all", "spearman", 0.5, "t", null))
                    .limit(300)))
        .hasSize(ForgettingReport.MAX_LINES);
  }

  private static RunSummary scanned() {
    Manifest manifest = new Manifest("base", "file:/base", SPECS, List.of(), "hash");
    Map<String, CheckpointFigures> figures =
        Map.of("most", figures("most", 3), "fewest", figures("fewest", 0));
    List<CheckpointResult> results =
        SPECS.stream()
            .map(
                spec ->
                    CheckpointResult.of(
                        "base",
                        spec,
                        figures.get(spec.id()),
                        List.of(),
                        figures.containsKey(spec.id()) ? 0 : 4))
            .toList();
    return RunSummary.of(
        JobConfig.published(manifest, "file:/out"),
        "run",
        results,
        figures.values(),
        4,
        1.23456,
        "4.x");
  }

  private static CheckpointSpec spec(String id, String sequence, Integer step) {
    return new CheckpointSpec(id, List.of("file:/" + id), sequence, step, null, Map.of());
  }

  /** Of two matrices, whose margins tell which of them have intruders. */
  private static CheckpointFigures figures(String id, int intruders) {
    return new CheckpointFigures(
        id,
        "entries",
        2,
        intruders,
        Map.of("0.5", intruders),
        Map.of("0.5", 1),
        2,
        4,
        4,
        3,
        2,
        0.25,
        0,
        1,
        4,
        0.001,
        Map.of("sketch", 1, "exact", 1),
        List.of(
            new Margin(intruders > 0 ? 0.5 : 1.5, intruders > 0 ? 3.0 : 2.0, 1.0, intruders > 0),
            new Margin(intruders > 0 ? 0.25 : 2.5, intruders > 0 ? 4.0 : 1.0, 1.0, intruders > 0)),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        MeanGeometry.UNKNOWN,
        Identity.UNKNOWN,
        0);
  }

  private static CorrelationLine line(
      String metric,
      String measure,
      String grouping,
      String method,
      Double rho,
      String pValueMethod,
      String reason) {
    return new CorrelationLine(
        "base",
        metric,
        measure,
        grouping,
        method,
        4,
        rho,
        rho,
        pValueMethod,
        null,
        null,
        null,
        0,
        reason);
  }

  private static JsonNode json(RunSummary summary) throws IOException {
    return new ObjectMapper().readTree(summary.toJson());
  }
}
