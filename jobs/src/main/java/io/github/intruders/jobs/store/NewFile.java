package io.github.intruders.jobs.store;

import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import java.io.IOException;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A folder's new file, in the place of the old one and under a name of its own.
 *
 * <p>A reader lists a folder, and opens by name what it has found. Were the name the same before
 * and after, a reader that opens a file twice could put the footer of the old rows to the data of
 * the new ones. With two names it could find both, or neither. So the old file is first given the
 * new name, in one step, and the new file then replaces it, in another: whoever lists the folder at
 * any moment finds one file, and whoever has the old name finds no file under it any more.
 */
final class NewFile {
  private static final String STEM = "part-";

  /** Names that this class gives. */
  private static final Pattern OURS = Pattern.compile(STEM + "[0-9a-f]+-.*");

  private static final int ATTEMPTS = 5;

  private final HadoopStorage storage;
  private final String folder;
  private final String name;

  /**
   * @param folder that holds one file, or none
   * @param name for the new file, which begins as {@link #nameOf} says
   */
  NewFile(HadoopStorage storage, String folder, String name) {
    this.storage = storage;
    this.folder = folder;
    this.name = name;
  }

  /** How the names of a job's files begin. */
  static String nameOf(String jobId) {
    return STEM + jobId;
  }

  /**
   * Puts the file in place.
   *
   * @param written the file, in the same storage
   * @param sameJob tells the job's other files in the folder, which stay
   */
  void put(String written, Predicate<StoredFile> sameJob) throws IOException {
    Predicate<StoredFile> other = sameJob.negate();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      List<StoredFile> old = others(other);
      if (old.isEmpty() || storage.rename(old.get(0).uri(), name)) {
        break; // else another job has just renamed it
      }
    }
    String place = storage.resolve(folder, name);
    storage.replace(written, place);
    for (StoredFile more : others(other)) {
      // Of two jobs that write one folder at the same time, both find the same one to stay.
      boolean itStays = OURS.matcher(more.name()).matches() && more.name().compareTo(name) > 0;
      storage.delete(itStays ? place : more.uri());
    }
  }

  private List<StoredFile> others(Predicate<StoredFile> other) throws IOException {
    return storage.isDirectory(folder)
        ? storage.list(folder).stream()
            .filter(file -> !file.directory() && other.test(file))
            .toList()
        : List.of();
  }
}
