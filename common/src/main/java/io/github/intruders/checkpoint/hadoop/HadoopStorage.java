package io.github.intruders.checkpoint.hadoop;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Secrets;
import io.github.intruders.input.UserInputException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.EtagSource;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Options.OpenFileOptions;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.protocol.HdfsFileStatus;
import org.apache.hadoop.util.VersionInfo;
import org.apache.hadoop.util.functional.FutureIO;

/**
 * Files over Hadoop's file systems. Local files go past Hadoop's checksum layer, so that no {@code
 * .crc} files appear and stale ones do no harm. Thread-safe. Hadoop caches the file systems; they
 * are never closed here.
 */
public final class HadoopStorage implements Storage {
  /** At least two letters, so that a Windows drive is no scheme. */
  private static final Pattern SCHEME = Pattern.compile("^[A-Za-z][A-Za-z0-9+.-]+:/");

  private static final Set<String> S3_LOOKALIKES = Set.of("s3", "s3n");

  /** Network file systems count as local, and may not answer any more. */
  private static final Duration LOCAL_OPEN = Duration.ofMinutes(2);

  private static final int RENAME_ATTEMPTS = 3;

  /** Two requests less for each file; no one has a folder where we write files. */
  private static final String WITHOUT_CHECKS = "fs.s3a.create.performance";

  /** How S3A tells that a file was replaced while it reads it. */
  private static final String CHANGE_DETECTION = "fs.s3a.change.detection.mode";

