package io.github.intruders.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.github.intruders.accumulation.Intruder;
import io.github.intruders.accumulation.TrackPoint;
import io.github.intruders.accumulation.TrackPoint.State;
import io.github.intruders.compare.Duplicate;
import io.github.intruders.compare.PairFigures;
import io.github.intruders.forgetting.MeasuredForgetting;
import io.github.intruders.forgetting.MitigationEffect;
import io.github.intruders.forgetting.MitigationEffect.Role;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.figures.AccumulationStep;
import io.github.intruders.jobs.figures.AdapterPair;
import io.github.intruders.jobs.figures.CheckLine;
import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.CheckpointSummariser;
import io.github.intruders.jobs.figures.ComparedAdapter;
import io.github.intruders.jobs.figures.CorrelationLine;
import io.github.intruders.jobs.figures.Identity;
import io.github.intruders.jobs.figures.MatrixStep;
import io.github.intruders.jobs.figures.MeanGeometry;
import io.github.intruders.jobs.figures.TrackedIntruder;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.report.ReportInput.MatrixId;
import io.github.intruders.jobs.report.ReportInput.Outcomes;
import io.github.intruders.jobs.report.ReportInput.Sequences;
import io.github.intruders.scan.CriticalStrength;
import io.github.intruders.scan.Geometry;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;

/** What reaches the page of records that are too many for it, and how it is written there. */
class ReportDataTest {
  private static JavaSparkContext spark() {
    return JavaSparkContext.fromSparkContext(TableRows.session().sparkContext());
  }

  @Test
  void whatIsTooMuchIsThinnedEvenlyAndKeepsItsFirstAndLast() {
    List<Integer> descending = IntStream.rangeClosed(-15, 0).map(i -> -i).boxed().toList();

    assertThat(Thinning.evenly(descending, 4)).containsExactly(15, 12, 8, 4, 0);
    assertThat(Thinning.evenly(List.of(16, 17, 18, 19), 4)).containsExactly(16, 17, 18, 19);
    assertThat(Thinning.evenly(List.of(), 4)).isEmpty();
  }

  @Test
  void rulesAreThoseOfTheLastCheckOfEachCheckpointWhoIsRefusedFirst() throws Exception {
    Scanned fixture = scanned();
    fixture.checks =
        spark()
            .parallelize(
                List.of(
                    check("a", "passed", null, "rules", "2026-01-02T00:00:00Z"),
                    check("b", "passed", null, "rules", "2026-01-01T00:00:00Z"),
                    check("b", "broken", "error", null, "2026-01-02T00:00:00Z"),
                    check("b", "unknown", "warning", null, "2026-01-02T00:00:00Z")));

    JsonNode page = ReportData.of(fixture.input());

    JsonNode checks = page.at("/tables/checks/rows");
    JsonNode words = page.get("words");
    assertThat(checks).hasSize(2);
    assertThat(words.get(checks.at("/0/0").asInt()).asText()).isEqualTo("b");
    assertThat(checks.at("/0/2").isNull()).isTrue();
    assertThat(
            List.of(
                checks.at("/0/4").asInt(), checks.at("/0/5").asInt(), checks.at("/0/6").asInt()))
        .containsExactly(0, 1, 1);
    JsonNode findings = page.at("/tables/check_findings/rows");
    assertThat(findings).hasSize(2);
    assertThat(words.get(findings.at("/0/3").asInt()).asText()).isEqualTo("error");
  }

  @Test
  void whatMayNotBeWhatItSaysItIsStandsBeforeTheCheckpoints() throws Exception {
    Scanned fixture = scanned();
    assertThat(ReportData.of(fixture.input()).at("/tables/warnings").isMissingNode()).isTrue();

    fixture.identity =
        new Identity(0.01, false, "scaled", 2, 1, 1.0, 0.25, "1 of 2 matrices, such as m: twice");
    JsonNode page = ReportData.of(fixture.input());

    JsonNode rows = page.at("/tables/warnings/rows");
    assertThat(rows).hasSize(1);
    JsonNode words = page.get("words");
    assertThat(words.get(rows.at("/0/0").asInt()).asText()).isEqualTo("a");
    assertThat(words.get(rows.at("/0/1").asInt()).asText()).isEqualTo("scaled");
    assertThat(words.get(rows.at("/0/5").asInt()).asText())
        .startsWith("it does not seem to descend from the base")
        .endsWith("; merge scaled: 1 of 2 matrices, such as m: twice");
  }

