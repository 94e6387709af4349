package io.github.intruders.decisions;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.listener.RunListener;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.RunStart;
import io.openlineage.client.Clients;
import io.openlineage.client.DefaultConfigPathProvider;
import io.openlineage.client.OpenLineage.RunEvent;
import io.openlineage.client.OpenLineageClient;
import io.openlineage.client.OpenLineageClientException;
import io.openlineage.client.transports.ApiKeyTokenProvider;
import io.openlineage.client.transports.HttpConfig;
import io.openlineage.client.transports.HttpTransport;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;

/**
 * Sends OpenLineage events: START as a command begins that writes tables, and COMPLETE or FAIL at
 * its end. OpenLineage's own listener for Spark does not see what is read and written here, which
 * are files and RDDs rather than queries.
 */
public final class OpenLineageListener implements RunListener {
  private static final String URL = "OPENLINEAGE_URL";

  /** How the client spells its settings as variables. */
  private static final String CLIENT_SETTING = "OPENLINEAGE__";

  /** What Airflow gives a job of Spark, where it is told to. */
  private static final String SPARK_TRANSPORT = "spark.openlineage.transport.";

  private final LineageSettings settings;
  private OpenLineageClient client;
  private LineageEvents events;

  /** For {@link java.util.ServiceLoader}. */
  public OpenLineageListener() {
    this(new LineageSettings(System.getenv(), System.getProperties()));
  }

  OpenLineageListener(LineageSettings settings) {
    this.settings = settings;
  }

  @Override
  public String name() {
    return "openlineage";
  }

  @Override
  public void open(String address) {
    events = new LineageEvents(settings);
    try {
      client = address == null ? byOwnSettings() : to(address, settings.variable("API_KEY"));
    } catch (OpenLineageClientException e) {
      throw refusal("OpenLineage's client can't use its settings: " + e.getMessage());
    }
  }

  private OpenLineageClient byOwnSettings() {
    if (settings.hasVariable(CLIENT_SETTING)
        || new DefaultConfigPathProvider().getPaths().stream().anyMatch(Files::isReadable)) {
      return Clients.newClient();
    }
    if (settings.variable("URL") != null) {
      return to(settings.variable("URL"), settings.variable("API_KEY"));
    }
    String spark = settings.property(SPARK_TRANSPORT + "url");
    if (spark != null) {
      return to(spark, settings.property(SPARK_TRANSPORT + "auth.apiKey"));
    }
    throw refusal(
        "--openlineage names no server: give --openlineage URI, or set %s, or write openlineage.yml"
            .formatted(URL));
  }

  private OpenLineageClient to(String address, String apiKey) {
    HttpConfig config = new HttpConfig();
    config.setUrl(uri(address));
    config.setEndpoint(settings.variable("ENDPOINT"));
    if (apiKey != null) {
      ApiKeyTokenProvider key = new ApiKeyTokenProvider();
      key.setApiKey(apiKey);
      config.setAuth(key);
    }
    return OpenLineageClient.builder().transport(new HttpTransport(config)).build();
  }

  private static URI uri(String address) {
    return HttpAddress.parse(address)
        .orElseThrow(
            () ->
                refusal(
                    "Cannot use --openlineage '%s': expected http(s)://HOST:PORT"
                        .formatted(address)));
  }

  static UserInputException refusal(String message) {
    return UserInputException.of(RejectCode.SETTING_INVALID, message);
  }

  @Override
  public void started(RunStart run) throws IOException {
    client.emit(events.started(run));
  }

  @Override
  public void completed(RunStart run, RunResult result) throws IOException {
    emitLast(events.completed(run, result));
  }

  @Override
  public void failed(RunStart run, String why) throws IOException {
    emitLast(events.failed(run, why));
  }

  private void emitLast(RunEvent event) throws IOException {
    try {
      client.emit(event);
    } finally {
      close();
    }
  }

  private void close() throws IOException {
    try {
      client.close();
    } catch (Exception e) {
      throw new IOException("OpenLineage's client can't be closed", e);
    }
  }
}
