package io.github.intruders.jobs.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.config.DefaultConfiguration;
import org.apache.spark.SparkConf;

/**
 * How much is logged where nobody has said it: as with the launcher, our own messages, and errors
 * of everything else. A bare spark-submit has Spark's profile instead, thousands of lines about its
 * inner life.
 */
final class DefaultLogging {
  /** The launcher's file, in this jar. */
  private static final String OURS = "/conf/spark/log4j2.properties";

  /** Where Spark keeps what it takes if there is no configuration. */
  private static final String SPARKS = "!/org/apache/spark/log4j2-";

  /** Where Log4j looks first. */
  private static final String LOG4J = "log4j2.configurationFile";

  private DefaultLogging() {}

  /** Sets this process's levels, unless somebody did. */
  static void apply() {
    if (System.getProperty(LOG4J) != null) {
      return; // as the launcher does
    }
    // Spark would bring its own with the first thing it logs, so it has to have done that before.
    new SparkConf(false).initializeLogIfNecessary(false, true);
    if (LogManager.getContext(false) instanceof LoggerContext context && isNobodys(context)) {
      context.setConfigLocation(uri(DefaultLogging.class.getResource(OURS)));
    }
  }

  static boolean isNobodys(LoggerContext context) {
    String location = context.getConfiguration().getConfigurationSource().getLocation();
    return location == null
        ? context.getConfiguration() instanceof DefaultConfiguration
        : location.contains(SPARKS);
  }

  private static URI uri(URL url) {
    try {
      return url.toURI();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("Cannot read " + url, e);
    }
  }
}
