package io.github.intruders.jobs.cli;

import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.forgetting.Ladder;
import io.github.intruders.forgetting.Observation;
import io.github.intruders.jobs.Launched;
import io.github.intruders.jobs.cli.HeadlessBrowser.Look;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.LadderLine;
import io.github.intruders.jobs.table.LadderTable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The report that the launcher writes, of a run whose every name is hostile, and one of five
 * hundred checkpoints, in a browser.
 */
@ExtendWith(LocalMaster.class)
class ReportIT {
  private static final Look DESKTOP = new Look("desktop", 1280, 900, false, "light");
  private static final Look DARK = new Look("dark", 1280, 900, false, "dark");
  private static final Look PHONE = new Look("phone", 390, 844, true, "light");

  private static final List<String> HOSTILE =
      List.of(
          "</script><script>window.hacked=1</script>",
          "<img src=x onerror=window.hacked=1> & \"quotes' `",
          "line\u2028separator \u202eright to left \u05e9\u05dc\u05d5\u05dd",
          "a-very-long-name-without-any-place-to-break-it-" + "x".repeat(100));

  private static final List<String> SECTIONS =
      List.of(
          "checkpoints",
          "counts",
          "similarity",
          "heat",
          "accumulation",
          "followed",
          "rank",
          "geometry",
          "forgetting",
          "transfer",
          "multiples",
          "mitigation",
          "worst",
          "matrix",
          "rejects");

  /** Copies of the run's checkpoints, so that there are five hundred. */
  private static final int COPIES = 125;

  /** The edited variants of some of them were measured too. */
  private static final String WITH_VARIANTS =
      "explode(if(copy = 0, transform(array('', '/top-l0', '/top-l0.5', '/top-l1'),"
          + " variant -> concat(checkpoint_id, variant)), array(checkpoint_id)))";

  private static final int MOST_BYTES = 3_000_000;

  /** What was looked at, for people to look at too. */
  private static final Path SCREENSHOTS = Path.of("target/report-screenshots");

  @TempDir private static Path temporary;
  private static Path run;
  private static Path many;
  private static HeadlessBrowser browser;

  @BeforeAll
  static void makeTheReports() throws Exception {
    run = temporary.resolve("run");
    Path manifest = hostileManifest();
    Launched launched =
        Launched.run(
            temporary,
            Map.of(),
            "run",
            "--manifest",
            manifest.toString(),
            "--include",
            "layers\\.[01]\\..*proj",
            "--lower-is-better",
            "loss </script>",
            "--out",
            run.toString());
    assertThat(launched.exitCode()).as(String.join("\n", launched.err())).isEqualTo(3);
    Outcome mitigated =
        Outcome.of(
            "mitigate",
            "--manifest",
            manifest.toString(),
            "--include",
            "layers\\.0\\..*up_proj",
            "--checkpoint",
            HOSTILE.get(3),
            "--lambda",
            "0,0.5,1",
            "--controls",
            "--out",
            run.toString());
    assertThat(mitigated.exitCode()).as(mitigated.err()).isZero();
    many = temporary.resolve("many");
    multiply();
    Outcome report = Outcome.of("report", "--out", many.toString());
    assertThat(report.exitCode()).as(report.err()).isZero();

    for (Path out : List.of(run, many)) {
      Files.createDirectories(SCREENSHOTS);
      Files.copy(
          page(out),
          SCREENSHOTS.resolve(out.getFileName() + ".html"),
          StandardCopyOption.REPLACE_EXISTING);
    }
    Optional<Path> binary = HeadlessBrowser.find();
    if (binary.isPresent()) {
      browser =
          new HeadlessBrowser(binary.get(), Files.createDirectory(temporary.resolve("profile")));
    } else {
      assertThat(System.getenv("CHROMIUM_REQUIRED")).as("No Chromium was found").isNull();
    }
  }

