package io.github.intruders.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The archive of classes that the build has made for the launcher, for Javas that tests start
 * themselves: a Java with Spark in it starts with half the processor time.
 */
public final class ClassArchive {
  private static final Path JAR = Path.of(System.getProperty("jar"));

  private ClassArchive() {}

  /** What a class path has to begin with: Spark's jars and the job's. */
  public static String classPath() throws IOException {
    return Files.readString(JAR.resolveSibling("spark-classpath.txt")).strip() + ":" + JAR;
  }

  /** The Java option that uses it; one that changes nothing where none was made. */
  public static String option() throws IOException {
    return files().stream()
        .findFirst()
        .map(file -> "-XX:SharedArchiveFile=" + file)
        .orElse("-Xshare:auto");
  }

  /** For each Java and class path that it was made for. */
  static List<Path> files() throws IOException {
    Path folder = JAR.resolveSibling("class-archive");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".jsa")).toList();
    }
  }
}
