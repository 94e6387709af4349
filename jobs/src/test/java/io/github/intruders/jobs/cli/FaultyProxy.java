package io.github.intruders.jobs.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Stands before an S3 server, notes every request, and does to each what it is told: pass it on,
 * late or not; drop the connection; answer 503; cut the answer's body; say that the credentials
 * have expired; never answer.
 */
final class FaultyProxy implements AutoCloseable {
  /** What happens to a request. */
  enum Fault {
    NONE,
    DELAY,
    DROP,
    SLOW_DOWN,
    CUT,
    EXPIRED,
    HANG
  }

  /**
   * One request.
   *
   * @param target path and query
   * @param headers under lower-case names
   */
  record Request(String method, String target, Map<String, String> headers) {
    boolean reads(String part) {
      return method.equals("GET") && target.contains(part);
    }

    boolean writes(String part) {
      return (method.equals("PUT") || method.equals("POST")) && target.contains(part);
    }

    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  private record Message(String start, Map<String, String> headers, byte[] head, byte[] body) {}

  private static final int DELAY_MILLIS = 300;

  private final ServerSocket listener;
  private final int upstreamPort;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "faulty-proxy");
            thread.setDaemon(true);
            return thread;
          });
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<Fault> faults = new CopyOnWriteArrayList<>();
  private final AtomicInteger reading = new AtomicInteger();
  private final AtomicInteger mostReading = new AtomicInteger();
  private volatile Function<Request, Fault> plan = request -> Fault.NONE;

  private FaultyProxy(ServerSocket listener, int upstreamPort) {
    this.listener = listener;
    this.upstreamPort = upstreamPort;
  }

  static FaultyProxy start(int upstreamPort) throws IOException {
    ServerSocket listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    FaultyProxy proxy = new FaultyProxy(listener, upstreamPort);
    proxy.threads.execute(proxy::accept);
    return proxy;
  }

  String endpoint() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  /** Forgets what was seen, and does from now on what the plan says. */
  void begin(Function<Request, Fault> newPlan) {
    plan = newPlan;
    requests.clear();
    faults.clear();
    mostReading.set(0);
  }

  List<Request> requests() {
    return List.copyOf(requests);
  }

  /** What was done, without the requests that were just passed on. */
  List<Fault> faults() {
    return List.copyOf(faults);
  }

  /** The most reads that were under way at one time. */
  int mostReadsAtOnce() {
    return mostReading.get();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        threads.execute(() -> serve(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket server = new Socket(InetAddress.getLoopbackAddress(), upstreamPort)) {
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(client.getInputStream());
      InputStream answers = new BufferedInputStream(server.getInputStream());
      boolean open = true;
      while (open) {
        Message message = read(in, client.getOutputStream(), false);
        String[] start = message.start().split(" ", -1);
        Request request = new Request(start[0], start[1], message.headers());
        requests.add(request);
        Fault fault = plan.apply(request);
        if (fault != Fault.NONE) {
          faults.add(fault);
        }
        open = answer(request, fault, message, client, server, answers);
      }
    } catch (IOException | InterruptedException e) {
      // The other side is gone, which is how connections end.
    }
  }

  /** Answers one request; whether the connection goes on. */
  private boolean answer(
      Request request,
      Fault fault,
      Message message,
      Socket client,
      Socket server,
      InputStream answers)
      throws IOException, InterruptedException {
    OutputStream out = client.getOutputStream();
    switch (fault) {
      case DROP -> {
        client.setSoLinger(true, 0); // a reset
        return false;
      }
      case HANG -> {
        client.getInputStream().read(); // until the other side gives up
        return false;
      }
      case SLOW_DOWN -> {
        error(request, out, "503 Slow Down", "SlowDown", "Please reduce your request rate.");
        return true;
      }
      case EXPIRED -> {
        error(request, out, "400 Bad Request", "ExpiredToken", "The provided token has expired.");
        return true;
      }
      default -> {
        boolean read = request.method().equals("GET");
        if (read) {
          mostReading.accumulateAndGet(reading.incrementAndGet(), Math::max);
        }
        try {
          if (fault == Fault.DELAY) {
            Thread.sleep(DELAY_MILLIS);
          }
          server.getOutputStream().write(message.head());
          server.getOutputStream().write(message.body());
          server.getOutputStream().flush();
          Message answer = read(answers, null, request.method().equals("HEAD"));
          boolean cut = fault == Fault.CUT && answer.body().length > 1;
          out.write(answer.head());
          out.write(answer.body(), 0, cut ? answer.body().length / 2 : answer.body().length);
          out.flush();
          return !cut;
        } finally {
          if (read) {
            reading.decrementAndGet();
          }
        }
      }
    }
  }

  private static void error(
      Request request, OutputStream out, String status, String code, String text)
      throws IOException {
    String body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>"
            .formatted(code, text);
    if (request.method().equals("HEAD")) {
      body = "";
    }
    out.write(
        "HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(status, body.length(), body)
            .getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  /**
   * Reads a request or an answer, whole.
   *
   * @param asking where to say that a body may come, if that is asked; null for answers
   * @param bare whether the headers tell of a body that does not follow
   */
  private static Message read(InputStream in, OutputStream asking, boolean bare)
      throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    String start = line(in);
    head.write((start + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    Map<String, String> headers = new TreeMap<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      headers.put(name, line.substring(colon + 1).strip());
      if (!name.equals("expect")) {
        head.write((line + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
      }
    }
    head.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    if (asking != null && headers.containsKey("expect")) {
      asking.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      asking.flush();
    }
    byte[] body = new byte[0];
    if (!bare && headers.containsKey("content-length")) {
      body = exactly(in, Integer.parseInt(headers.get("content-length")));
    } else if (!bare && headers.containsKey("transfer-encoding")) {
      body = chunks(in);
    }
    return new Message(start, headers, head.toByteArray(), body);
  }

  private static byte[] chunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    int length;
    do {
      String size = line(in);
      length = Integer.parseInt(size.split(";", -1)[0].strip(), 16);
      body.write((size + "\r\n").getBytes(StandardCharsets.US_ASCII));
      body.write(exactly(in, length + 2));
    } while (length > 0);
    return body.toByteArray();
  }

  private static byte[] exactly(InputStream in, int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException();
    }
    return bytes;
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException();
      }
      if (next != '\r') {
        line.write(next);
      }
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    listener.close();
    threads.shutdownNow();
  }
}
