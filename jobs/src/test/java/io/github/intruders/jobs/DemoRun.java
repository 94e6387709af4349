package io.github.intruders.jobs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.hadoop.fs.FileUtil;

/**
 * The demo as a user starts it, on this machine: done once for all integration tests of a build, by
 * whichever comes first. They only read what it wrote.
 *
 * @param out its output folder
 * @param launched how it ended
 */
public record DemoRun(Path out, Launched launched) {
  /** Does it, or finds it done; those in other processes wait. */
  public static DemoRun get() throws IOException, InterruptedException {
    Path jar = Path.of(System.getProperty("jar"));
    Path folder = Files.createDirectories(jar.resolveSibling("demo-run"));
    Path out = folder.resolve("out");
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      Path done = folder.resolve("done");
      if (!Files.exists(done) || isOlder(done, jar)) {
        FileUtil.fullyDelete(out.toFile());
        Launched demo = Launched.run(folder, "demo", "--json", "--out", out.toString());
        if (demo.exitCode() != 0) {
          throw new IOException(String.join("\n", demo.err()));
        }
        Files.writeString(done, "");
      }
      return new DemoRun(out, Launched.read(folder, 0));
    }
  }

  private static boolean isOlder(Path file, Path other) throws IOException {
    return Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(other)) < 0;
  }
}