  @AfterAll
  static void closeTheBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  /** A sequence of four, each name in it hostile, and something that is left out. */
  private static Path hostileManifest() throws Exception {
    String zoo = System.getProperty("zoo");
    List<String> adapters = List.of("1-python", "2-c", "3-javascript", "4-xml");
    ObjectNode manifest = new ObjectMapper().createObjectNode();
    manifest.putObject("base").put("id", "base <b>\"").put("uri", zoo + "/base");
    ArrayNode checkpoints = manifest.putArray("checkpoints");
    StringBuilder metrics = new StringBuilder("checkpoint,metric,value\n");
    metrics.append("\"base <b>\"\"\",\"loss </script>\",1\n");
    for (int step = 1; step <= 4; step++) {
      String id = HOSTILE.get(step - 1);
      ObjectNode checkpoint = checkpoints.addObject().put("id", id);
      ArrayNode chain = checkpoint.putArray("adapters");
      adapters.subList(0, step).forEach(one -> chain.add(zoo + "/lora-r8/" + one));
      checkpoint.put("sequence", "sequence " + HOSTILE.get(1)).put("step", step);
      checkpoint.put("task", "task " + HOSTILE.get(0));
      checkpoint
          .putObject("tags")
          .put("method", "method " + HOSTILE.get(2))
          .put("rank <b>", step < 3 ? "8" : "16 " + HOSTILE.get(0));
      metrics.append(
          "\"%s\",\"loss </script>\",%d\n".formatted(id.replace("\"", "\"\""), 1 + step));
    }
    checkpoints.addObject().put("id", "<i>left out").put("uri", zoo + "/<i>nowhere");
    manifest.put("metrics", "metrics.csv");
    Files.writeString(temporary.resolve("metrics.csv"), metrics.toString());
    Path file = temporary.resolve("manifest.json");
    Files.writeString(file, manifest.toString());
    return file;
  }

  /** The tables of the run, each row many times over, in four layers. */
  private static void multiply() throws Exception {
    SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.sql.shuffle.partitions", "4")
            .getOrCreate();
    Dataset<Row> copies = spark.range(COPIES).selectExpr("cast(id AS INT) AS copy").cache();
    List<String> tables;
    try (Stream<Path> folders = Files.list(run)) {
      tables =
          folders
              .map(folder -> folder.getFileName().toString())
              .filter(name -> !name.startsWith("_") && !name.contains("-"))
              .filter(name -> !List.of("report", "mitigated", "rejects").contains(name))
              .toList();
    }
    for (String table : tables) {
      if (table.equals("forgetting_ladder")) { // of four checkpoints there is none
        spark
            .createDataFrame(ladder(), LadderTable.TABLE.columns())
            .withColumn("run_id", functions.lit("run"))
            .write()
            .parquet(many.resolve(table).toString());
        continue;
      }
      Dataset<Row> rows = spark.read().parquet(run.resolve(table).toString());
      List<String> columns = List.of(rows.columns());
      Dataset<Row> multiplied =
          rows.crossJoin(table.equals("forgetting") ? copies.where("copy = 0") : copies);
      for (String named : List.of("checkpoint_id", "sequence")) {
        if (columns.contains(named)) {
          multiplied =
              multiplied.withColumn(
                  named, expr("concat(right(%s, 20), ' ', copy)".formatted(named)));
        }
      }
      if (table.equals("similarity")) {
        multiplied =
            multiplied
                .where("matrix LIKE '%.up_proj%' OR matrix LIKE '%.gate_proj%'")
                .withColumn("layer", expr("int(regexp_extract(matrix, '[.]([01])[.]', 1))"));
      }
      if (List.of("checkpoints", "metrics").contains(table)) {
        multiplied = multiplied.withColumn("checkpoint_id", expr(WITH_VARIANTS));
      }
      if (table.equals("checkpoints")) {
        multiplied =
            multiplied
                .withColumn(
                    "method", expr("element_at(array('full', 'lora', 'dora'), 1 + copy % 3)"))
                .withColumn("intruder_count", expr("cast(intruder_count * (1 + copy / 40) AS INT)"))
                .withColumn(
                    "update_effective_rank", expr("update_effective_rank * (1 + copy % 7)"));
      }
      if (List.of(multiplied.columns()).contains("layer") && !table.equals("mitigations")) {
        multiplied =
            multiplied
                .withColumn("deeper", expr("explode(sequence(0, 1))"))
                .withColumn("layer", expr("layer + 2 * deeper"))
                .withColumn(
                    "matrix",
                    expr("regexp_replace(matrix, '[.][01][.]', concat('.', layer, '.'))"));
      }
      multiplied
          .select(columns.stream().map(functions::col).toArray(Column[]::new))
          .coalesce(2)
          .write()
          .parquet(many.resolve(table).toString());
    }
    spark
        .read()
        .parquet(run.resolve("rejects").toString())
        .write()
        .parquet(many.resolve("rejects").toString());
    Files.copy(run.resolve("_summary.json"), many.resolve("_summary.json"));
  }

