package io.github.intruders.decisions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.decisions.FakeServer.Answer;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.RunStart;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The events, as a server gets them, against OpenLineage's schemas. */
class OpenLineageListenerTest {
  private static final String PARENT = "0197a1b2-0000-7000-8000-000000000001";
  private static final String ROOT = "0197a1b2-0000-7000-8000-000000000002";
  private static final RunStart RUN =
      Runs.start(new MemoryStorage(), Map.of("chat", Map.of("method", "lora")));

  private static OpenLineageListener listener(Map<String, String> environment) {
    return new OpenLineageListener(new LineageSettings(environment, new Properties()));
  }

  private static List<JsonNode> events(FakeServer server) {
    return server.requests().stream()
        .map(
            request -> {
              try {
                return new JsonMapper().readTree(request.body());
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            })
        .toList();
  }

  @Test
  void aRunIsAStartAndACompleteThatFitTheSchemas() throws Exception {
    try (FakeServer server = new FakeServer(request -> new Answer(201, ""))) {
      OpenLineageListener listener =
          listener(
              Map.of(
                  "OPENLINEAGE_URL",
                  server.url(),
                  "OPENLINEAGE_API_KEY",
                  "secret-key",
                  "OPENLINEAGE_PARENT_ID",
                  "air/flow/nightly.run/" + PARENT,
                  "OPENLINEAGE_ROOT_PARENT_ID",
                  "airflow/nightly/" + ROOT));
      listener.open(null);
      listener.started(RUN);
      listener.completed(RUN, Runs.found(Runs.result("chat", Map.of("method", "lora"), null, 3)));

      assertThat(server.requests())
          .allSatisfy(
              request -> {
                assertThat(request.method()).isEqualTo("POST");
                assertThat(request.path()).isEqualTo("/api/v1/lineage");
                assertThat(request.authorization()).isEqualTo("Bearer secret-key");
              });
      List<JsonNode> events = events(server);
      assertThat(events)
          .extracting(event -> event.path("eventType").asText())
          .containsExactly("START", "COMPLETE");
      EventSchemas schemas = new EventSchemas();
      assertThat(events).allSatisfy(event -> assertThat(schemas.faults(event)).isEmpty());

      JsonNode complete = events.get(1);
      assertThat(complete.path("run").path("runId"))
          .isEqualTo(events.get(0).path("run").path("runId"));
      assertThat(events.get(0).path("eventTime").asText()).startsWith("2026-01-31T02:00:00");
      assertThat(complete.at("/job/namespace").asText()).isEqualTo("intruder-dimensions");
      assertThat(complete.at("/job/name").asText()).isEqualTo("intruders.run.tables_llama");
      assertThat(complete.at("/run/facets/parent/run/runId").asText()).isEqualTo(PARENT);
      assertThat(complete.at("/run/facets/parent/job/namespace").asText()).isEqualTo("air/flow");
      assertThat(complete.at("/run/facets/parent/job/name").asText()).isEqualTo("nightly.run");
      assertThat(complete.at("/run/facets/parent/root/run/runId").asText()).isEqualTo(ROOT);
      assertThat(names(complete.path("inputs")))
          .containsExactly(
              "hdfs://nn:8020 /models/base llama",
              "file /data/metrics/ä.json",
              "s3://models adapters/chat");
      assertThat(names(complete.path("outputs")))
          .containsExactly(
              "s3://tables llama/matrices",
              "s3://tables llama/checkpoints",
              "s3://tables llama/mitigated");
      assertThat(complete.at("/outputs/1/facets/schema/fields/1/type").asText())
          .isEqualTo("map<string,int>");
      assertThat(complete.at("/outputs/1/facets/symlinks/identifiers/0/name").asText())
          .isEqualTo("nightly.checkpoints");
      assertThat(complete.at("/outputs/1/outputFacets/outputStatistics/rowCount").asLong())
          .isEqualTo(1);
      assertThat(complete.at("/outputs/0").has("outputFacets")).isFalse();
    }
  }

  private static List<String> names(JsonNode datasets) {
    return datasets.findParents("namespace").stream()
        .filter(node -> node.has("inputFacets") || node.has("facets") || node.size() >= 2)
        .map(node -> node.path("namespace").asText() + " " + node.path("name").asText())
        .filter(name -> !name.startsWith("lake "))
        .toList();
  }

  @Test
  void aFailureIsToldWithItsReason() throws Exception {
    try (FakeServer server = new FakeServer(request -> new Answer(200, "{}"))) {
      OpenLineageListener listener = listener(Map.of("OPENLINEAGE_NAMESPACE", "ml"));
      listener.open(server.url());
      listener.started(RUN);
      listener.failed(RUN, "Nothing can be analysed");

      JsonNode fail = events(server).get(1);
      assertThat(fail.path("eventType").asText()).isEqualTo("FAIL");
      assertThat(fail.at("/job/namespace").asText()).isEqualTo("ml");
      assertThat(fail.at("/run/facets/errorMessage/message").asText())
          .isEqualTo("Nothing can be analysed");
      assertThat(fail.path("outputs")).isEmpty();
      assertThat(new EventSchemas().faults(fail)).isEmpty();
    }
  }

  @Test
  void rulesAreAssertionsOnTheTableOfCheckpoints() throws Exception {
    try (FakeServer server = new FakeServer(request -> new Answer(201, ""))) {
      OpenLineageListener listener = listener(Map.of());
      listener.open(server.url());
      RunStart check = Runs.check(new MemoryStorage());
      listener.started(check);
      listener.completed(
          check,
          new RunResult(List.of(), Runs.checked("chat", "code"), List.of(), List.of(), null));

      JsonNode complete = events(server).get(1);
      assertThat(new EventSchemas().faults(complete)).isEmpty();
      JsonNode assertions = complete.at("/inputs/0/inputFacets/dataQualityAssertions/assertions");
      assertThat(assertions.findValuesAsText("name")).containsExactly("count", "many");
      assertThat(assertions.findValuesAsText("success")).containsExactly("false", "true");
      assertThat(assertions.findValuesAsText("severity")).containsExactly("error", "warn");
      assertThat(assertions.at("/0/actual").asText()).isEqualTo("chat");
      assertThat(complete.path("run").path("facets").has("parent")).isFalse();
    }
  }

  @Test
  void theSchemasFindWhatIsWrong() throws Exception {
    try (FakeServer server = new FakeServer(request -> new Answer(201, ""))) {
      OpenLineageListener listener = listener(Map.of());
      listener.open(server.url());
      listener.started(RUN);

      ObjectNode noUuid = (ObjectNode) events(server).get(0);
      ((ObjectNode) noUuid.path("run")).put("runId", "7");
      assertThat(new EventSchemas().faults(noUuid)).isNotEmpty();
      ObjectNode noVersion = (ObjectNode) events(server).get(0);
      ((ObjectNode) noVersion.at("/run/facets/processing_engine")).remove("version");
      assertThat(new EventSchemas().faults(noVersion)).isNotEmpty();
    }
  }

  @Test
  void sparksSettingsNameServerAndParentAsAirflowGivesThem() throws Exception {
    try (FakeServer server = new FakeServer(request -> new Answer(201, ""))) {
      Properties spark = new Properties();
      spark.setProperty("spark.openlineage.transport.url", server.url());
      spark.setProperty("spark.openlineage.parentRunId", PARENT);
      spark.setProperty("spark.openlineage.parentJobName", "nightly.run");
      spark.setProperty("spark.openlineage.parentJobNamespace", "airflow");
      OpenLineageListener listener = new OpenLineageListener(new LineageSettings(Map.of(), spark));
      listener.open(null);
      listener.started(RUN);

      assertThat(events(server).get(0).at("/run/facets/parent/job/name").asText())
          .isEqualTo("nightly.run");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "s3a://bucket/a/b, s3://bucket, a/b",
    "s3://bucket/a/b/, s3://bucket, a/b",
    "gs://bucket/a, gs://bucket, a",
    "hdfs://nn:8020/user/a, hdfs://nn:8020, /user/a",
    "file:/data/a%20b, file, /data/a%20b",
    "file:///data/a b, file, /data/a b",
    "abfss://box@account.dfs.core.windows.net/a, abfss://box@account.dfs.core.windows.net, a",
    "s3a://key:secret@bucket/a, s3://***@bucket, a",
  })
  void datasetsAreNamedAsTheConventionsSay(String uri, String namespace, String name) {
    assertThat(LineageEvents.dataset(uri).getNamespace()).isEqualTo(namespace);
    assertThat(LineageEvents.dataset(uri).getName()).isEqualTo(name);
  }

  @Test
  void settingsThatCannotBeUsedAreRefusedInWords() {
    assertThatThrownBy(() -> listener(Map.of()).open(null))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining(
            "--openlineage names no server: give --openlineage URI, or set OPENLINEAGE_URL");
    assertThatThrownBy(() -> listener(Map.of()).open("marquez:5000"))
        .hasMessageContaining("'marquez:5000': expected http(s)://HOST:PORT");
    assertThatThrownBy(() -> listener(Map.of()).open("http://marquez:99999"))
        .hasMessageContaining("'http://marquez:99999': expected http(s)://HOST:PORT");
    assertThatThrownBy(
            () ->
                listener(Map.of("OPENLINEAGE_PARENT_ID", "airflow/nightly/7"))
                    .open("http://marquez:5000"))
        .hasMessageContaining(
            "OPENLINEAGE_PARENT_ID is 'airflow/nightly/7': '7' is no UUID of a run");
    assertThatThrownBy(
            () -> listener(Map.of("OPENLINEAGE_PARENT_ID", "7")).open("http://marquez:5000"))
        .hasMessageContaining("OPENLINEAGE_PARENT_ID is '7', expected NAMESPACE/JOB/RUN");
  }
}
