package io.github.intruders.decisions;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.listener.OneLine;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;
import org.mlflow.tracking.creds.MlflowHostCreds;
import org.mlflow.tracking.creds.MlflowHostCredsProvider;

/**
 * An MLflow server by its official client. That knows no time limits, so whether the server answers
 * is asked first by another; and it can't upload artifacts without Python, which is done here by
 * the server's own interface for them.
 */
final class MlflowServer {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration UPLOAD_PATIENCE = Duration.ofSeconds(60);
  private static final int REFUSED = 400;
  private static final Set<Integer> NOT_ALLOWED = Set.of(401, 403);
  private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts";

  private final String name;
  private final MlflowHostCredsProvider credentials;
  private final MlflowClient client;
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();

  private MlflowServer(String name, MlflowHostCredsProvider credentials, MlflowClient client) {
    this.name = name;
    this.credentials = credentials;
    this.client = client;
  }

  /**
   * The server that a tracking URI names. User, password and token come from the same variables
   * that MLflow's client for Python reads, or from the URI.
   *
   * @throws io.github.intruders.input.UserInputException if it can't be one
   */
  static MlflowServer at(String trackingUri, Map<String, String> environment) {
    try {
      if (trackingUri.equals("databricks") || trackingUri.startsWith("databricks://")) {
        return new MlflowServer(trackingUri, null, new MlflowClient(trackingUri));
      }
      Optional<URI> uri = HttpAddress.parse(trackingUri);
      if (uri.isPresent()) {
        String host = trackingUri.replaceFirst("://[^/]*@", "://").replaceFirst("/+$", "");
        MlflowHostCredsProvider credentials =
            credentials(host, uri.get().getUserInfo(), environment);
        return new MlflowServer(host, credentials, new MlflowClient(credentials));
      }
    } catch (RuntimeException e) {
      throw MlflowListener.refusal(
          "Cannot use --mlflow '%s': %s".formatted(OneLine.of(trackingUri), OneLine.of(text(e))));
    }
    throw MlflowListener.refusal(
        "Cannot use --mlflow '%s': MLflow's client for Java needs a server, expected http(s)://HOST:PORT, databricks or databricks://PROFILE"
            .formatted(OneLine.of(trackingUri)));
  }

  private static MlflowHostCredsProvider credentials(
      String host, String userInfo, Map<String, String> environment) {
    String user = environment.get("MLFLOW_TRACKING_USERNAME");
    String password = environment.get("MLFLOW_TRACKING_PASSWORD");
    if (userInfo != null) {
      int colon = userInfo.indexOf(':');
      user = colon < 0 ? userInfo : userInfo.substring(0, colon);
      password = colon < 0 ? "" : userInfo.substring(colon + 1);
    }
    return new BasicMlflowHostCreds(
        host,
        user,
        password,
        environment.get("MLFLOW_TRACKING_TOKEN"),
        "true".equalsIgnoreCase(environment.get("MLFLOW_TRACKING_INSECURE_TLS")));
  }

  /** As it may be told to everybody. */
  String name() {
    return name;
  }

  /**
   * Asks whether it answers.
   *
   * @throws IOException if it does not, or answers to others alone
   */
  void requireAnswer() throws IOException {
    if (credentials == null || credentials.getHostCreds().shouldIgnoreTlsVerification()) {
      return; // only the client itself knows how to reach it
    }
    int status =
        send(request("/api/2.0/mlflow/experiments/get?experiment_id=0").GET()).statusCode();
    if (NOT_ALLOWED.contains(status)) {
      throw new IOException(
          "MLflow at %s does not let this user in (%d): see MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD and MLFLOW_TRACKING_TOKEN"
              .formatted(name, status));
    }
  }

  /**
   * Logs what is known of a checkpoint.
   *
   * @throws MlflowHttpException if the server refuses
   */
  void log(
      MlflowTarget target,
      CheckpointResult result,
      Instant at,
      MlflowTags tags,
      MlflowReport report) {
    Set<String> runIds = new LinkedHashSet<>();
    if (target.runId() != null) {
      runIds.add(target.runId());
    }
    if (target.model() != null) {
      ModelVersion version = client.getModelVersion(target.model(), target.version());
      tags.values().forEach((key, value) -> setTag(target, key, value));
      if (!version.getRunId().isEmpty()) {
        runIds.add(version.getRunId());
      }
    }
    for (String runId : runIds) {
      Run run = client.getRun(runId);
      client.logBatch(runId, fresh(run, result, at), List.of(), runTags(tags));
      report.send(run.getInfo().getArtifactUri());
    }
  }

