package io.github.intruders.jobs.cli;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Commands that a test runs in its own process find a local master, and no web page. */
final class LocalMaster implements BeforeAllCallback, AfterAllCallback {
  private static final String MASTER = "spark.master";
  private static final String UI = "spark.ui.enabled";

  @Override
  public void beforeAll(ExtensionContext context) {
    System.setProperty(MASTER, "local[2]");
    System.setProperty(UI, "false");
  }

  @Override
  public void afterAll(ExtensionContext context) {
    System.clearProperty(MASTER);
    System.clearProperty(UI);
  }
}
