package io.github.intruders.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is inside the jar that is submitted: a checked list, so that nothing gets in unseen. */
class JarContentsIT {

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
