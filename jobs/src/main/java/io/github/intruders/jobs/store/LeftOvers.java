package io.github.intruders.jobs.store;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that runs were writing when they were killed. They lie below {@code OUT/_work} or are
 * hidden, so that no reader takes them for data.
 */
public final class LeftOvers {
  private static final Logger LOG = LoggerFactory.getLogger(LeftOvers.class);

  /** Nothing that is still being written to is that old: no table and no task takes as long. */
  private static final Duration KEPT = Duration.ofDays(3);

  private LeftOvers() {}

  /** Where files of tables wait for the end of their job. */
  static String staging(Storage storage, String outUri) {
    return storage.resolve(outUri, "_work/staging");
  }

  /**
   * Deletes what nobody has written to for three days, so that runs going on beside this one keep
   * theirs. Failing to do so is logged, and no more.
   */
  public static void clear(Storage storage, String outUri, Instant now) {
    long oldest = now.minus(KEPT).toEpochMilli();
    try {
      for (StoredFile folder : list(storage, staging(storage, outUri))) {
        deleteIfOld(storage, folder, oldest);
      }
      for (String folder : List.of("_work/rejects", "_work/mitigation/rejects")) {
        for (StoredFile run : list(storage, storage.resolve(outUri, folder))) {
          if (isOld(storage, run, oldest)) {
            storage.delete(run.uri());
          }
        }
      }
      for (String folder : List.of("_work/scan", "_work/vectors", "_work/mitigation/entries")) {
        clearFolder(storage, storage.resolve(outUri, folder), now);
      }
    } catch (IOException e) {
      LOG.warn("Could not delete what killed runs left below {}", outUri, e);
    }
  }

  /** Deletes the half-written files of one folder by the same rule. */
  public static void clearFolder(Storage storage, String folder, Instant now) throws IOException {
    long oldest = now.minus(KEPT).toEpochMilli();
    for (StoredFile file : list(storage, folder)) {
      if (file.name().startsWith(".") && file.name().endsWith(".tmp")) {
        deleteIfOld(storage, file, oldest);
      }
    }
  }

  /** By the files in it: an object storage calls every folder new. */
  private static boolean isOld(Storage storage, StoredFile folder, long oldest) throws IOException {
    List<StoredFile> files = list(storage, folder.uri());
    return !files.isEmpty() && files.stream().allMatch(file -> isOld(file, oldest));
  }

  private static List<StoredFile> list(Storage storage, String folder) throws IOException {
    return storage.isDirectory(folder) ? storage.list(folder) : List.of();
  }

  private static void deleteIfOld(Storage storage, StoredFile file, long oldest)
      throws IOException {
    if (isOld(file, oldest)) {
      storage.delete(file.uri());
    }
  }

  private static boolean isOld(StoredFile file, long oldest) {
    return file.modifiedMillis() > 0 && file.modifiedMillis() < oldest;
  }
}
