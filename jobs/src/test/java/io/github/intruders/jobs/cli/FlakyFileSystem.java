package io.github.intruders.jobs.cli;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/** Local files under the scheme {@code flaky}, some of which can't be written for a while. */
public final class FlakyFileSystem extends RawLocalFileSystem {
  static final String SCHEME = "flaky";

  /** What the names of files contain that can't be written; null if all can. */
  private static volatile String broken;

  /** What the names of files contain for which there is no space; null if there is for all. */
  private static volatile String full;

  static void breakFiles(String part) {
    broken = part;
  }

  /** Writing to these files fails as on a disk that is full. */
  static void fillDisk(String part) {
    full = part;
  }

  static void mend() {
    broken = null;
    full = null;
  }

  @Override
  public void initialize(URI uri, Configuration configuration) throws IOException {
    super.initialize(URI.create(SCHEME + ":///"), configuration);
  }

  @Override
  public URI getUri() {
    return URI.create(SCHEME + ":///");
  }

  @Override
  public String getScheme() {
    return SCHEME;
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      FsPermission permission,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    if (broken != null && path.toString().contains(broken)) {
      throw new IOException("This disk is broken: " + path);
    }
    if (full != null && path.toString().contains(full)) {
      return create(path, overwrite, bufferSize, replication, blockSize, progress);
    }
    return super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress);
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    if (broken != null && path.toString().contains(broken)) {
      throw new IOException("This disk is broken: " + path);
    }
    if (full != null && path.toString().contains(full)) {
      mkdirs(path.getParent());
      Path device = new Path("/dev/full");
      return super.create(device, true, bufferSize, replication, blockSize, progress);
    }
    return super.create(path, overwrite, bufferSize, replication, blockSize, progress);
  }
}
