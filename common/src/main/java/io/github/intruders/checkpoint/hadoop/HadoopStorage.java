package io.github.intruders.checkpoint.hadoop;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.OpenFileOptions;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.util.functional.FutureIO;

/**
 * Files over Hadoop's file systems. Local files go past Hadoop's checksum layer, so that no {@code
 * .crc} files appear and stale ones do no harm. Thread-safe. Hadoop caches the file systems; they
 * are never closed here.
 */
public final class HadoopStorage implements Storage {
  /** At least two letters, so that a Windows drive is no scheme. */
  private static final Pattern SCHEME = Pattern.compile("^[A-Za-z][A-Za-z0-9+.-]+:/");

  private static final int RENAME_ATTEMPTS = 3;

  private final Configuration configuration;

  /**
   * @param configuration with the settings and credentials of the file systems; not to be changed
   *     any more
   */
  public HadoopStorage(Configuration configuration) {
    this.configuration = Objects.requireNonNull(configuration, "configuration");
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    Path path = new Path(uri);
    FileSystem files = fileSystem(path);
    FileStatus status = status(files, path);
    if (status.isDirectory()) {
      throw new FileNotFoundException("[%s] This is a folder, not a file".formatted(uri));
    }
    FSDataInputStream stream =
        FutureIO.awaitFuture(
            files
                .openFile(path)
                .withFileStatus(status)
                .opt(
                    OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY,
                    OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY_RANDOM)
                .build());
    return new HadoopRangeSource(uri, status.getLen(), stream);
  }

  @Override
  public void delete(String uri) throws IOException {
    Path path = new Path(uri);
    fileSystem(path).delete(path, true);
  }

  @Override
  public StoredFile status(String uri) throws IOException {
    Path path = new Path(uri);
    return storedFile(uri, status(fileSystem(path), path));
  }

  @Override
  public boolean exists(String uri) throws IOException {
    Path path = new Path(uri);
    return fileSystem(path).exists(path);
  }

  @Override
  public boolean isDirectory(String uri) throws IOException {
    Path path = new Path(uri);
    try {
      return fileSystem(path).getFileStatus(path).isDirectory();
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  @Override
  public List<StoredFile> list(String folder) throws IOException {
    Path path = new Path(folder);
    FileSystem files = fileSystem(path);
    if (!status(files, path).isDirectory()) {
      throw new FileNotFoundException("[%s] This is a file, not a folder".formatted(folder));
    }
    return Arrays.stream(files.listStatus(path))
        .map(status -> storedFile(resolve(folder, status.getPath().getName()), status))
        .sorted(Comparator.comparing(StoredFile::name))
        .toList();
  }

  private static StoredFile storedFile(String uri, FileStatus status) {
    return new StoredFile(
        uri,
        status.getPath().getName(),
        status.isDirectory() ? 0 : status.getLen(),
        status.getModificationTime(),
        status.isDirectory());
  }

  @Override
  public String resolve(String folder, String child) {
    return folder.endsWith("/") ? folder + child : folder + "/" + child;
  }

  /** A URI without an authority, such as {@code hdfs:///models}, stays without one. */
  @Override
  public String qualify(String uriOrBarePath) {
    if (uriOrBarePath.isBlank()) {
      throw UserInputException.of(RejectCode.SETTING_INVALID, "Expected a path or URI, found none");
    }
    try {
      boolean hasScheme = SCHEME.matcher(uriOrBarePath).find();
      return new Path(hasScheme ? uriOrBarePath : localUri(uriOrBarePath)).toString();
    } catch (IllegalArgumentException e) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Not a path or URI: \"%s\" (%s)".formatted(uriOrBarePath, e.getMessage()));
    }
  }

  private static String localUri(String barePath) {
    String absolute =
        java.nio.file.Path.of(barePath)
            .toAbsolutePath()
            .normalize()
            .toString()
            .replace(File.separatorChar, '/');
    return absolute.startsWith("/") ? "file:" + absolute : "file:/" + absolute;
  }

  @Override
  public void write(String uri, Body body) throws IOException {
    Path path = new Path(uri);
    FileSystem files = fileSystem(path);
    Path temporary =
        new Path(
            resolve(
                path.getParent().toString(),
                ".%s.%s.tmp".formatted(path.getName(), UUID.randomUUID())));
    boolean done = false;
    try {
      try (OutputStream out = files.create(temporary, false)) {
        body.writeTo(out);
      }
      replace(files, temporary, path);
      done = true;
    } finally {
      if (!done) {
        files.delete(temporary, false);
      }
    }
  }

  /** Renames; where a rename does not replace, deletes first, also if another writer was faster. */
  private static void replace(FileSystem files, Path temporary, Path path) throws IOException {
    boolean replacesByRename = path.toUri().getScheme().equals("file");
    for (int attempt = 0; attempt < RENAME_ATTEMPTS; attempt++) {
      if (!replacesByRename && files.exists(path)) {
        files.delete(path, false);
      }
      if (renamed(files, temporary, path)) {
        return;
      }
    }
    throw new IOException("[%s] Cannot rename %s to it".formatted(path, temporary));
  }

  private static boolean renamed(FileSystem files, Path temporary, Path path) throws IOException {
    try {
      return files.rename(temporary, path);
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private static FileStatus status(FileSystem files, Path path) throws IOException {
    try {
      return files.getFileStatus(path);
    } catch (FileNotFoundException e) {
      FileNotFoundException named =
          new FileNotFoundException("[%s] No such file or folder".formatted(path));
      named.initCause(e);
      throw named;
    }
  }

  private FileSystem fileSystem(Path path) throws IOException {
    String scheme = path.toUri().getScheme();
    if ("file".equals(scheme)) {
      return FileSystem.getLocal(configuration).getRawFileSystem();
    }
    try {
      return path.getFileSystem(configuration);
    } catch (UnsupportedFileSystemException e) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          path.toString(),
          "No file system is set up for %s://".formatted(scheme));
    }
  }
}
