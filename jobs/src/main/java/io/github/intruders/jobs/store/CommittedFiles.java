package io.github.intruders.jobs.store;

import java.io.IOException;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.spark.internal.io.FileNameSpec;
import scala.Option;

/**
 * The files that a job writes, named relative to the table's folder. A file's name does not depend
 * on the task, so that two tasks that write to one folder are found out.
 */
final class CommittedFiles {
  private final String uri;
  private final Set<String> files = new TreeSet<>();

  CommittedFiles(String uri) {
    this.uri = uri;
  }

  /**
   * A file's name, relative to the table's folder.
   *
   * @param stem what it begins with, the same for all files of a job
   */
  static String relative(Option<String> folder, FileNameSpec name, String stem) {
    String file = name.prefix() + stem + name.suffix();
    return folder.isDefined() ? folder.get() + "/" + file : file;
  }

  /**
   * Adds what one task has written.
   *
   * @throws IOException if another task wrote to the same folder, since one of both would be lost
   */
  void add(Collection<String> ofTask) throws IOException {
    for (String file : ofTask) {
      if (!files.add(file)) {
        throw new IOException(
            "[%s] Cannot commit: two tasks wrote %s; the rows of a folder must be of one task"
                .formatted(uri, file));
      }
    }
  }

  boolean contains(String file) {
    return files.contains(file);
  }

  /** The folders written to, each with a slash at its end; the table's own is empty. */
  Set<String> folders() {
    return files.stream()
        .map(CommittedFiles::folder)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  static String folder(String file) {
    return file.substring(0, file.lastIndexOf('/') + 1);
  }
}
