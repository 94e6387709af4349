package io.github.intruders.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A standalone cluster in processes of its own, on this machine: a master and two workers with one
 * core each, from the jars that the launcher uses.
 */
final class Cluster implements AutoCloseable {
  /** Two names, since Spark starts no second attempt of a task on the host of the first. */
  private static final List<String> HOSTS = List.of("127.0.0.1", "localhost");

  static final int WORKERS = HOSTS.size();

  /** For drivers too, which the launcher leaves to themselves where the master is no local one. */
  static final Map<String, String> ENVIRONMENT =
      Map.of(
          "SPARK_LOCAL_IP",
          "127.0.0.1",
          "JAVA_TOOL_OPTIONS",
          System.getProperty("short.jvm.options"));

  private static final String WORKER_MEMORY = "1g";
  private static final int TRIES = 600;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Path sparkHome;
  private final int port;
  private final int webPort;
  private final Process[] workers = new Process[WORKERS];
  private Process master;
  private int started;

  private Cluster(Path folder, Path sparkHome, int port, int webPort) {
    this.folder = folder;
    this.sparkHome = sparkHome;
    this.port = port;
    this.webPort = webPort;
  }

  static Cluster start(Path folder) throws IOException, InterruptedException {
    Launched laidOut = Launched.run(folder, "--version");
    if (laidOut.exitCode() != 0) {
      throw new IOException(String.join("\n", laidOut.err()));
    }
    Path sparkHome = Path.of(System.getProperty("jar")).resolveSibling("spark-home");
    Cluster cluster = new Cluster(folder, sparkHome, freePort(), freePort());
    cluster.master =
        cluster.startDaemon(
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            "" + cluster.port,
            "--webui-port",
            "" + cluster.webPort);
    await("the master", cluster::answers);
    cluster.repair();
    return cluster;
  }

  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private Process startDaemon(String mainClass, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx256m",
                ClassArchive.option(),
                "-Dspark.decommission.enabled=true",
                "-cp",
                ClassArchive.classPath(),
                mainClass));
    command.addAll(Arrays.asList(arguments));
    Path log =
        folder.resolve(
            "%s-%d.log".formatted(mainClass.substring(mainClass.lastIndexOf('.') + 1), ++started));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(ENVIRONMENT);
    builder.environment().put("SPARK_HOME", sparkHome.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    return builder.start();
  }

  /** What {@code --master} takes. */
  String url() {
    return "spark://127.0.0.1:" + port;
  }

  /**
   * Settings with which executors start in half the processor time, from the archive of classes.
   * They have the job's jar from the start, and fetch it from the driver nevertheless.
   */
  static List<String> startExecutorsFast() throws IOException {
    return List.of(
        "spark.executor.extraClassPath=" + ClassArchive.classPath(),
        "spark.executor.extraJavaOptions=" + ClassArchive.option());
  }

  /** Starts the workers that are not running, and waits until all are there and none is busy. */
  void repair() throws IOException, InterruptedException {
    for (int i = 0; i < WORKERS; i++) {
      if (workers[i] == null || !workers[i].isAlive()) {
        startWorker(i);
      }
    }
    await("%d free workers".formatted(WORKERS), this::isFree);
  }

  void startWorker(int index) throws IOException {
    Path work = Files.createDirectories(folder.resolve("work-" + index));
    workers[index] =
        startDaemon(
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            HOSTS.get(index),
            "--webui-port",
            "0",
            "--cores",
            "1",
            "--memory",
            WORKER_MEMORY,
            "--work-dir",
            work.toString(),
            url());
  }

  Process worker(int index) {
    return workers[index];
  }

  /** The processes of all executors that are running. */
  List<ProcessHandle> executors() {
    return Stream.of(workers).flatMap(Process::children).filter(ProcessHandle::isAlive).toList();
  }

  /**
   * Takes a worker that has an executor out of service as clouds do, with a word ahead so that the
   * executor can leave in peace, and starts another one in its place.
   */
  void renewOne() throws IOException, InterruptedException {
    await("an executor", () -> !executors().isEmpty());
    int index = workers[0].children().findAny().isPresent() ? 0 : 1;
    String pid = String.valueOf(workers[index].pid());
    if (new ProcessBuilder("kill", "-PWR", pid).start().waitFor() != 0) {
      throw new IOException("Cannot signal the process " + pid);
    }
    await("its executor's end", () -> workers[index].children().findAny().isEmpty());
    workers[index].destroyForcibly().waitFor();
    startWorker(index);
  }

  private boolean answers() {
    return !state().isMissingNode();
  }

  private boolean isFree() {
    JsonNode state = state();
    int alive = 0;
    for (JsonNode worker : state.path("workers")) {
      alive += worker.path("state").asText().equals("ALIVE") ? 1 : 0;
    }
    return alive == WORKERS && state.path("activeapps").isEmpty() && executors().isEmpty();
  }

  /** What the master's page says. */
  private JsonNode state() {
    URI page = URI.create("http://127.0.0.1:%d/json/".formatted(webPort));
    try (InputStream in = page.toURL().openStream()) {
      return JSON.readTree(in);
    } catch (IOException e) {
      return JSON.missingNode();
    }
  }

  static void await(String what, BooleanSupplier isThere) throws IOException, InterruptedException {
    for (int attempt = 0; !isThere.getAsBoolean(); attempt++) {
      if (attempt == TRIES) {
        throw new IOException("There is no sign of " + what);
      }
      Thread.sleep(100);
    }
  }

  @Override
  public void close() throws InterruptedException {
    for (Process process : Stream.concat(Stream.of(workers), Stream.of(master)).toList()) {
      if (process != null) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
      }
    }
  }
}
