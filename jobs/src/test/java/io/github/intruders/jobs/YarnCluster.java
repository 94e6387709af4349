package io.github.intruders.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * YARN with three nodes and HDFS in a process of its own, with the defaults that clusters have:
 * nodes and containers of up to 8 GB, memory watched. Its clients are those of a whole Spark
 * distribution, whose own settings say where the nodes have Spark.
 */
final class YarnCluster implements AutoCloseable {
  /** What a container runs; arguments of Java's own stand before it. */
  enum Container {
    EXECUTOR("org.apache.spark.executor.YarnCoarseGrainedExecutorBackend"),
    DRIVER("org.apache.spark.deploy.yarn.ApplicationMaster");

    private final String mainClass;

    Container(String mainClass) {
      this.mainClass = mainClass;
    }
  }

  private static final Path SOURCE = Path.of("src/test/hadoop/MiniHadoop.java");

  private final Process process;
  private final Map<String, String> environment;
  private final FileSystem files;

  private YarnCluster(Process process, Map<String, String> environment, FileSystem files) {
    this.process = process;
    this.environment = environment;
    this.files = files;
  }

  static YarnCluster start(Path folder) throws IOException, InterruptedException {
    String spark = System.getProperty("spark.distribution");
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx600m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "-cp",
                System.getProperty("hadoop.minicluster") + "/*",
                SOURCE.toAbsolutePath().toString(),
                folder.toString(),
                "3")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("hadoop.log").toFile())
            .start();
    Path conf = folder.resolve("conf");
    Cluster.await("HDFS and YARN", () -> Files.isDirectory(conf) || !process.isAlive());
    if (!process.isAlive()) {
      throw new IOException(Files.readString(folder.resolve("hadoop.log")));
    }
    Path defaults = Files.createDirectories(folder.resolve("spark"));
    Files.writeString(
        defaults.resolve("spark-defaults.conf"),
        "spark.yarn.jars local:%s/jars/*%n".formatted(spark));
    Configuration client = new Configuration();
    client.addResource(conf.resolve("core-site.xml").toUri().toURL());
    return new YarnCluster(
        process,
        Map.of(
            "HADOOP_CONF_DIR",
            conf.toString(),
            "SPARK_HOME",
            spark,
            "SPARK_CONF_DIR",
            defaults.toString(),
            "SPARK_LOCAL_IP",
            "127.0.0.1"),
        FileSystem.newInstance(client));
  }

  /** For those who submit. */
  Map<String, String> environment() {
    return environment;
  }

  void put(Path local, String path) throws IOException {
    files.copyFromLocalFile(hadoop(local.toUri().toString()), hadoop(path));
  }

  /** Brings a folder to this machine. */
  void get(String path, Path local) throws IOException {
    files.copyToLocalFile(false, hadoop(path), hadoop(local.toUri().toString()), true);
  }

  /** How many files lie in a folder and below it. */
  int count(String path) throws IOException {
    if (!files.exists(hadoop(path))) {
      return 0;
    }
    int count = 0;
    RemoteIterator<LocatedFileStatus> all = files.listFiles(hadoop(path), true);
    while (all.hasNext()) {
      all.next();
      count++;
    }
    return count;
  }

  /** The names in a folder. */
  List<String> names(String path) throws IOException {
    return Arrays.stream(files.listStatus(hadoop(path)))
        .map(FileStatus::getPath)
        .map(org.apache.hadoop.fs.Path::getName)
        .sorted()
        .toList();
  }

  /** The processes of all containers of a kind; shells around them don't count. */
  List<ProcessHandle> running(Container kind) {
    return process
        .descendants()
        .filter(
            handle ->
                handle.info().command().orElse("").endsWith("/java")
                    && handle.info().commandLine().orElse("").contains(kind.mainClass))
        .toList();
  }

  private static org.apache.hadoop.fs.Path hadoop(String path) {
    return new org.apache.hadoop.fs.Path(path);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    files.close();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
  }
}
