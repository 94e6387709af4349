package io.github.intruders.decisions;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.listener.OneLine;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** The page of a run, on its way to the artifacts of MLflow's runs. Not for several threads. */
final class MlflowReport {
  private static final String NAME = "intruders/report.html";
  private static final String THROUGH_SERVER = "mlflow-artifacts:";

  /** Stores that the job's own storage reaches as well, if it has their credentials. */
  private static final Set<String> STORES = Set.of("s3:", "s3a:", "gs:", "hdfs:", "abfss:");

  private final MlflowServer server;
  private final Storage storage;
  private final String page;
  private final Set<String> sent = new HashSet<>();
  private byte[] bytes;
  private String fault;

  /**
   * @param page URI of the page; null where there is none
   */
  MlflowReport(MlflowServer server, Storage storage, String page) {
    this.server = server;
    this.storage = storage;
    this.page = page;
  }

  /** Why it did not get to some of the runs; a tag says where it lies. */
  Optional<String> unsent() {
    return Optional.ofNullable(fault);
  }

  /** Puts it among the artifacts of a run, in the place of an earlier one. */
  void send(String artifacts) {
    if (page == null || !sent.add(artifacts)) {
      return;
    }
    String scheme = artifacts.substring(0, artifacts.indexOf(':') + 1);
    String target = artifacts.replaceFirst("/+$", "") + "/" + NAME;
    try {
      if (scheme.equals(THROUGH_SERVER)) {
        server.upload(target.substring(THROUGH_SERVER.length()), content());
      } else if (STORES.contains(scheme)) {
        String uri = storage.qualify(target.replaceFirst("^s3:", "s3a:"));
        byte[] content = content();
        storage.write(uri, out -> out.write(content));
      } else {
        fault = "artifacts in '%s' can't be written from here".formatted(OneLine.of(artifacts));
      }
    } catch (IOException | RuntimeException e) {
      fault = OneLine.of(String.valueOf(e.getMessage()));
    }
  }

  private byte[] content() throws IOException {
    if (bytes == null) {
      try (RangeSource source = storage.open(page)) {
        byte[] read = new byte[Math.toIntExact(source.lengthBytes())];
        source.readFully(0, read, 0, read.length);
        bytes = read;
      }
    }
    return bytes;
  }
}
