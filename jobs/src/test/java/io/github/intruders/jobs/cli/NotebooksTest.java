package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The Zeppelin notes: each SQL paragraph on the tables of a run, each chart on what it returns. */
@ExtendWith({LocalMaster.class, ZooRun.Shared.class})
class NotebooksTest {
  /** Zeppelin's forms: dollars, name, default and options. */
  private static final Pattern FORM = Pattern.compile("(\\$+)\\{(\\w+)=([^,}]*)(?:,([^}]*))?}");

  /** How many rows Zeppelin shows of a query; the others are cut off. */
  private static final int SHOWN_ROWS = 1000;

  private static final String DATABASE = "notebook_tables";
  private static final Set<String> CHARTS =
      Set.of("multiBarChart", "lineChart", "scatterChart", "table");

  /** What compare writes. */
  private static final List<String> PAIRS =
      List.of("adapter_pairs", "adapter_pairs_by_matrix", "adapter_families", "adapter_neighbours");

  @TempDir private static Path temporary;
  private static Path out;
  private static SparkSession spark;

  @BeforeAll
  static void writeTables(ZooRun run) throws IOException {
    assertThat(run.outcome().exitCode()).as(run.outcome().err()).isZero();
    out = temporary.resolve("out"); // others read the run's
    FileUtils.copyDirectory(run.out().toFile(), out.toFile());
    Outcome mitigated =
        Outcome.of(
            "mitigate",
            "--manifest",
            System.getProperty("zoo") + "/manifest.yaml",
            "--checkpoint",
            "lora-r8/4-xml",
            "--lambda",
            "0,0.5",
            "--controls",
            "--out",
            out.toString());
    assertThat(mitigated.exitCode()).as(mitigated.err()).isZero();
    Outcome compared =
        Outcome.of(
            "compare",
            "--manifest",
            System.getProperty("zoo") + "/manifest.yaml",
            "--out",
            out.toString());
    assertThat(compared.exitCode()).as(compared.err()).isZero();
    spark = SparkSession.builder().config("spark.sql.shuffle.partitions", "1").getOrCreate();
    spark.sql("CREATE DATABASE " + DATABASE);
    for (String table :
        Stream.concat(CatalogCommandsTest.TABLES.stream(), PAIRS.stream()).toList()) {
      spark.sql(
          "CREATE VIEW %s.%s AS SELECT * FROM parquet.`%s`"
              .formatted(DATABASE, table, out.resolve(table)));
    }
  }

  @AfterAll
  static void stopTheSession() {
    spark.stop();
  }