  /** A ladder of checkpoints that grow in every measure, and forget. */
  private static List<Row> ladder() {
    List<Observation> observations = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      Map<String, Double> measures = new TreeMap<>();
      for (String measure : CheckpointResult.MEASURE_NAMES) {
        measures.put(measure, 1.0 + i % 6 + (measures.size() * i * i) % 5);
      }
      observations.add(
          new Observation(
              "sequence " + i / 4, i % 2 == 0 ? "full" : "lora", measures, i % 6 + i / 8.0));
    }
    return Ladder.of(observations, CheckpointResult.MEASURE_NAMES).stream()
        .map(rung -> LadderTable.toRow(new LadderLine("base <b>\"", "loss </script>", "all", rung)))
        .toList();
  }

  private static Path page(Path out) {
    return out.resolve("report/index.html");
  }

  private static HeadlessBrowser browser() {
    Assumptions.assumeTrue(
        browser != null,
        "No Chromium was found: name one in CHROMIUM, or put chromium on the PATH");
    return browser;
  }

  private static List<JsonNode> open(Path out, Look look) throws Exception {
    return browser().open(page(out), look, "document.documentElement.dataset.drawn !== undefined");
  }

  static Stream<Look> looks() {
    return Stream.of(DESKTOP, DARK, PHONE);
  }

  /** Nothing of the run was mitigated yet when the launcher drew its report. */
  private static List<String> sections(Path out) {
    return SECTIONS.stream()
        .filter(section -> out.equals(many) || !section.equals("mitigation"))
        .toList();
  }

  @Test
  void bothPagesAreValid() throws Exception {
    Path jars = Path.of(System.getProperty("html.validator"));
    Process validator =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                jars.resolve("*").toString(),
                "nu.validator.client.SimpleCommandLineValidator",
                "--errors-only",
                "--format",
                "text",
                page(run).toString(),
                page(many).toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(validator.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(validator.waitFor()).as(said).isZero();
  }

  @ParameterizedTest
  @MethodSource("looks")
  void everyFigureIsDrawnWithoutErrorsAndWithoutTheNetwork(Look look) throws Exception {
    for (Path out : List.of(run, many)) {
      List<JsonNode> events = new ArrayList<>(open(out, look));
      browser.screenshot(SCREENSHOTS.resolve(out.getFileName() + "-" + look.name() + ".png"));

      assertThat(events)
          .filteredOn(event -> event.path("method").asText().equals("Network.requestWillBeSent"))
          .extracting(event -> event.at("/params/request/url").asText())
          .filteredOn(url -> !url.startsWith("data:"))
          .containsExactly(page(out).toUri().toString());
      assertThat(events)
          .filteredOn(
              event ->
                  List.of("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
                      .contains(event.path("method").asText()))
          .isEmpty();
      assertThat(texts("[...document.querySelectorAll('main section')].map((one) => one.id)"))
          .containsExactlyElementsOf(sections(out));
      assertThat(texts(EMPTY_FIGURES)).isEmpty();
      assertThat(texts(OUTSIDE)).as("points outside the axes of their charts").isEmpty();
      assertThat(browser.evaluate("document.documentElement.scrollWidth - innerWidth").asInt())
          .as("how far the page is wider than the window")
          .isLessThanOrEqualTo(0);
    }
  }

  /** Figures without points, canvases of a single colour. */
  private static final String EMPTY_FIGURES =
      """
      [...document.querySelectorAll('[data-points]')].filter((one) => {
        if (!(Number(one.dataset.points) > 0)) return true;
        if (one.tagName !== 'CANVAS') return false;
        const pixels = new Uint32Array(one.getContext('2d').getImageData(0, 0, one.width, one.height).data.buffer);
        return new Set(pixels).size < 10;
      }).map((one) => one.getAttribute('aria-label') || one.closest('section').id)
      """;

  /** Points that are drawn beyond the area between the axes. */
  private static final String OUTSIDE =
      """
      charts.flatMap((chart) => chart.getSortedVisibleDatasetMetas().flatMap((set) => set.data.filter((point) =>
        point.x < chart.chartArea.left - 1 || point.x > chart.chartArea.right + 1 || point.y < chart.chartArea.top - 1 || point.y > chart.chartArea.bottom + 1)
        .map((point) => chart.canvas.getAttribute('aria-label'))))
      """;

  private static List<String> texts(String script) throws Exception {
    List<String> texts = new ArrayList<>();
    browser.evaluate(script).forEach(text -> texts.add(text.asText()));
    return texts;
  }

  @Test
  void hostileNamesAreShownAsTheyAreAndDoNothing() throws Exception {
    open(run, DESKTOP);

    assertThat(browser.evaluate("typeof window.hacked").asText()).isEqualTo("undefined");
    assertThat(
            browser
                .evaluate("document.querySelectorAll('img, b, main i:not(.scale i)').length")
                .asInt())
        .isZero();
    assertThat(
            texts(
                "[...document.querySelectorAll('#checkpoints tbody th')].map((one) => one.textContent)"))
        .containsExactlyInAnyOrder(
            HOSTILE.get(0), HOSTILE.get(1), HOSTILE.get(2), HOSTILE.get(3), "<i>left out");
    assertThat(browser.evaluate("document.title").asText())
        .isEqualTo("Intruder dimensions: base <b>\"");
    assertThat(browser.evaluate("document.querySelector('#rejects tbody').textContent").asText())
        .contains("<i>left out", "/<i>nowhere");
  }

  @Test
  void everyFigureHasItsNumbersAsATableAndHeadingsInOrder() throws Exception {
    open(run, DESKTOP);
    browser.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    HeadlessBrowser.await(
        "the tables",
        () ->
            browser
                .evaluate(
                    "[...document.querySelectorAll('details')].every((one) => one.querySelector('table'))")
                .asBoolean());

    assertThat(
            texts(
                "[...document.querySelectorAll('main section')].filter((one) => !one.querySelector('table tbody td') || !one.querySelector('p.how').textContent).map((one) => one.id)"))
        .as("sections without a table or a sentence on how to read it")
        .isEmpty();
    assertThat(
            texts(
                "[...document.querySelectorAll('main table')].filter((one) => !one.caption || !one.caption.textContent || [...one.tHead.querySelectorAll('th')].some((head) => head.scope !== 'col') || !one.querySelector('tbody th[scope=row]')).map((one) => one.closest('section').id)"))
        .as("tables without caption or headings")
        .isEmpty();
    assertThat(
            texts(
                "[...document.querySelectorAll('canvas')].filter((one) => one.getAttribute('role') !== 'img' || !one.getAttribute('aria-label')).map(() => 'canvas')"))
        .isEmpty();
    assertThat(texts("[...document.querySelectorAll('h1, h2, h3, h4')].map((one) => one.tagName)"))
        .startsWith("H1", "H2")
        .containsOnlyOnce("H1");
    assertThat(
            browser
                .evaluate(
                    "[...document.querySelectorAll('h1, h2, h3, h4')].every((one, at, all) => at === 0 || one.tagName[1] - all[at - 1].tagName[1] <= 1)")
                .asBoolean())
        .as("no level of headings is left out")
        .isTrue();
  }

  @Test
  void hoveringShowsTheNumbersOfEveryFigure() throws Exception {
    open(many, DESKTOP);
    int charts = browser.evaluate("charts.length").asInt();
    assertThat(charts).isEqualTo(20);
    for (int chart = 0; chart < charts; chart++) {
      JsonNode place =
          browser.evaluate(
              """
              (() => {
                const chart = charts[%d];
                chart.canvas.scrollIntoView({ block: 'center' });
                const set = chart.data.datasets.findIndex((one) => one.tip && one.data.length);
                const point = chart.getDatasetMeta(set).data[0];
                const box = chart.canvas.getBoundingClientRect();
                return { x: box.left + point.x, y: box.top + point.y };
              })()
              """
                  .formatted(chart));
      browser.point(place.path("x").asDouble(), place.path("y").asDouble());
      String tooltip = "charts[%d].tooltip".formatted(chart);
      HeadlessBrowser.await(
          "the tooltip of chart " + chart,
          () -> browser.evaluate("(%s || {}).opacity > 0".formatted(tooltip)).asBoolean());
      assertThat(
              browser
                  .evaluate("%s.body.flatMap((one) => one.lines).join(' ')".formatted(tooltip))
                  .asText())
          .containsPattern("[0-9]");
    }
    for (String cell : List.of("#heat td[data-tip]", "#followed .grid [data-tip]")) {
      JsonNode place =
          browser.evaluate(
              """
              (() => {
                const cell = document.querySelector('%s');
                cell.scrollIntoView({ block: 'center' });
                const box = cell.getBoundingClientRect();
                return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
              })()
              """
                  .formatted(cell));
      browser.point(place.path("x").asDouble(), place.path("y").asDouble());
      HeadlessBrowser.await(
          "the tip of " + cell,
          () -> browser.evaluate("!document.querySelector('.tip').hidden").asBoolean());
      assertThat(browser.evaluate("document.querySelector('.tip').textContent").asText())
          .containsPattern("similarity [0-9]|[0-9]+ of [0-9]+ tested vectors");
    }
  }

  @Test
  void theNameOfAWorstMatrixLeadsToItsVectors() throws Exception {
    open(run, DESKTOP);
    String third =
        texts("[...document.querySelectorAll('#worst tbody a')].map((one) => one.textContent)")
            .get(2);

    browser.evaluate("document.querySelectorAll('#worst tbody a')[2].click()");
    HeadlessBrowser.await(
        "the matrix",
        () -> browser.evaluate("document.activeElement.id === 'matrix-title'").asBoolean());

    assertThat(
            browser
                .evaluate("document.querySelector('#matrix select').selectedOptions[0].textContent")
                .asText())
        .startsWith("3. ")
        .contains(third.substring(0, 20));
    assertThat(
            browser
                .evaluate("document.querySelectorAll('#matrix .grid.digits .intruder').length")
                .asInt())
        .isPositive();
  }

  @Test
  void fiveHundredCheckpointsMakeABoundedPageThatCanBeNarrowedDown() throws Exception {
    assertThat(Files.size(page(many))).isLessThan(MOST_BYTES);
    List<JsonNode> events = open(many, DESKTOP);
    assertThat(events).isNotEmpty();

    assertThat(texts("[...document.querySelectorAll('#counts select')].map((one) => one.value)"))
        .as("lines of groups, not of checkpoints")
        .containsExactly("groups", "k", "groups");
    assertThat(
            texts(
                "[...document.querySelectorAll('#counts figure')[0].querySelectorAll('.key li bdi')].map((one) => one.textContent)"))
        .containsExactly("dora", "full", "lora");
    assertThat(browser.evaluate("document.querySelectorAll('#mitigation canvas').length").asInt())
        .as("measured forgetting of the variants beside their counts and norms")
        .isEqualTo(3);
    browser.evaluate(
        """
        (() => {
          const input = document.getElementById('filter');
          input.value = ' 77 dora';
          input.dispatchEvent(new Event('input'));
        })()
        """);
    HeadlessBrowser.await(
        "the filter",
        () ->
            browser
                .evaluate(
                    "document.querySelector('#controls output').textContent === '4 of 512 drawn'")
                .asBoolean());
    browser.screenshot(SCREENSHOTS.resolve("many-narrowed.png"));
  }

  @Test
  void printedItIsLightAndKeepsItsFigures() throws Exception {
    open(run, DARK);
    Path file = SCREENSHOTS.resolve("run.pdf");
    Files.deleteIfExists(file);
    browser.evaluate(
        "addEventListener('beforeprint', () => { window.printed = charts.every((one) => one.options.scales.x.ticks.color === getComputedStyle(document.documentElement).getPropertyValue('--soft-light').trim()); })");

    browser.print(file);

    assertThat(browser.evaluate("window.printed").asBoolean())
        .as("charts in light colours")
        .isTrue();
    assertThat(file).isNotEmptyFile();
    assertThat(
            browser
                .evaluate(
                    "charts.every((one) => one.options.scales.x.ticks.color === getComputedStyle(document.documentElement).getPropertyValue('--soft-dark').trim())")
                .asBoolean())
        .as("dark again on the screen")
        .isTrue();
  }
}
