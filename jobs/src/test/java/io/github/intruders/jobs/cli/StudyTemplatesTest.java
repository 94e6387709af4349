package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.cli.HeadlessBrowser.Look;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.manifest.ManifestReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The studies of {@code conf/studies}, just as they are, over the zoo's weights under the names
 * that they use, with made-up metrics.
 */
@ExtendWith(LocalMaster.class)
class StudyTemplatesTest {
  private static final Path STUDIES = Path.of("../conf/studies");
  private static final List<String> ADAPTERS =
      List.of("lora-r1", "lora-r8", "lora-r32").stream()
          .flatMap(
              run -> Stream.of("1-python", "2-c", "3-javascript", "4-xml").map(s -> run + "/" + s))
          .toList();
  private static final List<String> FULL =
      List.of("full/1-python", "full/2-c", "full/3-javascript", "full/4-xml");

  private static final List<Look> LOOKS =
      List.of(
          new Look("desktop", 1280, 900, false, "light"),
          new Look("phone", 390, 844, true, "light"));

  @TempDir private static Path temporary;
  private static HeadlessBrowser browser;

  private record Study(Path out, Manifest manifest) {}

  /** {@link ReportIT} says where one has to be. */
  @BeforeAll
  static void openABrowserIfThereIsOne() throws Exception {
    Optional<Path> binary = HeadlessBrowser.find();
    if (binary.isPresent()) {
      browser =
          new HeadlessBrowser(binary.get(), Files.createDirectory(temporary.resolve("profile")));
    }
  }

