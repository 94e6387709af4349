package io.github.intruders.decisions;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What is inside the jar: nothing that Spark, or the job's own jar, has under the same name. */
class JarContentsIT {
  private static final Pattern PLACE =
      Pattern.compile(
          "META-INF/|intruders_shaded/|com/databricks/api/|org/[^/]+/|io/github/intruders/[^/]+/");

  @Test
  void theJarHoldsNothingOutsideItsOwnPackages() throws Exception {
    TreeSet<String> found = new TreeSet<>();
    try (JarFile jar = new JarFile(System.getProperty("jar"))) {
      for (JarEntry entry : jar.stream().filter(file -> !file.isDirectory()).toList()) {
        Matcher place = PLACE.matcher(entry.getName());
        found.add(place.lookingAt() ? place.group() : entry.getName());
      }
    }
    assertThat(found)
        .containsExactly(
            "META-INF/",
            "com/databricks/api/",
            "intruders_shaded/",
            "io/github/intruders/decisions/",
            "org/mlflow/",
            "org/mlflow_project/");
  }

  @Test
  void listenersAreFoundByTheNamesThatTheJobLooksFor() throws Exception {
    try (JarFile jar = new JarFile(System.getProperty("jar"))) {
      assertThat(jar.getEntry("META-INF/services/io.github.intruders.jobs.listener.RunListener"))
          .isNotNull();
      assertThat(jar.getEntry("META-INF/LICENSE")).isNotNull();
      assertThat(jar.getEntry("META-INF/licenses/protobuf.txt")).isNotNull();
      assertThat(jar.getEntry("META-INF/THIRD-PARTY.md")).isNotNull();
    }
  }
}
