package io.github.intruders.jobs;

import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Stops the session that a test class has left open, which the next one would get with all its
 * settings. In force for every class, by {@code junit-platform.properties}.
 */
public final class NoSessionIsLeft implements AfterAllCallback {
  @Override
  public void afterAll(ExtensionContext context) {
    if (SparkSession.getDefaultSession().isDefined()) {
      SparkSession.getDefaultSession().get().stop();
    }
  }
}