  private static CheckLine check(
      String id, String state, String effect, String acceptance, String at) {
    return new CheckLine(
        id, "set", "r", state, effect, "f", 0.9, "at most", 0.5, null, id, null, acceptance, at);
  }

  @Test
  void eachTextIsWrittenOnceFractionsHaveSixDigitsAndWhatIsNoNumberIsNull() {
    EmbeddedTables page = new EmbeddedTables();

    page.put(
        "first",
        new Columns<Integer>()
            .text("one", row -> "a")
            .number("two", row -> 1 / 3.0)
            .map("three", row -> Map.of("0.5", 7))
            .number("four", row -> Double.NaN)
            .text("five", row -> null)
            .list("six", row -> Arrays.asList(2 / 3.0, null))
            .flag("seven", row -> true)
            .map("eight", row -> (Map<String, Integer>) null),
        List.of(0));
    page.put(
        "second",
        new Columns<Long>()
            .number("one", row -> row)
            .text("two", row -> "b")
            .text("three", row -> "a"),
        List.of(12345678L));

    assertThat(page.toJson())
        .hasToString(
            "{\"words\":[\"a\",\"b\"],\"tables\":{\"first\":{\"columns\":[\"one\",\"two\",\"three\",\"four\",\"five\",\"six\",\"seven\",\"eight\"],"
                + "\"texts\":[0,4],\"rows\":[[0,0.333333,{\"0.5\":7},null,null,[0.666667,null],true,null]]},"
                + "\"second\":{\"columns\":[\"one\",\"two\",\"three\"],\"texts\":[1,2],\"rows\":[[12345678,1,0]]}}}");
  }

  @Test
  void aScanAloneGivesNoTablesOfOtherStages() throws Exception {
    JsonNode data = ReportData.of(scanned().input());

    assertThat(data.fieldNames())
        .toIterable()
        .containsExactly("words", "tables", "summary", "counts");
    assertThat(data.get("tables").fieldNames())
        .toIterable()
        .containsExactly(
            "checkpoints",
            "vectors",
            "shares",
            "heat",
            "heat_of_methods",
            "heat_of_checkpoints",
            "worst",
            "matrices",
            "rejects");
    assertThat(data.get("summary")).hasToString("{\"base_id\":\"base\"}");
    assertThat(data.get("counts")).hasToString("{\"checkpoints\":3,\"rejects\":70}");
  }

  @Test
  void checkpointsStandByStepThoseWithoutASequenceFirst() throws Exception {
    assertThat(rows(ReportData.of(scanned().input()), "checkpoints"))
        .containsExactly(
            "c|base|null|null|null|null|null|0|null|0|null|null|null|null|null|null|2|null|null|null|null|null|null",
            "a|base|s|1|t1|lora|1|2|{\"0.5\":1}|1|0.0454545|1.5|0.1|2.5|3.5|0.001|0|30.0|null|20.0|null|0.01|0.25",
            "b|base|s|2|t2|null|2|1|{\"0.5\":2}|2|1.0|1.5|0.1|2.5|3.5|0.001|0|30.0|null|20.0|null|0.01|0.25");
  }

  @Test
  void curvesCountUpToAnIndexAndTellQuartilesOverTheMatrices() throws Exception {
    JsonNode data = ReportData.of(scanned().input());

    // a has two matrices, of similarities 0.9 and 0.4, then 0.7 and 0.8.
    assertThat(rows(data, "vectors"))
        .containsExactly(
            "a|left|0|0|2|0.7|0.75|0.8|0.85|0.25",
            "a|left|1|1|4|0.4|0.5|0.6|0.7|0.25",
            "b|left|0|1|1|0.2|0.2|0.2|0.2|0.25",
            "b|left|1|2|2|0.3|0.3|0.3|0.3|0.25");
    // The smaller side is 4 of the one matrix, 8 of the other: shares 1/4, 2/4 and 1/8, 2/8.
    assertThat(rows(data, "shares"))
        .containsExactly(
            "a|left|0.125|0|1",
            "a|left|0.25|0|2",
            "a|left|0.5|1|1",
            "b|left|0.25|1|1",
            "b|left|0.5|1|1");
  }

