package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.logging.log4j.core.LoggerContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a process is held against before it does anything, and how it logs. */
class RequirementsTest {
  private static final String NEW_SUBJECTS =
      "org/apache/hadoop/security/authentication/util/SubjectUtil.class";

  @TempDir private Path jars;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          4.0.1          | 3.4.1 | 17  |
          4.1.0-amzn-1   | 3.4.2 | 22  |
          4.2.0          | 3.5.0 | 25  |
          3.5.7          | 3.3.4 | 17  | This needs Spark 4.0, 4.1 or 4.2, found Spark 3.5.7 on Java 17; start it by the spark-submit of another distribution
          3.5.7          | 3.3.4 | 1.8 | This needs Spark 4.0, 4.1 or 4.2, found Spark 3.5.7 on Java 1.8; start it by the spark-submit of another distribution
          4.20.0         | 3.5.0 | 17  | This needs Spark 4.0, 4.1 or 4.2, found Spark 4.20.0 on Java 17; start it by the spark-submit of another distribution
          4.1.0          | 3.4.2 | 11  | This needs Java 17 or later, found Spark 4.1.0 on Java 11; set JAVA_HOME to another
          4.1.0          | 3.4.2 | 25  | Hadoop 3.4.2 needs Java 17 to 22, found Spark 4.1.0 on Java 25; set JAVA_HOME to another, or take a Spark with Hadoop 3.5, such as 4.2
          """)
  void aSparkAJavaAndAHadoopGoTogetherOrAreNamed(
      String spark, String hadoop, String java, String complaint) throws IOException {
    Files.writeString(jars.resolve("spark-version-info.properties"), "version=" + spark);
    Files.writeString(jars.resolve("common-version-info.properties"), "version=" + hadoop);
    if (hadoop.equals("3.5.0")) {
      Path file = jars.resolve(NEW_SUBJECTS);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "");
    }

    assertThat(unmet(java)).isEqualTo(complaint == null ? "" : complaint);
  }

  @Test
  void aJarThatIsStartedWithoutSparkSaysSo() throws IOException {
    assertThat(unmet("17"))
        .isEqualTo("Found no Spark: start this jar by the spark-submit of Spark 4.0, 4.1 or 4.2");
  }

  private String unmet(String java) throws IOException {
    URL[] folder = {jars.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(folder, null)) {
      return Requirements.unmet(loader, java);
    }
  }

  @Test
  void levelsThatSomebodySetStand() throws Exception {
    URI sparks =
        LoggerContext.class
            .getClassLoader()
            .getResource("org/apache/spark/log4j2-defaults.properties")
            .toURI();
    Path own = jars.resolve("log4j2.properties");
    Files.writeString(own, "rootLogger.level = debug");

    assertThat(isNobodys(null)).isTrue();
    assertThat(isNobodys(sparks)).isTrue();
    assertThat(isNobodys(own.toUri())).isFalse();
  }

  private static boolean isNobodys(URI configuration) {
    try (LoggerContext context = new LoggerContext("test", null, configuration)) {
      if (configuration != null) {
        context.start();
      }
      return DefaultLogging.isNobodys(context);
    }
  }
}
