package io.github.intruders.jobs.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/**
 * What this jar runs on. Asks for versions in files of Spark's and Hadoop's jars and links to no
 * class of theirs, since those may be other ones than this jar was built with.
 */
final class Requirements {
  private static final String SPARK = "spark-version-info.properties";
  private static final String HADOOP = "common-version-info.properties";

  /** Comes with Hadoops that no longer use what Java 23 stopped and Java 24 took away. */
  private static final String NEW_SUBJECTS =
      "org/apache/hadoop/security/authentication/util/SubjectUtil.class";

  private static final int FIRST_JAVA = 17;
  private static final int LAST_JAVA_OF_OLD_SUBJECTS = 22;

  private Requirements() {}

  /** One line that says what this process lacks; empty if it lacks nothing. */
  static String unmet() {
    return unmet(
        Requirements.class.getClassLoader(), System.getProperty("java.specification.version"));
  }

  /**
   * The same.
   *
   * @param loader finds Spark and Hadoop
   * @param java such as 17, or 1.8
   */
  static String unmet(ClassLoader loader, String java) {
    String spark = version(loader, SPARK);
    if (spark.isEmpty()) {
      return "Found no Spark: start this jar by the spark-submit of Spark 4.0, 4.1 or 4.2";
    }
    String found = "found Spark " + spark + " on Java " + java;
    if (!spark.matches("4\\.[012](\\D.*)?")) {
      return "This needs Spark 4.0, 4.1 or 4.2, "
          + found
          + "; start it by the spark-submit of another distribution";
    }
    int release = java.startsWith("1.") ? 8 : Integer.parseInt(java);
    if (release < FIRST_JAVA) {
      return "This needs Java " + FIRST_JAVA + " or later, " + found + "; set JAVA_HOME to another";
    }
    if (release > LAST_JAVA_OF_OLD_SUBJECTS && loader.getResource(NEW_SUBJECTS) == null) {
      return "Hadoop "
          + version(loader, HADOOP)
          + " needs Java "
          + FIRST_JAVA
          + " to "
          + LAST_JAVA_OF_OLD_SUBJECTS
          + ", "
          + found
          + "; set JAVA_HOME to another, or take a Spark with Hadoop 3.5, such as 4.2";
    }
    return "";
  }

  private static String version(ClassLoader loader, String file) {
    try (InputStream in = loader.getResourceAsStream(file)) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "");
    } catch (IOException e) {
      return "";
    }
  }
}