  @Test
  void mapsAddUpSquaresByLayerAndModule() throws Exception {
    JsonNode data = ReportData.of(scanned().input());

    assertThat(rows(data, "heat"))
        .containsExactly("all checkpoints|null|mlp|0|2|0.0", "all checkpoints|0|q|3|4|0.545455");
    assertThat(rows(data, "heat_of_methods"))
        .containsExactly("lora|null|mlp|0|2|0.0", "lora|0|q|1|2|0.0909091");
    assertThat(rows(data, "heat_of_checkpoints"))
        .containsExactly("a|null|mlp|0|2|0.0", "a|0|q|1|2|0.0909091", "b|0|q|2|2|1.0");
  }

  @Test
  void matricesWithIntrudersAreShownVectorByVector() throws Exception {
    JsonNode data = ReportData.of(scanned().input());

    assertThat(rows(data, "worst"))
        .containsExactly(
            "b|m0|4|6|F32|2|1.0|2|1.5|1.5|1.5|0.1|2.0|4.0|0.5|exact|0.001",
            "a|m0|4|6|F32|1|0.0909091|2|1.5|1.5|1.5|0.1|2.0|4.0|0.5|exact|0.001");
    assertThat(rows(data, "matrices"))
        .containsExactly(
            "a|m0|left|0|3.16228|1.0|false|0.9|7|0.25|0.5|0.75|[0.124,0.988]",
            "a|m0|left|1|1.0|1.0|true|0.4|7|0.25|0.5|0.75|null",
            "b|m0|left|0|3.16228|1.0|true|0.2|7|0.25|0.5|0.75|[0.124,0.988]",
            "b|m0|left|1|1.0|1.0|true|0.3|7|0.25|0.5|0.75|null");
  }

  @Test
  void rejectsAreCutWhereThePageEnds() throws Exception {
    assertThat(rows(ReportData.of(scanned().input()), "rejects"))
        .hasSize(50)
        .startsWith("null|f0|NOT_FOUND|no file 0|c");
  }

  @Test
  void ofASequenceTheMatrixWithMostIntrudersIsFollowed() throws Exception {
    JavaSparkContext spark = spark();
    List<MatrixStep> steps =
        List.of(
            step("s", 2, "b", "m0", 2),
            step("s", 1, "a", "m0", 1),
            step("s", 1, "a", "m1", 3),
            step("s", 2, "b", "m1", 0),
            step("none", 1, "c", "m0", 0));
    List<TrackedIntruder> tracks = new ArrayList<>();
    tracks.add(tracked("m0", 0, 1, State.BORN, 9.0));
    tracks.add(tracked("m1", 1, 2, State.FADED, null));
    tracks.add(tracked("m1", 1, 1, State.BORN, 5.0));
    // One more than are shown; the later ones of equals are left out.
    for (int track = 2; track < 14; track++) {
      tracks.add(tracked("m1", track, 1, State.BORN, 4.0));
    }
    Scanned scanned = scanned();
    scanned.sequences =
        new Sequences(
            List.of(
                new AccumulationStep("s", 2, "b", "t2", 2, 2, 0, 2, 2, 4, 0.1, null),
                new AccumulationStep("s", 1, "a", "t1", 2, 4, 4, 0, 0, 4, 1 / 3.0, 2 / 3.0),
                new AccumulationStep("s", 3, "not drawn", null, 2, 4, 4, 0, 0, 4, 0.5, null)),
            spark.parallelize(steps, 3),
            spark.parallelize(tracks, 3));

    JsonNode data = inGroup("sequences", 2, scanned.input());

    assertThat(rows(data, "accumulation"))
        .containsExactly("s|1|a|t1|4|4|0|0|4|0.333333|0.666667", "s|2|b|t2|2|0|2|2|4|0.1|null");
    assertThat(rows(data, "followed")).containsExactly("s|m1|3");
    assertThat(rows(data, "pictured")).containsExactly("s|m1|1|a|t1", "s|m1|2|b|t2");
    assertThat(rows(data, "tracks"))
        .hasSize(13)
        .startsWith("s|1|1|t1|3|5.0|0.4|0.5|1|t1|born", "s|1|2|t2|null|null|null|0.5|1|t1|faded")
        .endsWith("s|12|1|t1|3|4.0|0.4|0.5|1|t1|born");
    assertThat(rows(data, "matrices")).anyMatch(row -> row.startsWith("a|m1|left|0|"));
  }

