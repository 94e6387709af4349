package io.github.intruders.jobs.cli;

import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Commands that a test runs in its own process find a local master, and no web page. */
final class LocalMaster implements BeforeAllCallback, AfterAllCallback {
  private static final String MASTER = "spark.master";
  private static final String UI = "spark.ui.enabled";

  @Override
  public void beforeAll(ExtensionContext context) {
    SparkSession.getDefaultSession().foreach(LocalMaster::stop);
    System.setProperty(MASTER, "local[2]");
    System.setProperty(UI, "false");
  }

  /** One that another test has left open would be used, with that test's settings. */
  private static Void stop(SparkSession session) {
    session.stop();
    return null;
  }

  @Override
  public void afterAll(ExtensionContext context) {
    System.clearProperty(MASTER);
    System.clearProperty(UI);
  }
}
