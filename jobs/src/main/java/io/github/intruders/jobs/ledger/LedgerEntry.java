package io.github.intruders.jobs.ledger;

/** What a ledger holds: a finished piece of work of one matrix of one checkpoint. */
public sealed interface LedgerEntry permits ScanEntry, MitigationEntry {
  /** Names all that the result depends on. */
  String key();

  /** The manifest's id. */
  String checkpointId();

  /** The tensor's name in the base. */
  String matrix();
}