  @Test
  void ofSequencesWithoutIntrudersTablesAreEmpty() throws Exception {
    JavaSparkContext spark = spark();
    Scanned scanned = scanned();
    scanned.sequences = new Sequences(List.of(), spark.emptyRDD(), spark.emptyRDD());

    JsonNode data = ReportData.of(scanned.input());

    for (String table : List.of("accumulation", "followed", "pictured", "tracks")) {
      assertThat(rows(data, table)).isEmpty();
    }
  }

  @Test
  void metricsThatGoWithTheCountMostCloselyComeFirst() throws Exception {
    Scanned scanned = scanned();
    JavaRDD<MeasuredForgetting> measured =
        spark()
            .parallelize(
                List.of(
                    measured("a", "weak", 0.5),
                    measured("b", "weak", -1 / 3.0),
                    measured("a", "strong", 2),
                    measured("a", "unknown", 3),
                    measured("not drawn", "weak", 4)),
                2);
    JavaRDD<CorrelationLine> lines =
        spark()
            .parallelize(
                List.of(
                    line("weak", "intruder_count", "sequence=s", "spearman", -1.0, "t"),
                    line("weak", "intruder_count", "all", "kendall", 0.1, "exact"),
                    line("weak", "intruder_count", "all", "kendall", 0.1, "asymptotic"),
                    line("weak", "intruder_count", "all", "spearman", 0.2, "t"),
                    line("weak", "intruder_count", "all", "spearman", 0.2, "permutation"),
                    line("weak", "update_relative_norm", "all", "spearman", 0.9, "t"),
                    line("strong", "intruder_count", "all", "spearman", -0.8, "t"),
                    line("unknown", "intruder_count", "all", "spearman", null, null),
                    line("not measured", "intruder_count", "all", "spearman", 1.0, "t")),
                2);
    scanned.outcomes = new Outcomes(measured, lines, spark().emptyRDD(), spark().emptyRDD(), null);

    JsonNode data = inGroup("outcomes", 1, scanned.input());

    assertThat(rows(data, "metrics")).containsExactly("strong", "weak", "unknown");
    assertThat(rows(data, "forgetting"))
        .containsExactly("a|[2.0,0.5,3.0]", "b|[null,-0.333333,null]");
    String rest = "|0.25|0.75|0|null";
    assertThat(rows(data, "correlations"))
        .containsExactly(
            "all|strong|intruder_count|spearman|2|-0.8|0.5|t" + rest,
            "all|unknown|intruder_count|spearman|2|null|null|null|null|null|0|too few",
            "all|weak|intruder_count|spearman|2|0.2|0.5|t" + rest,
            "all|weak|update_relative_norm|spearman|2|0.9|0.5|t" + rest,
            "all|weak|intruder_count|kendall|2|0.1|0.5|asymptotic" + rest,
            "all|weak|intruder_count|kendall|2|0.1|0.5|exact" + rest,
            "sequence=s|weak|intruder_count|spearman|2|-1.0|0.5|t" + rest);
  }

  /** Such a checkpoint is on the page nevertheless, with nulls. */
  @Test
  void aCheckpointMayHaveOnlyMetricsThatAreNotDrawn() throws Exception {
    List<MeasuredForgetting> measured = new ArrayList<>();
    IntStream.range(0, 20).forEach(i -> measured.add(measured("a", "first-%02d".formatted(i), i)));
    measured.add(measured("b", "last", 1));
    Scanned scanned = scanned();
    scanned.outcomes =
        new Outcomes(
            spark().parallelize(measured, 2),
            spark().emptyRDD(),
            spark().emptyRDD(),
            spark().emptyRDD(),
            null);

    JsonNode data = inGroup("metrics", 2, scanned.input());

    assertThat(rows(data, "metrics")).hasSize(20).startsWith("first-00").doesNotContain("last");
    assertThat(rows(data, "forgetting"))
        .hasSize(2)
        .last()
        .isEqualTo("b|[" + "null,".repeat(19) + "null]");
    assertThat(rows(data, "correlations")).isEmpty();
  }