  private static final String CHANGE_DETECTION_SOURCE = "fs.s3a.change.detection.source";
  private static final Set<String> ENFORCED = Set.of("server", "client");

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
    return isLocal(path)
        ? LimitedOpening.within(LOCAL_OPEN, uri, () -> open(uri, path, files))
        : open(uri, path, files);
  }

  private static boolean isLocal(Path path) {
    return "file".equals(path.toUri().getScheme());
  }

  @Override
  public RangeSource open(StoredFile listed) throws IOException {
    Path path = new Path(listed.uri());
    FileSystem files = fileSystem(path);
    if (isLocal(path) || !isObjectStore(files, path)) {
      return open(listed.uri());
    }
    FSDataInputStream stream =
        FutureIO.awaitFuture(
            files
                .openFile(path)
                .optLong(OpenFileOptions.FS_OPTION_OPENFILE_LENGTH, listed.lengthBytes())
                .opt(
                    OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY,
                    OpenFileOptions.FS_OPTION_OPENFILE_READ_POLICY_RANDOM)
                .build());
    return new HadoopRangeSource(listed, stream, true, false);
  }

  private RangeSource open(String uri, Path path, FileSystem files) throws IOException {
    FileStatus status = status(files, path);
    if (status.isDirectory()) {
      throw new FileNotFoundException("[%s] This is a folder, not a file".formatted(uri));
    }
    if (isLocal(path) && !new File(path.toUri().getPath()).isFile()) {
      throw UserInputException.inFile(
          RejectCode.READ_FAILED,
          uri,
          "This is a pipe, a socket or a device, a read of which might never return; expected"
              + " a regular file: write what it gives into one, and name that");
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
    return new HadoopRangeSource(
        storedFile(uri, status), stream, isObjectStore(files, path), failsWhenReplaced(status));
  }

  /** S3A asks for each range of the file with this etag, unless its user has it not care. */
  private boolean failsWhenReplaced(FileStatus status) {
    return !etag(status).isEmpty()
        && "s3a".equals(status.getPath().toUri().getScheme())
        && ENFORCED.contains(configuration.get(CHANGE_DETECTION, "server"))
        && "etag".equals(configuration.get(CHANGE_DETECTION_SOURCE, "etag"));
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
    if (isLocal(path)) {
      return listLocal(folder, new File(path.toUri().getPath()));
    }
    return Arrays.stream(files.listStatus(path))
        .map(status -> storedFile(resolve(folder, status.getPath().getName()), status))
        .sorted(Comparator.comparing(StoredFile::name))
        .toList();
  }

  /** Hadoop can't list a folder in which a name has a colon, as those made of a time do. */
  private List<StoredFile> listLocal(String folder, File directory) throws IOException {
    String[] names = directory.list();
    if (names == null) {
      throw new AccessDeniedException(folder, null, "the folder can't be listed");
    }
    Arrays.sort(names);
    List<StoredFile> children = new ArrayList<>(names.length);
    for (String name : names) {
      File child = new File(directory, name);
      if (child.exists()) { // a link may lead nowhere
        boolean isFolder = child.isDirectory();
        children.add(
            new StoredFile(
                resolve(folder, name),
                name,
                isFolder ? 0 : child.length(),
                child.lastModified(),
                "",
                isFolder));
      }
    }
    return List.copyOf(children);
  }

  @Override
  public Optional<Iterator<StoredFile>> listDeeply(String folder) throws IOException {
    Path path = new Path(folder);
    FileSystem files = fileSystem(path);
    if (isLocal(path) || !isObjectStore(files, path)) {
      return Optional.empty();
    }
    RemoteIterator<LocatedFileStatus> found = files.listFiles(path, true);
    String root = path.toString();
    return Optional.of(
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            try {
              return found.hasNext();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }

          @Override
          public StoredFile next() {
            try {
              LocatedFileStatus status = found.next();
              String uri = status.getPath().toString();
              String below = uri.substring(root.length()).replaceFirst("^/", "");
              return storedFile(resolve(folder, below), status);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
  }

  @Override
  public String realUri(String uri) throws IOException {
    Path path = new Path(uri);
    if (!isLocal(path)) {
      return uri;
    }
    try {
      return localUri(java.nio.file.Path.of(path.toUri().getPath()).toRealPath().toString());
    } catch (NoSuchFileException e) {
      throw (IOException)
          new FileNotFoundException("[%s] No such file or folder".formatted(uri)).initCause(e);
    }
  }

  private static StoredFile storedFile(String uri, FileStatus status) {
    return new StoredFile(
        uri,
        status.getPath().getName(),
        status.isDirectory() ? 0 : status.getLen(),
        status.getModificationTime(),
        etag(status),
        status.isDirectory());
  }

  /** HDFS gives each file that is made a number of its own; one that is moved keeps it. */
  private static String etag(FileStatus status) {
    if (status instanceof EtagSource source && source.getEtag() != null) {
      return source.getEtag();
    }
    return status instanceof HdfsFileStatus file && !status.isDirectory()
        ? "inode-%d-%d".formatted(file.getFileId(), status.getModificationTime())
        : "";
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
    requireNoSecret(uriOrBarePath);
    try {
      boolean hasScheme = SCHEME.matcher(uriOrBarePath).find();
      return new Path(hasScheme ? uriOrBarePath : localUri(uriOrBarePath)).toString();
    } catch (IllegalArgumentException e) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Not a path or URI: \"%s\" (%s)".formatted(uriOrBarePath, e.getMessage()));
    }
  }

  /** What stands in a URI gets into tables and messages. */
  private static void requireNoSecret(String uri) {
    if (Secrets.isIn(uri)) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use a URI with credentials in it, %s: take them out, and set them as"
                  .formatted(Secrets.masked(uri))
              + " .github/docs/s3.md says; tables, reports and logs show each URI as it is");
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
    if (isObjectStore(files, path)) {
      writeAtOnce(files, path, body);
    } else {
      writeBesideAndRename(files, path, body);
    }
  }

  /** Whether files appear when they are closed, and reads and renames go over a network: S3. */
  private static boolean isObjectStore(FileSystem files, Path path) throws IOException {
    return files.hasPathCapability(path, CommonPathCapabilities.ABORTABLE_STREAM);
  }

  /** For storages where a file is there when its stream is closed, and not before: S3. */
  private static void writeAtOnce(FileSystem files, Path path, Body body) throws IOException {
    FSDataOutputStreamBuilder<?, ?> creation = files.createFile(path);
    creation.overwrite(true);
    creation.recursive();
    creation.opt(WITHOUT_CHECKS, true);
    try (FSDataOutputStream out = creation.build()) {
      try {
        body.writeTo(new Unclosed(out));
      } catch (IOException | RuntimeException | Error e) {
        out.abort();
        throw e;
      }
    }
  }

  /** Leaves the end of a file to its owner, since closing is what makes it visible. */
  private static final class Unclosed extends FilterOutputStream {
    Unclosed(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int start, int count) throws IOException {
      out.write(bytes, start, count);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }

  private void writeBesideAndRename(FileSystem files, Path path, Body body) throws IOException {
    requireNoFolder(path);
    makeFolder(files, path.getParent());
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
    } catch (FSError e) { // Hadoop's word for an IOException of a local disk
      throw new IOException("[%s] Cannot write: %s".formatted(path, e.getCause()), e);
    } finally {
      if (!done) {
        files.delete(temporary, false);
      }
    }
  }

  /** A local rename to the name of a folder would move the file into that folder. */
  private static void requireNoFolder(Path path) {
    if (isLocal(path)
        && java.nio.file.Files.isDirectory(java.nio.file.Path.of(path.toUri().getPath()))) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          path.toString(),
          "There is a folder of this name; name a file");
    }
  }

  /**
   * Makes a folder; of local files, with the reason where that fails, which Hadoop does not tell.
   */
  private static void makeFolder(FileSystem files, Path folder) throws IOException {
    if (isLocal(folder) && !files.mkdirs(folder)) {
      java.nio.file.Files.createDirectories(java.nio.file.Path.of(folder.toUri().getPath()));
    }
  }

  /**
   * Gives a file another name in the same storage, making the folder of that name where it is
   * missing and replacing a file there. Local files and HDFS do so in one step: a reader finds the
   * old file or the new one. Not for object stores, which would copy.
   *
   * @param temporary the file
   * @param uri what it is called afterwards
   */
  public void replace(String temporary, String uri) throws IOException {
    Path path = new Path(uri);
    FileSystem files = fileSystem(path);
    files.mkdirs(path.getParent());
    replace(files, new Path(temporary), path);
  }

  /**
   * Gives a file another name in the same folder of the same storage. Local files and HDFS do so in
   * one step: a listing has the one name or the other. Not for object stores, which would copy.
   *
   * @param name that no file there has
   * @return whether the file was there
   */
  public boolean rename(String uri, String name) throws IOException {
    Path path = new Path(uri);
    try {
      return renamed(fileSystem(path), path, new Path(path.getParent(), name));
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  /** Renames; where a rename does not replace, deletes first, also if another writer was faster. */
  private static void replace(FileSystem files, Path temporary, Path path) throws IOException {
    if (files instanceof DistributedFileSystem hdfs) {
      hdfs.rename(temporary, path, Options.Rename.OVERWRITE);
      return;
    }
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
    if (isLocal(path)) {
      return FileSystem.getLocal(configuration).getRawFileSystem();
    }
    try {
      return path.getFileSystem(configuration);
    } catch (UnsupportedFileSystemException e) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          path.toString(),
          "No file system is set up for %s://%s"
              .formatted(scheme, S3_LOOKALIKES.contains(scheme) ? "; S3 goes by s3a://" : ""));
    } catch (RuntimeException e) {
      if (e.getCause() instanceof ClassNotFoundException missing) {
        throw UserInputException.inFile(
            RejectCode.SETTING_INVALID,
            path.toString(),
            "%s, which %s:// needs, is not on Spark's class path%s"
                .formatted(
                    missing.getMessage(),
                    scheme,
                    "s3a".equals(scheme)
                        ? "; add: -- --packages org.apache.hadoop:hadoop-aws:"
                            + VersionInfo.getVersion()
                        : ""));
      }
      throw e;
    }
  }
}
