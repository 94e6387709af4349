package io.github.intruders.decisions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.decisions.FakeServer.Answer;
import io.github.intruders.decisions.FakeServer.Request;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.listener.RunResult;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What MLflow's server is asked; a real one is in {@link MlflowServerIT}. */
class MlflowListenerTest {
  private static final Map<String, String> CHAT = Map.of("mlflow_run_id", "abc123");
  private static final Map<String, String> MODEL = Map.of("mlflow_model", "models:/chat/7");

  private final MemoryStorage storage = new MemoryStorage();

  private static MlflowListener at(FakeServer server) {
    MlflowListener listener = new MlflowListener(Map.of("MLFLOW_TRACKING_TOKEN", "secret-token"));
    listener.open(server.url());
    return listener;
  }

  /** A server that has one run, with artifacts there, and one model version. */
  private static Answer answer(Request request, String artifacts, String metrics) {
    if (request.path().contains("/runs/get")) {
      return request.path().contains("abc123")
          ? new Answer(
              200,
              "{\"run\":{\"info\":{\"run_id\":\"abc123\",\"artifact_uri\":\"%s\"},\"data\":{\"metrics\":[%s]}}}"
                  .formatted(artifacts, metrics))
          : new Answer(
              404,
              "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Run with id=gone not found\"}");
    }
    if (request.path().contains("/metrics/get-history")) {
      return new Answer(200, "{\"metrics\":[%s]}".formatted(metrics));
    }
    if (request.path().contains("/model-versions/get?")) {
      return new Answer(
          200, "{\"model_version\":{\"name\":\"chat\",\"version\":\"7\",\"run_id\":\"abc123\"}}");
    }
    return new Answer(200, "{}");
  }

  private static JsonNode batch(FakeServer server) throws Exception {
    return new JsonMapper()
        .readTree(
            server.requests().stream()
                .filter(request -> request.path().endsWith("/runs/log-batch"))
                .findFirst()
                .orElseThrow()
                .body());
  }

  private static Map<String, Double> metrics(JsonNode batch) {
    Map<String, Double> metrics = new TreeMap<>();
    batch
        .path("metrics")
        .forEach(
            metric -> metrics.put(metric.path("key").asText(), metric.path("value").asDouble()));
    return metrics;
  }

  private static Map<String, String> tags(JsonNode batch) {
    Map<String, String> tags = new TreeMap<>();
    batch
        .path("tags")
        .forEach(tag -> tags.put(tag.path("key").asText(), tag.path("value").asText()));
    return tags;
  }

  @Test
  void figuresThatAreKnownTagsAndThePageGoToTheRun() throws Exception {
    storage.files().put(Runs.REPORT, "<html>ä</html>".getBytes(StandardCharsets.UTF_8));
    try (FakeServer server =
        new FakeServer(request -> answer(request, "mlflow-artifacts:/0/abc123/artifacts", ""))) {
      MlflowListener listener = at(server);
      listener.started(Runs.start(storage, Map.of("chat", CHAT)));
      listener.completed(
          Runs.start(storage, Map.of("chat", CHAT)), Runs.found(Runs.result("chat", CHAT, 3, 4)));

      JsonNode batch = batch(server);
      assertThat(batch.path("run_id").asText()).isEqualTo("abc123");
      assertThat(metrics(batch))
          .containsEntry("intruders/intruder_count", 4.0)
          .containsEntry("intruders/intruder_count_at_0.9", 5.0)
          .containsEntry("intruders/left_rotation", 0.5)
          .containsEntry("intruders/max_residual", 1e-7)
          .doesNotContainKeys(
              "intruders/update_stable_rank", // null
              "intruders/update_mass", // NaN
              "intruders/matrices_past_edge")
          .containsEntry("intruders/fidelity_faults", 1.0)
          .hasSize(19);
      assertThat(batch.at("/metrics/0/step").asInt()).isEqualTo(3);
      assertThat(batch.at("/metrics/0/timestamp").asLong()).isEqualTo(Runs.NIGHT.toEpochMilli());
      assertThat(tags(batch))
          .containsOnly(
              Map.entry("intruders.base_id", "llama"),
              Map.entry("intruders.checkpoint_id", "chat"),
              Map.entry("intruders.descends", "false"),
              Map.entry("intruders.fidelity", "unpaired"),
              Map.entry("intruders.report", Runs.REPORT),
              Map.entry("intruders.run_id", "20260131T020000Z-0a1b2c3d"),
              Map.entry("intruders.tables", "s3a://tables/llama"),
              Map.entry("intruders.version", "0.2.0"));
      Request upload =
          server.requests().stream().filter(one -> one.method().equals("PUT")).findFirst().get();
      assertThat(upload.path())
          .isEqualTo(
              "/api/2.0/mlflow-artifacts/artifacts/0/abc123/artifacts/intruders/report.html");
      assertThat(upload.body()).isEqualTo("<html>ä</html>");
      assertThat(server.requests())
          .allSatisfy(one -> assertThat(one.authorization()).isEqualTo("Bearer secret-token"));
    }
  }