  @Test
  void editsAreAddedUpByCheckpointAndVariant() throws Exception {
    Scanned scanned = scanned();
    scanned.mitigations =
        spark()
            .parallelize(
                List.of(
                    edit("a", "m0", "top-l0.5", 0.5, 3),
                    edit("a", "m1", "top-l0.5", 0.5, 4),
                    edit("a", "m0", "all-l0", 0, 3)),
                2);

    JsonNode data = inGroup("mitigations", 1, scanned.input());

    assertThat(rows(data, "mitigations"))
        .containsExactly("a|all-l0|0.0|3|1|2|3.0|1.5|0.003", "a|top-l0.5|0.5|7|2|4|5.0|2.5|0.004");
  }

  @Test
  void whatEditsDidStandsByCheckpointThenByWhatTellsMost() throws Exception {
    Scanned scanned = scanned();
    scanned.outcomes =
        new Outcomes(
            spark().emptyRDD(),
            spark().emptyRDD(),
            spark().emptyRDD(),
            spark().emptyRDD(),
            spark()
                .parallelize(
                    List.of(
                        effect("a", "top-l0.5", 0.5, Role.GENERAL, null),
                        effect("b", "top-l0.5", 0.5, Role.TARGET, -2.0),
                        effect("a", "top-l1.5", 1.5, Role.PRETRAINING, 12.5),
                        effect("a", "all-l0.5", 0.5, Role.PRETRAINING, -8.0)),
                    2));

    JsonNode data = inGroup("effects", 2, scanned.input());

    assertThat(rows(data, "effects"))
        .containsExactly(
            "a|all-l0.5|0.5|m|pretraining|3.0|0.5|-8.0|1.0",
            "a|top-l1.5|1.5|m|pretraining|3.0|0.5|12.5|1.0",
            "b|top-l0.5|0.5|m|target|3.0|0.5|-2.0|1.0",
            "a|top-l0.5|0.5|m|general|3.0|0.5|null|1.0");
  }

  private static MitigationEffect effect(
      String checkpoint, String variant, double lambda, Role role, Double percent) {
    return new MitigationEffect(
        checkpoint, variant, lambda, "m", role, true, 3, 2.5, 1, 0.5, percent);
  }

  /** The page's data, and that so many Spark jobs drew it. */
  private static JsonNode inGroup(String group, int jobs, ReportInput input) throws Exception {
    JavaSparkContext spark = spark();
    spark.setJobGroup(group, group);
    try {
      JsonNode data = ReportData.of(input);
      spark.sc().listenerBus().waitUntilEmpty();
      assertThat(spark.statusTracker().getJobIdsForGroup(group)).hasSize(jobs);
      return data;
    } finally {
      spark.clearJobGroup();
    }
  }

  /** Some columns of a table. */
  private static List<String> rows(JsonNode data, String name, String... columns) {
    List<String> all = new ArrayList<>();
    data.at("/tables/" + name).get("columns").forEach(column -> all.add(column.textValue()));
    return rows(data, name).stream()
        .map(row -> row.split("\\|", -1))
        .map(
            row ->
                Stream.of(columns)
                    .map(column -> row[all.indexOf(column)])
                    .collect(Collectors.joining("|")))
        .toList();
  }

  /** The rows of a table, its words in place. */
  private static List<String> rows(JsonNode data, String name) {
    JsonNode table = data.at("/tables/" + name);
    List<Integer> texts = new ArrayList<>();
    table.get("texts").forEach(column -> texts.add(column.intValue()));
    List<String> rows = new ArrayList<>();
    for (JsonNode row : table.get("rows")) {
      List<String> values = new ArrayList<>();
      for (int column = 0; column < row.size(); column++) {
        JsonNode value = row.get(column);
        values.add(
            texts.contains(column) && !value.isNull()
                ? data.get("words").get(value.intValue()).textValue()
                : value.toString());
      }
      rows.add(String.join("|", values));
    }
    return rows;
  }

