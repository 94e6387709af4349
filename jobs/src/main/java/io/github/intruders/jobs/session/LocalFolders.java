package io.github.intruders.jobs.session;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.util.Utils;

/** The folders on this machine that Spark keeps its own files in. */
final class LocalFolders {
  private LocalFolders() {}

  /**
   * Passes if Spark can use one of them; without any it would end the process.
   *
   * @throws UserInputException if all of them refuse
   */
  static void require(SparkConf conf) {
    List<String> reasons = new ArrayList<>();
    for (String folder : Utils.getConfiguredLocalDirs(conf)) {
      try {
        Path path = Files.createDirectories(Path.of(folder));
        Files.delete(Files.createTempDirectory(path, "intruders-"));
        return;
      } catch (IOException e) {
        reasons.add(folder + ": " + reason(e));
      }
    }
    throw UserInputException.of(
        RejectCode.SETTING_INVALID,
        "Cannot use spark.local.dir (%s): name a folder that can be written to, by -- --conf spark.local.dir=FOLDER"
            .formatted(String.join("; ", reasons)));
  }

  private static String reason(IOException e) {
    String said = e instanceof FileSystemException fault ? fault.getReason() : e.getMessage();
    return said == null ? e.getClass().getSimpleName() : said;
  }
}
