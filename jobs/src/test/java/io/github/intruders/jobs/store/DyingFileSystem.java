package io.github.intruders.jobs.store;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Local files of a process that may die: after so many changes of names and folders, but for those
 * that readers never see, it can change nothing any more.
 */
public final class DyingFileSystem extends LocalFileSystem {
  private static final AtomicInteger CHANGES_LEFT = new AtomicInteger(Integer.MAX_VALUE);
  private static volatile Runnable between = () -> {};

  public DyingFileSystem() {
    super(new Raw());
  }

  /** The next change after these fails, and all later ones. */
  static void dieAfter(int changes) {
    CHANGES_LEFT.set(changes);
  }

  static void live() {
    CHANGES_LEFT.set(Integer.MAX_VALUE);
    between = () -> {};
  }

  /** Before each change somebody else has a look, who may do whatever changes nothing. */
  static void beforeEachChange(Runnable look) {
    between = look;
  }

  /** Whether all changes that were allowed were made. */
  static boolean isDead() {
    return CHANGES_LEFT.get() < 0;
  }

  private static final class Raw extends RawLocalFileSystem {
    private static void change(Path path) throws IOException {
      if (path.toString().contains("_work/staging")) {
        return; // no reader looks there
      }
      between.run();
      if (CHANGES_LEFT.getAndUpdate(left -> left < 0 ? left : left - 1) <= 0) {
        throw new IOException("The process is dead");
      }
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
      change(to);
      return super.rename(from, to);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
      change(path);
      return super.delete(path, recursive);
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
      change(path);
      return super.mkdirs(path);
    }

    @Override
    public boolean mkdirs(Path path, FsPermission permission) throws IOException {
      change(path);
      return super.mkdirs(path, permission);
    }
  }
}