  @Test
  void familiesStandSideBySideInThePictureOfPairs() throws Exception {
    Scanned scanned = new Scanned();
    scanned.comparison =
        new ReportInput.Comparison(
            List.of(
                compared("a", null, null),
                compared("b", "b", 2),
                compared("c", null, null),
                compared("d", "b", 2)),
            spark()
                .parallelize(
                    List.of(
                        pair("a", "b", 0.0, 0.3, null),
                        pair("a", "c", 0.1, 0.1, true),
                        pair("a", "d", 0.0, 0.2, true),
                        pair("b", "c", 0.0, null, null),
                        pair("b", "d", 1.0, 1.0, false),
                        pair("c", "d", null, null, true)),
                    2));

    JsonNode data = ReportData.of(scanned.input());

    assertThat(rows(data, "compared", "checkpoint_id", "family", "family_size"))
        .containsExactly("b|b|2", "d|b|2", "a|null|null", "c|null|null");
    assertThat(rows(data, "pairs", "checkpoint_a", "checkpoint_b", "leading_cosine"))
        .containsExactlyInAnyOrder(
            "a|b|0.0", "a|c|0.1", "a|d|0.0", "b|c|0.0", "b|d|1.0", "c|d|null");
    assertThat(rows(data, "copies", "checkpoint_a", "checkpoint_b", "duplicate"))
        .containsExactly("b|d|exact");
    assertThat(rows(data, "safe", "checkpoint_a", "checkpoint_b", "interference"))
        .containsExactly("c|d|null", "a|c|0.1", "a|d|0.2");
  }

  private static ComparedAdapter compared(String id, String family, Integer size) {
    return new ComparedAdapter(id, "base", 1, 0, 1, 1.0, family, size, null, null);
  }

  private static AdapterPair pair(
      String a, String b, Double cosine, Double interference, Boolean safe) {
    Duplicate duplicate = cosine != null && cosine == 1 ? Duplicate.EXACT : null;
    return new AdapterPair(
        a,
        b,
        "base",
        1,
        0,
        new PairFigures(
            1,
            1,
            cosine,
            cosine,
            cosine,
            cosine,
            1.0,
            1.0,
            0.1,
            0.1,
            interference,
            0.1,
            null,
            duplicate),
        0.3,
        0.3,
        safe,
        null);
  }

  private static final class Scanned {
    private final List<ScanEntry> entries =
        List.of(
            entry("a", "m0", 0, "q", 4, vectors(0.9, 0.4)),
            entry("a", "m1", null, "mlp", 8, vectors(0.7, 0.8)),
            entry("b", "m0", 0, "q", 4, vectors(0.2, 0.3)));
    private Sequences sequences;
    private Outcomes outcomes;
    private JavaRDD<MitigationEntry> mitigations;
    private JavaRDD<CheckLine> checks;
    private ReportInput.Comparison comparison;
    private Identity identity = Identity.UNKNOWN; // of checkpoint a

    private ReportInput input() {
      Map<String, CheckpointSummariser> byId = new TreeMap<>();
      for (ScanEntry entry : entries) {
        byId.computeIfAbsent(entry.checkpointId(), CheckpointSummariser::new).add(entry);
      }
      Map<String, CheckpointFigures> figures = new HashMap<>();
      byId.forEach((id, summariser) -> figures.put(id, summariser.figures()));
      return new ReportInput(
          JsonNodeFactory.instance.objectNode().put("base_id", "base"),
          List.of(
              result("b", "s", 2, "t2", null, figures.get("b"), Identity.UNKNOWN),
              result("a", "s", 1, "t1", "lora", figures.get("a"), identity),
              result("c", null, null, null, null, null, Identity.UNKNOWN)),
          List.copyOf(figures.values()),
          matrices ->
              entries.stream()
                  .filter(
                      entry ->
                          matrices.contains(new MatrixId(entry.checkpointId(), entry.matrix())))
                  .toList(),
          sequences,
          outcomes,
          mitigations,
          checks,
          comparison,
          IntStream.range(0, 60)
              .mapToObj(
                  i -> new Rejection("c", null, "f" + i, RejectCode.NOT_FOUND, "no file " + i))
              .toList(),
          70);
    }
  }

  private static Scanned scanned() {
    return new Scanned();
  }

  private static CheckpointResult result(
      String id,
      String sequence,
      Integer step,
      String task,
      String method,
      CheckpointFigures figures,
      Identity identity) {
    boolean analysed = figures != null;
    return new CheckpointResult(
        "base",
        id,
        sequence,
        step,
        task,
        method,
        Map.of(),
        analysed ? figures.matrices() : 0,
        analysed ? figures.intruders() : null,
        analysed ? figures.intruderCount() : 0,
        analysed ? (Double) (figures.intruderEnergy() / figures.energy()) : null,
        analysed ? (Double) 1.5 : null,
        analysed ? (Double) 2.5 : null,
        analysed ? (Double) 3.5 : null,
        analysed ? (Double) 0.5 : null,
        analysed ? (Double) 0.1 : null,
        analysed ? (Integer) 1 : null,
        analysed ? Map.of() : null,
        analysed ? (Double) 0.001 : null,
        analysed ? 0 : 2,
        analysed ? figures.geometry() : MeanGeometry.UNKNOWN,
        identity);
  }

