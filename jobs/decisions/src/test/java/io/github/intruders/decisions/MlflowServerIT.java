package io.github.intruders.decisions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.decisions.FakeServer.Answer;
import io.github.intruders.decisions.FakeServer.Request;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.listener.RunResult;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.ModelRegistry.ModelVersionTag;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.tracking.MlflowClient;

/**
 * There and back with a real MLflow server, which is started here: by what a listener is told, and
 * by the launcher. Needs Python 3.11 and PyPI; where these are missing it is skipped, unless the
 * variable MLFLOW_REQUIRED is set.
 */
class MlflowServerIT {
  private static final Duration START = Duration.ofMinutes(5);
  private static final Duration LAUNCHED = Duration.ofMinutes(5);

  @TempDir private static Path folder;

  private static Process server;
  private static String url;
  private static MlflowClient client;
  private static String experiment;

  private final MemoryStorage storage = new MemoryStorage();

  @BeforeAll
  static void startServer() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path log = folder.resolve("server.txt");
    server =
        new ProcessBuilder(
                System.getProperty("mlflow.server"), folder.toString(), String.valueOf(port))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    url = "http://127.0.0.1:" + port;
    Instant giveUp = Instant.now().plus(START);
    while (!isUp()) {
      if (!server.isAlive() || Instant.now().isAfter(giveUp)) {
        String said = "No MLflow server: " + Files.readString(log);
        assumeTrue(System.getenv("MLFLOW_REQUIRED") != null, said);
        fail(said);
      }
      Thread.sleep(500);
    }
    client = new MlflowClient(url);
    experiment = client.createExperiment("tuning");
  }

  @AfterAll
  static void stopServer() throws InterruptedException {
    server.descendants().forEach(ProcessHandle::destroy);
    server.destroy();
    if (!server.waitFor(20, TimeUnit.SECONDS)) {
      server.descendants().forEach(ProcessHandle::destroyForcibly);
      server.destroyForcibly();
    }
  }

  private static boolean isUp() throws InterruptedException {
    try {
      return get(url + "/health").equals("OK");
    } catch (IOException e) {
      return false;
    }
  }

  private static String get(String uri) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(uri)).build(), BodyHandlers.ofString())
        .body();
  }

  /** An artifact of a run, through the server. */
  private static String artifact(String runId) throws IOException, InterruptedException {
    return get(
        url
            + "/api/2.0/mlflow-artifacts/artifacts/%s/%s/artifacts/intruders/report.html"
                .formatted(experiment, runId));
  }

  private static Map<String, Double> metrics(Run run) {
    Map<String, Double> metrics = new TreeMap<>();
    run.getData().getMetricsList().forEach(one -> metrics.put(one.getKey(), one.getValue()));
    return metrics;
  }

  private static Map<String, String> tags(Run run) {
    Map<String, String> tags = new TreeMap<>();
    run.getData().getTagsList().forEach(one -> tags.put(one.getKey(), one.getValue()));
    return tags;
  }

  /** One night: a new listener is told of a run and of its end. */
  private void night(Instant at, RunResult result) throws IOException {
    MlflowListener listener = new MlflowListener(Map.of("MLFLOW_TRACKING_URI", url));
    listener.open(null);
    Map<String, Map<String, String>> named = new TreeMap<>();
    result.checkpoints().forEach(one -> named.put(one.checkpointId(), one.tags()));
    listener.started(Runs.start(storage, named, at));
    listener.completed(Runs.start(storage, named, at), result);
  }

  @Test
  void aSecondNightAddsNothingAndANewFigureIsAdded() throws Exception {
    String runId = client.createRun(experiment).getRunId();
    Map<String, String> tags = Map.of("mlflow_run_id", runId);
    CheckpointResult early = Runs.result("chat/500", tags, 500, 3);
    CheckpointResult late = Runs.result("chat/1000", tags, 1000, 4);
    storage.files().put(Runs.REPORT, "<html>first ä</html>".getBytes(StandardCharsets.UTF_8));
    night(Runs.NIGHT, Runs.found(early, late));

    Run first = client.getRun(runId);
    assertThat(metrics(first))
        .containsEntry("intruders/intruder_count", 4.0)
        .containsEntry("intruders/intruder_energy_share", 0.25)
        .doesNotContainKeys("intruders/update_stable_rank", "intruders/update_mass")
        .hasSize(19);
    assertThat(tags(first))
        .containsEntry("intruders.base_id", "llama")
        .containsEntry("intruders.report", Runs.REPORT)
        .containsEntry("intruders.version", "0.2.0");
    assertThat(artifact(runId)).isEqualTo("<html>first ä</html>");

    storage.files().put(Runs.REPORT, "<html>second</html>".getBytes(StandardCharsets.UTF_8));
    Instant nextNight = Runs.NIGHT.plus(Duration.ofDays(1));
    night(nextNight, Runs.found(early, late));
    night(nextNight, Runs.found(Runs.result("chat/500", tags, 500, 9), late));

    assertThat(client.getMetricHistory(runId, "intruders/intruder_count"))
        .extracting(metric -> metric.getStep() + ": " + metric.getValue())
        .containsExactlyInAnyOrder("500: 3.0", "1000: 4.0", "500: 9.0");
    assertThat(client.getMetricHistory(runId, "intruders/update_norm")).hasSize(2);
    assertThat(artifact(runId)).isEqualTo("<html>second</html>");
  }

  @Test
  void aModelVersionGetsTheVerdictAndItsRunTheFigures() throws Exception {
    String runId = client.createRun(experiment).getRunId();
    client.sendPost("registered-models/create", "{\"name\": \"chat model\"}");
    client.sendPost(
        "model-versions/create",
        "{\"name\": \"chat model\", \"source\": \"runs:/%s/model\", \"run_id\": \"%s\"}"
            .formatted(runId, runId));
    CheckpointResult chat = Runs.result("chat", Map.of("mlflow_model", "chat model/1"), null, 7);
    night(
        Runs.NIGHT,
        new RunResult(List.of(chat), Runs.checked("chat", "code"), List.of(), List.of(), null));

    ModelVersion version = client.getModelVersion("chat model", "1");
    assertThat(version.getTagsList())
        .extracting(ModelVersionTag::getKey, ModelVersionTag::getValue)
        .contains(
            org.assertj.core.groups.Tuple.tuple("intruders.check", "refused"),
            org.assertj.core.groups.Tuple.tuple("intruders.check.broken", "count"));
    Run run = client.getRun(runId);
    assertThat(metrics(run)).containsEntry("intruders/intruder_count", 7.0);
    assertThat(tags(run)).containsEntry("intruders.check.rules", "nightly");
  }

  /** The launcher finds the jar where it lies, and both are told of one run. */
  @Test
  void theLauncherTellsBoth() throws Exception {
    String runId = client.createRun(experiment).getRunId();
    Path zoo = Path.of(System.getProperty("zoo"));
    Path manifest =
        Files.writeString(
            folder.resolve("manifest.yaml"),
            """
            base: {id: base, uri: %1$s/base}
            checkpoints:
              - {id: lora, adapters: [%1$s/lora-r8/1-python], tags: {mlflow_run_id: %2$s}}
              - {id: full, uri: %1$s/full/1-python}
            """
                .formatted(zoo, runId));
    try (FakeServer marquez = new FakeServer(request -> new Answer(201, ""))) {
      List<String> out =
          launch(
              Map.of(
                  "MLFLOW_TRACKING_URI",
                  url,
                  "OPENLINEAGE__TRANSPORT__TYPE",
                  "http",
                  "OPENLINEAGE__TRANSPORT__URL",
                  marquez.url(),
                  "OPENLINEAGE__TRANSPORT__AUTH",
                  "{\"type\": \"api_key\", \"apiKey\": \"secret-key\"}"),
              "run",
              "--manifest",
              manifest.toString(),
              "--out",
              folder.resolve("out").toString(),
              "--include",
              "layers.0.self_attn.q_proj",
              "--json",
              "--mlflow",
              "--openlineage");

      JsonNode summary = new JsonMapper().readTree(out.get(out.size() - 1));
      Run run = client.getRun(runId);
      assertThat(metrics(run))
          .containsEntry("intruders/matrices", 1.0)
          .containsEntry(
              "intruders/intruder_count", summary.at("/checkpoints/0/intruder_count").asDouble());
      assertThat(tags(run)).containsEntry("intruders.run_id", summary.path("run_id").asText());
      assertThat(artifact(runId))
          .isEqualTo(Files.readString(folder.resolve("out/report/index.html")));

      List<JsonNode> events = new ArrayList<>();
      for (Request request : marquez.requests()) {
        assertThat(request.authorization()).isEqualTo("Bearer secret-key");
        events.add(new JsonMapper().readTree(request.body()));
      }
      EventSchemas schemas = new EventSchemas();
      assertThat(events).allSatisfy(event -> assertThat(schemas.faults(event)).isEmpty());
      assertThat(events)
          .extracting(event -> event.path("eventType").asText())
          .containsExactly("START", "COMPLETE");
      assertThat(events.get(0).path("inputs").findValuesAsText("name"))
          .containsExactly(zoo + "/base", zoo + "/lora-r8/1-python", zoo + "/full/1-python");
      assertThat(events.get(1).path("outputs").findValuesAsText("name"))
          .contains(
              folder.resolve("out/matrices").toString(),
              folder.resolve("out/checkpoints").toString());
    }
  }

  private static List<String> launch(Map<String, String> environment, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(List.of(System.getProperty("launcher")));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("stdout.txt");
    Path err = folder.resolve("stderr.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(LAUNCHED.toSeconds(), TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    String told = Files.readString(err);
    assertThat(process.exitValue()).as(told).isZero();
    assertThat(told).doesNotContain("secret-key").doesNotContain("WARN");
    return Files.readAllLines(out);
  }
}