  @AfterAll
  static void closeTheBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  @Test
  void everyTemplateIsTestedHereAndStandsOnThePage() throws IOException {
    Set<String> templates = new TreeSet<>();
    try (Stream<Path> files = Files.list(STUDIES)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".yaml"))
          .forEach(templates::add);
    }
    assertThat(templates)
        .containsExactly(
            "dataset-fraction.yaml",
            "learning-rate.yaml",
            "rank-alpha.yaml",
            "seeds.yaml",
            "six-tasks.yaml",
            "variants.yaml");
    assertThat(Files.readString(STUDIES.resolve("README.md"))).contains(templates);
  }

  @Test
  void aSweepOfTheLearningRateIsComparedWithinAndBetweenRates() throws Exception {
    Study study = run("learning-rate");

    assertThat(groupings(study))
        .contains("lr=1e-5", "lr=1e-4", "lr=1e-3", "between=lr")
        .noneMatch(grouping -> grouping.startsWith("seed"));
    Row between =
        TableRows.table(study.out(), "forgetting")
            .where("grouping = 'between=lr' AND method = 'spearman'")
            .first();
    assertThat(between.<Integer>getAs("n")).isEqualTo(3);
    assertThat(page(study)).contains("\"tag lr\"", "\"tag seed\"");
    assertDrawn(study, "multiples", 1);
  }

  @Test
  void ranksAndRulesForAlphaAreGroupsAndPanels() throws Exception {
    Study study = run("rank-alpha");

    assertThat(groupings(study))
        .contains("rank=8", "rank=128", "between=rank", "alpha_rule=fixed", "between=alpha_rule");
    assertThat(page(study)).contains("\"tag rank\"", "\"tag alpha_rule\"");
    assertDrawn(study, "multiples", 2);
  }

  @Test
  void partsOfTheDataAreATagToDrawAgainst() throws Exception {
    Study study = run("dataset-fraction");

    assertThat(groupings(study)).contains("method=full", "between=method");
    assertThat(page(study)).contains("\"tag fraction\"");
    assertDrawn(study, "multiples", 1);
  }

  @Test
  void seedsAreToldAsMeanAndStandardDeviation() throws Exception {
    Study study = run("seeds");

    List<Row> lora =
        TableRows.table(study.out(), "seeds")
            .where("configuration['method'] = 'lora' AND name = 'loss_pretraining'")
            .collectAsList();
    assertThat(lora).hasSize(1);
    // numpy.mean and numpy.std(ddof=1) of [0.25, 0.5, 1.5]
    assertThat(lora.get(0).<Integer>getAs("n")).isEqualTo(3);
    assertThat(lora.get(0).<Double>getAs("mean")).isEqualTo(0.75);
    assertThat(lora.get(0).<Double>getAs("sd")).isEqualTo(0.6614378277661477);
    assertThat(lora.get(0).<Double>getAs("low")).isEqualTo(0.25);
    assertThat(lora.get(0).<Double>getAs("high")).isEqualTo(1.5);
    assertThat(TableRows.table(study.out(), "seeds").where("quantity = 'measure'").count())
        .isEqualTo(2 * 6);
    assertDrawn(study, "multiples", 2);
  }

  @Test
  void variantsAreGroupsByMethod() throws Exception {
    Study study = run("variants");

    assertThat(groupings(study)).contains("method=dora", "method=pissa");
    assertDrawn(study, "rank", 1);
    assertDrawn(study, "geometry", 2);
  }

  @Test
  void sixTasksHaveTheirMatrixAndBackwardTransfer() throws Exception {
    Study study = run("six-tasks");

    List<Row> last =
        TableRows.table(study.out(), "transfer")
            .where("sequence = 'lora' AND step = 6 AND metric = 'acc_sst-2'")
            .collectAsList();
    assertThat(last).hasSize(1);
    assertThat(last.get(0).<String>getAs("metric_task")).isEqualTo("sst-2");
    assertThat(last.get(0).<Integer>getAs("learned_at_step")).isEqualTo(3);
    assertThat(last.get(0).<Integer>getAs("tasks_before")).isEqualTo(5);
    // each task's accuracy falls by 1/16 with every step after its own: (5 + 4 + 3 + 2 + 1) / 5
    assertThat(last.get(0).<Double>getAs("backward_transfer")).isEqualTo(-3 / 16.0);
    assertThat(last.get(0).<Double>getAs("average_forgetting")).isEqualTo(3 / 16.0);
    assertThat(TableRows.table(study.out(), "accumulation").count()).isEqualTo(12);
    assertDrawn(study, "accumulation", 1);
    assertDrawn(study, "transfer", 1);
    assertDrawn(study, "geometry", 3);
  }

  /** The second adapter of the chain is the first one again, so its A is the same. */
  @Test
  void anAdapterWhoseInputFactorWasFrozenIsFlagged() throws IOException {
    Path folder = Files.createDirectories(temporary.resolve("frozen"));
    Path manifest = folder.resolve("manifest.yaml");
    String zoo = System.getProperty("zoo");
    Files.writeString(
        manifest,
        """
        base: {id: base, uri: %1$s/base}
        checkpoints:
          - {id: s/1, adapters: [%1$s/lora-r8/1-python], sequence: s, step: 1}
          - {id: s/2, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/1-python], sequence: s, step: 2}
          - {id: s/3, adapters: [%1$s/lora-r8/1-python, %1$s/lora-r8/2-c], sequence: s, step: 3}
        """
            .formatted(Path.of(zoo).toAbsolutePath()));
    Path out = folder.resolve("out");

    Outcome outcome =
        Outcome.of(
            "run",
            "--manifest",
            manifest.toString(),
            "--out",
            out.toString(),
            "--spectra",
            temporary.resolve("spectra").toString(),
            "--include",
            "layers\\.0\\.mlp\\.up_proj");

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    Map<String, String> frozen = new TreeMap<>();
    TableRows.table(out, "matrices")
        .collectAsList()
        .forEach(
            row ->
                frozen.put(
                    row.getAs("checkpoint_id"), String.valueOf(row.<String>getAs("frozen_input"))));
    assertThat(frozen).isEqualTo(Map.of("s/1", "null", "s/2", "repeated", "s/3", "null"));
    assertThat(Files.readString(out.resolve("report/index.html"))).contains("\"frozen\":{");
  }

  /** Runs a template where it lies beside links to the zoo's weights. */
  private static Study run(String name) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve(name));
    Path file = folder.resolve(name + ".yaml");
    Files.copy(STUDIES.resolve(name + ".yaml"), file);
    Manifest manifest = ManifestReader.read(file.toString(), Files.readString(file), uri -> uri);
    link(folder, manifest.baseUri(), "base");
    Map<String, String> linked = new TreeMap<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      for (String uri : spec.sources()) {
        if (!linked.containsKey(uri)) {
          List<String> zoo = uri.startsWith("adapters/") ? ADAPTERS : FULL;
          String weights = zoo.get(linked.size() % zoo.size());
          linked.put(uri, weights);
          link(folder, uri, weights);
        }
      }
    }
    Files.writeString(folder.resolve("evals.csv"), metrics(manifest));
    Path out = folder.resolve("out");
    Outcome outcome =
        Outcome.of(
            "run",
            "--manifest",
            file.toString(),
            "--out",
            out.toString(),
            "--spectra",
            temporary.resolve("spectra").toString(),
            "--include",
            "layers\\.0\\.mlp\\.up_proj");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    return new Study(out, manifest);
  }

  private static void link(Path folder, String uri, String weights) throws IOException {
    Path link = folder.resolve(uri);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, Path.of(System.getProperty("zoo"), weights).toAbsolutePath());
  }

  /** A loss of each checkpoint, and of each step of a sequence an accuracy by task. */
  private static String metrics(Manifest manifest) {
    double[] losses = {0.25, 0.5, 1.5, 0.75, 1.0, 1.25};
    List<String> lines = new ArrayList<>(List.of("checkpoint,metric,value"));
    lines.add("base,loss_pretraining,1");
    Map<String, Integer> tasks = new TreeMap<>();
    for (CheckpointSpec spec : manifest.checkpoints()) {
      if (spec.sequence() != null) {
        tasks.put(spec.task(), spec.step());
      }
    }
    tasks.keySet().forEach(task -> lines.add("base,acc_%s,0.5".formatted(task)));
    for (int i = 0; i < manifest.checkpoints().size(); i++) {
      CheckpointSpec spec = manifest.checkpoints().get(i);
      lines.add("%s,loss_pretraining,%s".formatted(spec.id(), 1 + losses[i % losses.length]));
      if (spec.sequence() != null) {
        tasks.forEach(
            (task, learned) ->
                lines.add(
                    "%s,acc_%s,%s"
                        .formatted(
                            spec.id(),
                            task,
                            spec.step() < learned ? 0.5 : 1 - (spec.step() - learned) / 16.0)));
      }
    }
    return String.join("\n", lines) + "\n";
  }

  private static List<String> groupings(Study study) {
    return TableRows.table(study.out(), "forgetting")
        .select("grouping")
        .distinct()
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  /**
   * Asserts that so many charts of a section are there and have points, on a desktop and a phone.
   */
  private static void assertDrawn(Study study, String section, int charts) throws Exception {
    if (browser == null) {
      return;
    }
    for (Look look : LOOKS) {
      browser.open(
          study.out().resolve("report/index.html"),
          look,
          "document.documentElement.dataset.drawn !== undefined");
      String canvases = "[...document.querySelectorAll('#%s canvas')]".formatted(section);
      assertThat(browser.evaluate(canvases + ".length").asInt()).as(section).isEqualTo(charts);
      assertThat(browser.evaluate(canvases + ".every((one) => one.dataset.points > 0)").asBoolean())
          .as("points in every chart of %s, %s", section, look)
          .isTrue();
      assertThat(browser.evaluate("document.documentElement.scrollWidth - innerWidth").asInt())
          .as("how far the page is wider than the window")
          .isLessThanOrEqualTo(0);
    }
  }

  private static String page(Study study) throws IOException {
    return Files.readString(study.out().resolve("report/index.html"));
  }
}
