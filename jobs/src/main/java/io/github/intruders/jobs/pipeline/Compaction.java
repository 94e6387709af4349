package io.github.intruders.jobs.pipeline;

import io.github.intruders.jobs.context.RunContext;

/** Makes the ledger small. */
final class Compaction {
  private Compaction() {}

  static void run(RunContext run, Scanned scanned) {}
}
