package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A headless Chromium with one page, spoken to by its DevTools protocol. */
final class HeadlessBrowser implements AutoCloseable {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** How a page is looked at: the window in pixels, and the colours that its reader prefers. */
  record Look(String name, int width, int height, boolean mobile, String colours) {}

  private final Process process;
  private final WebSocket socket;
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final Queue<JsonNode> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger calls = new AtomicInteger();

  /** The browser that CHROMIUM names, or one on the path. */
  static Optional<Path> find() {
    String named = System.getenv("CHROMIUM");
    Stream<Path> onPath =
        Stream.of(System.getenv("PATH").split(":"))
            .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)));
    return Stream.concat(Stream.ofNullable(named).map(Path::of), onPath)
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts it.
   *
   * @param profile an empty folder for what it keeps
   */
  HeadlessBrowser(Path binary, Path profile) throws Exception {
    process =
        new ProcessBuilder(
                binary.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    HttpClient http = HttpClient.newHttpClient();
    Path port = profile.resolve("DevToolsActivePort");
    await("the browser's port", () -> Files.exists(port) && Files.readAllLines(port).size() == 2);
    URI list =
        URI.create("http://127.0.0.1:%s/json/list".formatted(Files.readAllLines(port).get(0)));
    JsonNode targets =
        JSON.readTree(
            http.send(HttpRequest.newBuilder(list).build(), HttpResponse.BodyHandlers.ofString())
                .body());
    String page =
        targets.findParents("type").stream()
            .filter(target -> target.path("type").asText().equals("page"))
            .map(target -> target.path("webSocketDebuggerUrl").asText())
            .findFirst()
            .orElseThrow();
    socket = http.newWebSocketBuilder().buildAsync(URI.create(page), new Listener()).join();
    for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
      call(domain + ".enable", Map.of());
    }
  }

  /**
   * Opens a page and waits until a script in it says true.
   *
   * @return what happened since: events of the protocol
   */
  List<JsonNode> open(Path file, Look look, String ready) throws Exception {
    call(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width", look.width(),
            "height", look.height(),
            "deviceScaleFactor", 1,
            "mobile", look.mobile()));
    call(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features", List.of(Map.of("name", "prefers-color-scheme", "value", look.colours()))));
    events.clear();
    call("Page.navigate", Map.of("url", file.toUri().toString()));
    await(
        "%s to be ready; so far %s".formatted(file, events),
        () -> evaluate("document.readyState === 'complete' && " + ready).asBoolean());
    return new ArrayList<>(events);
  }

  /** What a script gives, by value. */
  JsonNode evaluate(String script) throws IOException {
    JsonNode result = call("Runtime.evaluate", Map.of("expression", script, "returnByValue", true));
    if (result.has("exceptionDetails")) {
      throw new IOException("%s: %s".formatted(script, result.path("exceptionDetails")));
    }
    return result.path("result").path("value");
  }

  /** Moves the mouse to a place in the window. */
  void point(double x, double y) throws IOException {
    call("Input.dispatchMouseEvent", Map.of("type", "mouseMoved", "x", x, "y", y));
  }

  /** The whole page as a picture. */
  void screenshot(Path file) throws IOException {
    write(
        file,
        call("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true)));
  }

  /** The page as it is printed. */
  void print(Path file) throws IOException {
    write(file, call("Page.printToPDF", Map.of("printBackground", true)));
  }

  private static void write(Path file, JsonNode result) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, Base64.getDecoder().decode(result.path("data").asText()));
  }

  /** Waits until something holds. */
  static void await(String what, Callable<Boolean> holds) throws Exception {
    Instant end = Instant.now().plus(PATIENCE);
    while (!holds.call()) {
      if (Instant.now().isAfter(end)) {
        throw new IOException("Waited in vain for " + what);
      }
      Thread.sleep(50);
    }
  }

  private JsonNode call(String method, Map<String, ?> parameters) throws IOException {
    int id = calls.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
    message.set("params", JSON.valueToTree(parameters));
    socket.sendText(message.toString(), true).join();
    JsonNode answered = answer.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    if (answered.has("error")) {
      throw new IOException("%s: %s".formatted(method, answered.path("error")));
    }
    return answered.path("result");
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
      message.append(data);
      if (last) {
        take(message.toString());
        message.setLength(0);
      }
      webSocket.request(1);
      return null;
    }

    private void take(String text) {
      try {
        JsonNode read = JSON.readTree(text);
        CompletableFuture<JsonNode> answer = answers.remove(read.path("id").asInt());
        if (answer == null) {
          events.add(read);
        } else {
          answer.complete(read);
        }
      } catch (IOException e) {
        answers.values().forEach(answer -> answer.completeExceptionally(e));
      }
    }
  }
}
