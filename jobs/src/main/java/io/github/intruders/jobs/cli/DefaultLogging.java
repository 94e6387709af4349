package io.github.intruders.jobs.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.config.DefaultConfiguration;

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

  private DefaultLogging() {}

  /** Sets this process's levels, unless somebody did. */
  static void apply() {
    if (LogManager.getContext(false) instanceof LoggerContext used && isNobodys(used)) {
      applyTo(used);
      // Where Spark looks whether it has to bring its own: another context, which nothing logs to.
      if (LogManager.getContext(true) instanceof LoggerContext asked && asked != used) {
        applyTo(asked);
      }
    }
  }

  private static void applyTo(LoggerContext context) {
    context.setConfigLocation(uri(DefaultLogging.class.getResource(OURS)));
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