  @Test
  void whatTheRunHasAlreadyIsNotLoggedAgain() throws Exception {
    String known =
        "{\"key\":\"intruders/intruder_count\",\"value\":4,\"step\":3,\"timestamp\":1},"
            + "{\"key\":\"intruders/matrices\",\"value\":9,\"step\":3,\"timestamp\":1}";
    try (FakeServer server = new FakeServer(request -> answer(request, "dbfs:/x", known))) {
      at(server)
          .completed(
              Runs.start(storage, Map.of("chat", CHAT)),
              Runs.found(Runs.result("chat", CHAT, 3, 4)));

      assertThat(metrics(batch(server)))
          .doesNotContainKey("intruders/intruder_count")
          .containsEntry("intruders/matrices", 2.0);
    }
  }

  @Test
  void aModelVersionGetsTagsAndItsRunTheFigures() throws Exception {
    storage.files().put(Runs.REPORT, new byte[] {1});
    try (FakeServer server =
        new FakeServer(request -> answer(request, "s3://mlflow/0/abc123", ""))) {
      at(server)
          .completed(
              Runs.check(storage),
              new RunResult(
                  List.of(
                      Runs.result("chat", MODEL, null, 7),
                      Runs.result("unchecked", Map.of("mlflow_run_id", "gone"), null, 1)),
                  Runs.checked("chat", "code"),
                  List.of(),
                  List.of(),
                  Runs.REPORT));

      Map<String, String> set = new TreeMap<>();
      for (Request request : server.requests()) {
        if (request.path().endsWith("/model-versions/set-tag")) {
          JsonNode tag = new JsonMapper().readTree(request.body());
          assertThat(tag.path("name").asText()).isEqualTo("chat");
          assertThat(tag.path("version").asText()).isEqualTo("7");
          set.put(tag.path("key").asText(), tag.path("value").asText());
        }
      }
      assertThat(set)
          .containsEntry("intruders.check", "refused")
          .containsEntry("intruders.check.rules", "nightly")
          .containsEntry("intruders.check.broken", "count")
          .doesNotContainKey("intruders.run_id");
      assertThat(metrics(batch(server))).containsEntry("intruders/intruder_count", 7.0);
      assertThat(storage.files()).containsKey("s3a://mlflow/0/abc123/intruders/report.html");
    }
  }

  @Test
  void oneRunThatIsGoneLeavesTheOthersAndIsToldInWords() throws Exception {
    Map<String, String> gone = Map.of("mlflow_run_id", "gone");
    try (FakeServer server = new FakeServer(request -> answer(request, "dbfs:/x", ""))) {
      assertThatThrownBy(
              () ->
                  at(server)
                      .completed(
                          Runs.start(storage, Map.of("old", gone, "chat", CHAT)),
                          Runs.found(
                              Runs.result("old", gone, null, 1),
                              Runs.result("chat", CHAT, null, 4))))
          .hasMessage(
              "1 of 2 checkpoints could not be logged, the first: old: 404 Run with id=gone not found");
      assertThat(metrics(batch(server))).containsEntry("intruders/intruder_count", 4.0);
    }
  }

  @Test
  void aServerThatIsDownOrLetsNobodyInIsToldBeforeTheRunIsDone() throws Exception {
    int free;
    try (FakeServer server = new FakeServer(request -> new Answer(401, "{}"))) {
      assertThatThrownBy(() -> at(server).started(Runs.start(storage, Map.of("chat", CHAT))))
          .hasMessageContaining("does not let this user in (401): see MLFLOW_TRACKING_USERNAME")
          .hasMessageNotContaining("secret-token");
      free = server.requests().size();
    }
    assertThat(free).isEqualTo(1);
    MlflowListener nowhere = new MlflowListener(Map.of());
    nowhere.open("http://user:hunter22@127.0.0.1:1");
    assertThatThrownBy(() -> nowhere.started(Runs.start(storage, Map.of("chat", CHAT))))
        .hasMessageStartingWith("MLflow at http://127.0.0.1:1 does not answer")
        .hasMessageNotContaining("hunter22");
  }

  @Test
  void settingsThatCannotBeUsedAreRefusedInWords() {
    assertThatThrownBy(() -> new MlflowListener(Map.of()).open(null))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining(
            "--mlflow names no server: give --mlflow URI, or set MLFLOW_TRACKING_URI");
    assertThatThrownBy(
            () -> new MlflowListener(Map.of("MLFLOW_TRACKING_URI", "sqlite:///m.db")).open(null))
        .hasMessageContaining("'sqlite:///m.db': MLflow's client for Java needs a server");
    for (String address : List.of("http://", "http://[::1", "http://mlflow:99999", "foo", "//x")) {
      assertThatThrownBy(() -> new MlflowListener(Map.of()).open(address))
          .as(address)
          .isInstanceOf(UserInputException.class)
          .hasMessageContaining("'%s': MLflow's client for Java needs a server".formatted(address));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"chat", "chat/latest", "models:/chat@champion", "/7"})
  void aModelWithoutAVersionIsRefusedBeforeAnythingIsComputed(String model) {
    MlflowListener listener = new MlflowListener(Map.of());
    listener.open("http://127.0.0.1:1");

    assertThatThrownBy(
            () ->
                listener.started(
                    Runs.start(storage, Map.of("chat", Map.of("mlflow_model", model)))))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("Checkpoint chat: tag mlflow_model is '%s'".formatted(model));
  }
}
