package io.github.intruders.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Answers what a folder holds from a listing of it, which on an object store saves several requests
 * for each file. Everything else goes to the storage.
 */
public final class ListedStorage extends ForwardingStorage {
  private final String folder;
  private final List<StoredFile> files;
  private final Set<String> folders;

  /**
   * A storage of which one folder is known.
   *
   * @param folder its URI
   * @param files those in it that may be asked for
   * @param folders the names of those in it
   */
  public ListedStorage(
      Storage storage, String folder, List<StoredFile> files, Set<String> folders) {
    super(storage);
    this.folder = folder;
    this.files = List.copyOf(files);
    this.folders = Set.copyOf(folders);
  }

  private boolean isBelow(String uri) {
    return uri.startsWith(resolve(folder, ""));
  }

  private Optional<StoredFile> file(String uri) {
    return files.stream().filter(file -> file.uri().equals(uri)).findFirst();
  }

  private boolean isChildFolder(String uri) {
    return folders.stream().anyMatch(name -> resolve(folder, name).equals(uri));
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    Optional<StoredFile> listed = file(uri);
    return listed.isPresent() ? super.open(listed.get()) : super.open(uri);
  }

  @Override
  public StoredFile status(String uri) throws IOException {
    Optional<StoredFile> listed = file(uri);
    return listed.isPresent() ? listed.get() : super.status(uri);
  }

  @Override
  public boolean exists(String uri) throws IOException {
    if (uri.equals(folder) || isChildFolder(uri)) {
      return true;
    }
    return isDirectlyBelow(uri) ? file(uri).isPresent() : super.exists(uri);
  }

  @Override
  public boolean isDirectory(String uri) throws IOException {
    if (uri.equals(folder) || isChildFolder(uri)) {
      return true;
    }
    return !isDirectlyBelow(uri) && super.isDirectory(uri);
  }

  private boolean isDirectlyBelow(String uri) {
    return isBelow(uri) && uri.indexOf('/', folder.length() + 1) < 0;
  }

  @Override
  public List<StoredFile> list(String uri) throws IOException {
    if (!uri.equals(folder)) {
      return super.list(uri);
    }
    List<StoredFile> children = new ArrayList<>(files);
    for (String name : folders) {
      children.add(new StoredFile(resolve(uri, name), name, 0, 0, "", true));
    }
    children.sort(Comparator.comparing(StoredFile::name));
    return List.copyOf(children);
  }

  @Override
  public void write(String uri, Body body) throws IOException {
    throw new UnsupportedOperationException("A listing is read only: " + uri);
  }

  @Override
  public void delete(String uri) throws IOException {
    throw new UnsupportedOperationException("A listing is read only: " + uri);
  }
}
