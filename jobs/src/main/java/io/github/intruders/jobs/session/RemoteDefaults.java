package io.github.intruders.jobs.session;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * Time limits, tries and the like of remote storage, from {@code conf/spark/s3.conf}, which is in
 * the jar: for whatever nobody has set.
 */
public final class RemoteDefaults {
  private static final String RESOURCE = "/conf/spark/s3.conf";
  private static final String HADOOP = "spark.hadoop.";

  /** Hadoop's own defaults, which ours stand above. */
  private static final String HADOOP_DEFAULTS = "core-default.xml";

  private RemoteDefaults() {}

  /** Every setting of the file. */
  public static Map<String, String> all() {
    Properties properties = new Properties();
    try (InputStream in = RemoteDefaults.class.getResourceAsStream(RESOURCE);
        Reader text = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      properties.load(text);
    } catch (IOException e) {
      throw new UncheckedIOException("The jar's %s can't be read".formatted(RESOURCE), e);
    }
    Map<String, String> settings = new TreeMap<>();
    properties.forEach((key, value) -> settings.put((String) key, (String) value));
    return settings;
  }

  /** Sets those of Hadoop, where neither a site's file nor Spark has set them. */
  static void applyTo(Configuration configuration) {
    all()
        .forEach(
            (key, value) -> {
              String name = key.startsWith(HADOOP) ? key.substring(HADOOP.length()) : null;
              if (name != null && !isSet(configuration, name)) {
                configuration.set(name, value, RESOURCE);
              }
            });
  }

  private static boolean isSet(Configuration configuration, String name) {
    String[] sources = configuration.getPropertySources(name);
    return sources != null
        && sources.length > 0
        && !sources[sources.length - 1].equals(HADOOP_DEFAULTS);
  }
}
