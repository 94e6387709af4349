package io.github.intruders.jobs.ledger;

import io.github.intruders.input.Fingerprint;
import java.util.List;

/**
 * A file of the ledger that holds all entries of one checkpoint by one setting, ordered by matrix.
 * Its name tells what is in it, so that a run whose plan is there as a whole need not open it to
 * know.
 */
public final class LedgerPart {
  private static final String SUFFIX = ".part.jsonl";
  private static final int DIGITS = 32;

  private LedgerPart() {}

  /**
   * The name of the part with exactly these entries.
   *
   * @param settingsKey see {@link ScanEntry#settingsKey}
   * @param entriesKey see {@link #entriesKey}
   */
  public static String name(String checkpointId, String settingsKey, String entriesKey) {
    return prefix(checkpointId, settingsKey) + leading(entriesKey) + SUFFIX;
  }

  /**
   * Names what a part holds.
   *
   * @param keys of its entries, in the order of their matrices' names
   */
  public static String entriesKey(List<String> keys) {
    return Fingerprint.of(String.join("", keys));
  }

  /** What the names of all parts of a checkpoint by these settings begin with. */
  public static String prefix(String checkpointId, String settingsKey) {
    return leading(Fingerprint.of(checkpointId)) + "-" + leading(settingsKey) + "-";
  }

  /** Whether a part of this name holds entries of a checkpoint, by whatever settings. */
  static boolean isOf(String name, String checkpointId) {
    return name.startsWith(leading(Fingerprint.of(checkpointId)) + "-");
  }

  /** The prefix of a part by its name. */
  public static String prefixOf(String name) {
    return name.substring(0, Math.min(name.length(), 2 * DIGITS + 2));
  }

  static boolean isName(String file) {
    return file.endsWith(SUFFIX);
  }

  private static String leading(String hash) {
    return hash.substring(0, DIGITS);
  }
}