  /** The client has no call of its own for this one. */
  private void setTag(MlflowTarget target, String key, String value) {
    client.sendPost(
        "model-versions/set-tag",
        JsonMapper.builder()
            .build()
            .createObjectNode()
            .put("name", target.model())
            .put("version", target.version())
            .put("key", key)
            .put("value", value)
            .toString());
  }

  private static List<RunTag> runTags(MlflowTags tags) {
    return tags.values().entrySet().stream()
        .map(tag -> RunTag.newBuilder().setKey(tag.getKey()).setValue(tag.getValue()).build())
        .toList();
  }

  /** The figures that the run does not have yet at this step, or has with another value. */
  private List<Metric> fresh(Run run, CheckpointResult result, Instant at) {
    long step = result.step() == null ? 0 : result.step();
    Map<String, Metric> latest = new HashMap<>();
    run.getData().getMetricsList().forEach(metric -> latest.put(metric.getKey(), metric));
    List<Metric> fresh = new ArrayList<>();
    MlflowFigures.of(result)
        .forEach(
            (key, value) -> {
              Metric known = latest.get(key);
              if (known != null && !(known.getStep() == step && known.getValue() == value)) {
                known = atStep(run.getInfo().getRunId(), key, step);
              }
              if (known == null || known.getValue() != value) {
                fresh.add(
                    Metric.newBuilder()
                        .setKey(key)
                        .setValue(value)
                        .setStep(step)
                        .setTimestamp(at.toEpochMilli())
                        .build());
              }
            });
    return fresh;
  }

  /** What was logged last at a step; null if nothing was. */
  private Metric atStep(String runId, String key, long step) {
    return client.getMetricHistory(runId, key).stream()
        .filter(metric -> metric.getStep() == step)
        .max(Comparator.comparingLong(Metric::getTimestamp))
        .orElse(null);
  }

  /**
   * Uploads a file through the server.
   *
   * @param path of the artifact, as a URI of the scheme mlflow-artifacts has it
   */
  void upload(String path, byte[] content) throws IOException {
    if (credentials == null) {
      throw new IOException("Artifacts at %s can't be written from here".formatted(name));
    }
    String below = path.replaceFirst("^//[^/]*", "");
    String encoded =
        Arrays.stream(below.split("/", -1))
            .filter(part -> !part.isEmpty())
            .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
            .collect(Collectors.joining("/", "/", ""));
    HttpResponse<String> answer =
        send(
            request(ARTIFACTS + encoded)
                .timeout(UPLOAD_PATIENCE)
                .header("Content-Type", "text/html")
                .PUT(BodyPublishers.ofByteArray(content)));
    if (answer.statusCode() >= REFUSED) {
      throw new IOException(
          "the server refuses artifacts (%d): %s"
              .formatted(answer.statusCode(), OneLine.of(answer.body())));
    }
  }

  private HttpRequest.Builder request(String path) {
    MlflowHostCreds creds = credentials.getHostCreds();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(creds.getHost() + path)).timeout(PATIENCE);
    if (creds.getUsername() != null && creds.getPassword() != null) {
      String pair = creds.getUsername() + ":" + creds.getPassword();
      request.header(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
    } else if (creds.getToken() != null) {
      request.header("Authorization", "Bearer " + creds.getToken());
    }
    return request;
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
    try {
      return http.send(request.build(), BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    } catch (IOException e) {
      throw new IOException("MLflow at %s does not answer: %s".formatted(name, text(e)), e);
    }
  }

  private static String text(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /** What a server says in the JSON that it answers with. */
  static String words(MlflowHttpException e) {
    String body = e.getBodyMessage() == null ? "" : e.getBodyMessage();
    String said;
    try {
      said = JsonMapper.builder().build().readTree(body).path("message").asText();
    } catch (IOException notJson) {
      said = body;
    }
    return OneLine.of("%d %s".formatted(e.getStatusCode(), said.isBlank() ? text(e) : said));
  }
}
