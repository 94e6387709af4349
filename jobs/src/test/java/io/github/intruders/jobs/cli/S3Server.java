package io.github.intruders.jobs.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** S3Proxy with an empty store in memory, in a process of its own; it checks signatures. */
final class S3Server implements AutoCloseable {
  static final String BUCKET = "models";
  static final String KEY_ID = "AKIAINTRUDERSTEST";
  static final String SECRET = "Zq8/notToBeSeenAnywhere+17";

  private static final int TRIES = 600;

  private final Process process;
  private final int port;
  private final S3Client client;

  private S3Server(Process process, int port, S3Client client) {
    this.process = process;
    this.port = port;
    this.client = client;
  }

  static S3Server start(Path folder) throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path settings = folder.resolve("s3proxy.conf");
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=http://127.0.0.1:%d
        s3proxy.authorization=aws-v2-or-v4
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=transient
        jclouds.identity=none
        jclouds.credential=none
        """
            .formatted(port, KEY_ID, SECRET));
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx1g",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-jar",
                System.getProperty("s3proxy"),
                "--properties",
                settings.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("s3proxy.log").toFile())
            .start();
    for (int attempt = 0; !answers(port); attempt++) {
      if (!process.isAlive() || attempt == TRIES) {
        process.destroyForcibly();
        throw new IOException(Files.readString(folder.resolve("s3proxy.log")));
      }
      Thread.sleep(100);
    }
    S3Client client =
        S3Client.builder()
            .endpointOverride(URI.create("http://127.0.0.1:" + port))
            .region(Region.US_EAST_1)
            .forcePathStyle(true)
            .httpClient(ApacheHttpClient.create())
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(KEY_ID, SECRET)))
            .build();
    client.createBucket(request -> request.bucket(BUCKET));
    return new S3Server(process, port, client);
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  int port() {
    return port;
  }

  /** Uploads a folder's files. */
  void upload(Path folder, String prefix) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String key = prefix + "/" + folder.relativize(file).toString().replace('\\', '/');
        client.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromFile(file));
      }
    }
  }

  /** Uploads one object. */
  void put(String key, byte[] content) {
    client.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromBytes(content));
  }

  /** The names of all objects that start so. */
  List<String> keys(String prefix) {
    return client.listObjectsV2Paginator(r -> r.bucket(BUCKET).prefix(prefix)).contents().stream()
        .map(S3Object::key)
        .toList();
  }

  /** Copies all objects that start so to a folder, under what follows. */
  void download(String prefix, Path folder) throws IOException {
    for (String key : keys(prefix)) {
      Path file = folder.resolve(key.substring(prefix.length()));
      if (!key.endsWith("/")) {
        Files.createDirectories(file.getParent());
        Files.write(file, bytes(key));
      }
    }
  }

  byte[] bytes(String key) {
    return client.getObjectAsBytes(r -> r.bucket(BUCKET).key(key)).asByteArray();
  }

  /** How many uploads were begun and neither completed nor aborted. */
  int openUploads() {
    return client.listMultipartUploads(r -> r.bucket(BUCKET)).uploads().size();
  }

  @Override
  public void close() {
    client.close();
    process.destroy();
  }
}
