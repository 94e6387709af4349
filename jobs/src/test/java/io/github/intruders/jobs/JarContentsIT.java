package io.github.intruders.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is inside the jar that is submitted: a checked list, so that nothing gets in unseen. */
class JarContentsIT {
  /** Its class files' version. */
  private static final int JAVA_8 = 52;

  @Test
  void theJarHoldsExactlyTheListedFolders() throws Exception {
    TreeSet<String> found = new TreeSet<>();
    try (JarFile jar = new JarFile(System.getProperty("jar"))) {
      for (JarEntry entry : jar.stream().filter(file -> !file.isDirectory()).toList()) {
        found.add(place(entry.getName()));
      }
    }
    assertThat(found).containsExactlyElementsOf(expected());
  }

  @Test
  void theJarWithoutSparkAndOnAnyJavaSaysWhatItNeeds() throws Exception {
    Path jar = Path.of(System.getProperty("jar"));
    try (JarFile open = new JarFile(jar.toFile())) {
      String entry = open.getManifest().getMainAttributes().getValue("Main-Class");
      for (String name :
          List.of(
              entry, entry.replace("Start", "Requirements"), entry.replace("Start", "Ending"))) {
        try (InputStream in =
            open.getInputStream(open.getEntry(name.replace('.', '/') + ".class"))) {
          assertThat(in.readNBytes(8)).as(name).endsWith(0, JAVA_8);
        }
      }
    }

    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                jar.toString(),
                "run")
            .redirectErrorStream(true)
            .start();

    assertThat(java.inputReader().lines().filter(line -> !line.startsWith("Picked up")))
        .containsExactly(
            "intruders: Found no Spark: start this jar by the spark-submit of Spark 4.0, 4.1 or 4.2");
    assertThat(java.waitFor()).isEqualTo(2);
  }

  /** The folder a file lies in, to the fourth level. */
  private static String place(String name) {
    List<String> folders = List.of(name.split("/", -1));
    return String.join("/", folders.subList(0, Math.min(4, folders.size() - 1)));
  }

  private static List<String> expected() throws Exception {
    try (InputStream in = JarContentsIT.class.getResourceAsStream("/jar-contents.txt");
        Stream<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()) {
      return lines.filter(line -> !line.startsWith("#")).toList();
    }
  }
}