  static List<Path> notes() {
    try (Stream<Path> files =
        Files.list(Path.of(System.getProperty("zoo")).resolve("../../../notebooks").normalize())) {
      return files.filter(file -> file.toString().endsWith(".zpln")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("notes")
  void everyChartShowsColumnsOfItsQueryWhereverTheTablesLie(Path file) throws IOException {
    JsonNode note = new ObjectMapper().readTree(file.toFile());

    Map<String, List<String>> inFolders = runAll(note, "out");

    assertThat(inFolders).hasSizeGreaterThan(5);
    assertThat(runAll(note, "catalog")).isEqualTo(inFolders);
  }

  /**
   * Runs the SQL paragraphs in order and checks the charts.
   *
   * @param place the form that tells where the tables lie; views of other places are passed over
   * @return title → rows
   */
  private static Map<String, List<String>> runAll(JsonNode note, String place) {
    Map<String, List<String>> results = new TreeMap<>();
    for (JsonNode paragraph : note.path("paragraphs")) {
      String text = paragraph.path("text").asText();
      if (!text.startsWith("%spark.sql")) {
        continue;
      }
      if (!text.contains("TEMPORARY VIEW")) {
        Dataset<Row> answer = spark.sql(sql(text));
        List<Row> rows = answer.collectAsList();
        String title = paragraph.path("title").asText();
        assertShows(
            paragraph.at("/config/results/0/graph"), List.of(answer.columns()), rows, title);
        results.put(title, rows.stream().map(Row::json).toList());
      } else if (text.contains("{" + place + "=")) {
        Stream.of(sql(text).split(";\\s*\n", -1))
            .filter(statement -> !statement.isBlank())
            .forEach(spark::sql);
      }
    }
    return results;
  }

  /** What Zeppelin hands to Spark: every form at its default, but for where the tables lie. */
  private static String sql(String text) {
    Map<String, String> places = Map.of("out", out.toString(), "catalog", DATABASE);
    return FORM.matcher(text.substring(text.indexOf('\n')))
        .replaceAll(
            form -> Matcher.quoteReplacement(places.getOrDefault(form.group(2), form.group(3))));
  }

  private static void assertShows(
      JsonNode graph, List<String> columns, List<Row> rows, String title) {
    assertThat(graph.path("mode").asText()).as(title).isIn(CHARTS);
    assertThat(rows).as(title).hasSizeLessThanOrEqualTo(SHOWN_ROWS);
    if (!title.equals("Rejects")) {
      assertThat(rows).as(title).isNotEmpty();
    }
    List<JsonNode> axes = new ArrayList<>();
    for (String part : List.of("keys", "groups", "values")) {
      graph.path(part).forEach(axes::add);
    }
    graph.at("/setting/scatterChart").forEach(axes::add);
    for (JsonNode axis : axes) {
      assertThat(columns.indexOf(axis.path("name").asText()))
          .as("%s: %s among %s", title, axis.path("name"), columns)
          .isEqualTo(axis.path("index").asInt());
    }
    List<JsonNode> numbers = new ArrayList<>();
    switch (graph.path("mode").asText()) {
      case "multiBarChart", "lineChart" -> {
        assertThat(graph.path("keys")).as(title).hasSize(1);
        assertThat(graph.path("values")).as(title).isNotEmpty();
        graph.path("values").forEach(numbers::add);
        assertOneRowForEachPoint(graph, rows, title);
      }
      case "scatterChart" -> {
        numbers.add(graph.at("/setting/scatterChart/xAxis"));
        numbers.add(graph.at("/setting/scatterChart/yAxis"));
      }
      default -> assertThat(axes).as(title).isEmpty();
    }
    for (JsonNode number : numbers) {
      assertThat(rows)
          .as("%s: %s", title, number.path("name"))
          .allSatisfy(
              row -> assertThat(row.get(number.path("index").asInt())).isInstanceOf(Number.class));
    }
  }

  /** Zeppelin would add up several, unseen. */
  private static void assertOneRowForEachPoint(JsonNode graph, List<Row> rows, String title) {
    List<Integer> places = new ArrayList<>();
    graph.path("keys").forEach(key -> places.add(key.path("index").asInt()));
    graph.path("groups").forEach(group -> places.add(group.path("index").asInt()));
    Set<List<Object>> points = new HashSet<>();
    for (Row row : rows) {
      List<Object> point = new ArrayList<>();
      places.forEach(place -> point.add(row.get(place)));
      assertThat(point).as(title).doesNotContainNull();
      assertThat(points.add(point)).as("%s: a second row for %s", title, point).isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("notes")
  void aNoteHasWhatZeppelinReadsAndTellsItsQuestionFirst(Path file) throws IOException {
    JsonNode note = new ObjectMapper().readTree(file.toFile());
    assertThat(note.path("id").asText()).matches("2[A-Z0-9]{8}");
    assertThat(note.path("name").asText()).startsWith("Intruder dimensions/");
    assertThat(note.path("noteParams").isObject()).isTrue();
    StringBuilder whole = new StringBuilder();
    Set<String> ids = new HashSet<>();
    for (JsonNode paragraph : note.path("paragraphs")) {
      String text = paragraph.path("text").asText();
      String title = paragraph.path("title").asText();
      whole.append(text);
      assertThat(text).matches("(?s)%(md|spark\\.sql)\n.*");
      assertThat(ids.add(paragraph.path("id").asText())).as("one id each: %s", title).isTrue();
      assertThat(paragraph.path("status").asText()).isEqualTo("READY");
      assertThat(paragraph.has("results")).as("results are not kept: %s", title).isFalse();
      assertThat(names(paragraph.at("/settings/forms")))
          .as(title)
          .isEqualTo(forms(text, "$").keySet());
    }
    String first = note.at("/paragraphs/0/text").asText();
    assertThat(first).startsWith("%md\n## ").contains("?").contains("*Run all*");
    Map<String, String> forms = forms(whole.toString(), "$$");
    assertThat(names(note.path("noteForms"))).isEqualTo(forms.keySet());
    forms.forEach(
        (name, value) ->
            assertThat(note.at("/noteForms/" + name + "/defaultValue").asText()).isEqualTo(value));
    assertThat(note.at("/paragraphs/1/config/enabled").asBoolean()).isTrue();
    assertThat(note.at("/paragraphs/2/config/enabled").asBoolean()).isFalse();
  }

  /** Form → default; {@code $} for those of a paragraph, {@code $$} for those of the note. */
  private static Map<String, String> forms(String text, String dollars) {
    Map<String, String> forms = new LinkedHashMap<>();
    Matcher form = FORM.matcher(text);
    while (form.find()) {
      if (form.group(1).equals(dollars)) {
        String before = forms.put(form.group(2), form.group(3));
        assertThat(before).as(form.group(2)).isIn(null, form.group(3));
        if (form.group(4) != null) {
          assertThat(form.group(4).split("\\|", -1)).contains(form.group(3));
        }
      }
    }
    return forms;
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new HashSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
