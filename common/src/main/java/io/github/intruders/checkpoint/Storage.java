package io.github.intruders.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Files and folders by URI. Implementations are thread-safe; what {@link #open} returns is not. All
 * URIs given are taken as {@link #qualify} returns them.
 */
public interface Storage {
  /**
   * Opens a file for reading.
   *
   * @throws java.io.FileNotFoundException if there is no such file, or it is a folder
   */
  RangeSource open(String uri) throws IOException;

  /**
   * Opens a file that a listing has told of; an object store need not be asked for its length then.
   *
   * @throws java.io.FileNotFoundException if there is no such file, at the latest when it is read
   */
  default RangeSource open(StoredFile listed) throws IOException {
    return open(listed.uri());
  }

  /**
   * What a listing of its folder says of a file or folder.
   *
   * @throws java.io.FileNotFoundException if there is none
   */
  StoredFile status(String uri) throws IOException;

  /** Whether there is such a file or folder. */
  boolean exists(String uri) throws IOException;

  /** Whether there is such a folder. */
  boolean isDirectory(String uri) throws IOException;

  /**
   * What a folder holds directly, ordered by name.
   *
   * @throws java.io.FileNotFoundException if there is no such folder
   */
  List<StoredFile> list(String folder) throws IOException;

  /**
   * Every file below a folder, at any depth, where a storage tells of a thousand with one request
   * as object stores do; empty elsewhere. As a rule ordered by their URIs' bytes. A fault while it
   * is read is an {@link java.io.UncheckedIOException}.
   */
  default Optional<Iterator<StoredFile>> listDeeply(String folder) throws IOException {
    return Optional.empty();
  }

  /**
   * Where a file or folder really lies, links followed; the same URI where the storage has none.
   *
   * @throws java.io.FileNotFoundException if there is none, or a link leads nowhere
   */
  default String realUri(String uri) throws IOException {
    return uri;
  }

  /** The URI of a folder's direct child. */
  String resolve(String folder, String child);

  /**
   * The absolute form of a URI; a bare path means a local file.
   *
   * @throws io.github.intruders.input.UserInputException if it can't be one
   */
  String qualify(String uriOrBarePath);

  /**
   * Writes a whole file, making its folder where that is missing and replacing a file of that name
   * when the body returns; if the body fails, the old file stays. Of two that write the same file,
   * the last one stands, whole.
   *
   * <p>An object store, where a file appears when it is closed, is written to directly. Elsewhere
   * the bytes go to a hidden temporary file beside it, {@code .NAME.*.tmp}, which then takes the
   * name; where such a storage can't replace a file by renaming, there is a moment without either.
   */
  void write(String uri, Body body) throws IOException;

  /** Deletes a file, or a folder with all that is in it; does nothing if it is not there. */
  void delete(String uri) throws IOException;

  /** Produces the bytes of one file. */
  @FunctionalInterface
  interface Body {
    /** Writes all bytes; the stream is closed by the caller. */
    void writeTo(OutputStream out) throws IOException;
  }
}