  /** Two, with squares of their singular values 10 and 1; intruders below one half. */
  private static List<VectorScan> vectors(double first, double second) {
    List<VectorScan> vectors = new ArrayList<>();
    for (double similarity : new double[] {first, second}) {
      vectors.add(
          new VectorScan(
              Side.LEFT,
              vectors.size(),
              vectors.isEmpty() ? Math.sqrt(10) : 1,
              similarity,
              similarity,
              similarity,
              7,
              1.0,
              similarity < 0.5,
              0.9,
              0.25,
              0.75,
              0.5,
              0.0,
              1.0,
              0.001));
    }
    return vectors;
  }

  private static ScanEntry entry(
      String checkpointId,
      String matrix,
      Integer layer,
      String module,
      int rows,
      List<VectorScan> vectors) {
    int intruders = (int) vectors.stream().filter(VectorScan::isIntruder).count();
    return new ScanEntry(
        "key",
        checkpointId,
        matrix,
        layer,
        module,
        rows,
        rows + 2,
        "F32",
        2,
        null,
        0.3,
        0.1,
        2,
        1.5,
        1.5,
        1.5,
        3,
        4,
        3,
        new CriticalStrength(1, 2.0, 3.0, 4.0),
        intruders,
        Map.of("0.5", intruders),
        Map.of("0.5", 0),
        energy(vectors.stream().filter(VectorScan::isIntruder)),
        energy(vectors.stream()),
        "exact",
        0.001,
        1,
        vectors,
        Map.of(Side.LEFT, List.of(new double[] {0.1235, 0.9876})),
        new Geometry(30.0, null, 20.0, null, 0.01, 0.25, "one side is not known"),
        null);
  }

  private static double energy(Stream<VectorScan> vectors) {
    return vectors.mapToDouble(vector -> vector.singularValue() * vector.singularValue()).sum();
  }

  private static MatrixStep step(
      String sequence, int step, String checkpointId, String matrix, int intruders) {
    return new MatrixStep(
        sequence,
        step,
        checkpointId,
        "t" + step,
        matrix,
        0,
        "q",
        intruders,
        0,
        0,
        0,
        0,
        0.1,
        1,
        0.5);
  }

  private static TrackedIntruder tracked(
      String matrix, int track, int step, State state, Double value) {
    return new TrackedIntruder(
        "s",
        matrix,
        0,
        "q",
        "checkpoint",
        "t" + step,
        "left",
        new TrackPoint(
            track,
            step,
            value == null ? null : new Intruder(3, value, 0.4),
            null,
            0.5,
            0.5,
            1,
            "t1",
            state));
  }

  private static MeasuredForgetting measured(String id, String metric, double forgetting) {
    return new MeasuredForgetting(id, metric, 1, 1, true, forgetting, "file");
  }

  private static CorrelationLine line(
      String metric, String measure, String grouping, String method, Double rho, String pValue) {
    boolean isDefined = rho != null;
    return new CorrelationLine(
        "base",
        metric,
        measure,
        grouping,
        method,
        2,
        rho,
        isDefined ? (Double) 0.5 : null,
        pValue,
        isDefined ? (Double) 0.25 : null,
        isDefined ? (Double) 0.75 : null,
        isDefined ? (Integer) 100 : null,
        0,
        isDefined ? null : "too few");
  }

  private static MitigationEntry edit(
      String checkpointId, String matrix, String variant, double lambda, int intruders) {
    return new MitigationEntry(
        "key",
        checkpointId,
        matrix,
        0,
        "q",
        4,
        6,
        variant,
        lambda,
        "all",
        intruders,
        1,
        List.of(0),
        1,
        List.of(1.0),
        List.of(0.5),
        intruders,
        intruders / 2.0,
        2,
        2,
        intruders / 1000.0,
        0.25,
        null,
        null,
        2,
        "exact");
  }
}
