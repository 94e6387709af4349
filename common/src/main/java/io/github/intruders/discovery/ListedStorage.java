package io.github.intruders.discovery;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Answers what a folder holds from a listing of it, which on an object store saves several requests
 * for each file. Everything else goes to the storage.
 */
final class ListedStorage implements Storage {
  private final Storage storage;
  private final Finding.Folder folder;

  ListedStorage(Storage storage, Finding.Folder folder) {
    this.storage = storage;
    this.folder = folder;
  }

  private boolean isBelow(String uri) {
    return uri.startsWith(storage.resolve(folder.uri(), ""));
  }

  private Optional<StoredFile> file(String uri) {
    return folder.files().stream().filter(file -> file.uri().equals(uri)).findFirst();
  }

  private boolean isChildFolder(String uri) {
    return folder.folders().stream()
        .anyMatch(name -> storage.resolve(folder.uri(), name).equals(uri));
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    Optional<StoredFile> listed = file(uri);
    return listed.isPresent() ? storage.open(listed.get()) : storage.open(uri);
  }

  @Override
  public RangeSource open(StoredFile listed) throws IOException {
    return storage.open(listed);
  }

  @Override
  public StoredFile status(String uri) throws IOException {
    Optional<StoredFile> listed = file(uri);
    return listed.isPresent() ? listed.get() : storage.status(uri);
  }

  @Override
  public boolean exists(String uri) throws IOException {
    if (uri.equals(folder.uri()) || isChildFolder(uri)) {
      return true;
    }
    return isDirectlyBelow(uri) ? file(uri).isPresent() : storage.exists(uri);
  }

  @Override
  public boolean isDirectory(String uri) throws IOException {
    if (uri.equals(folder.uri()) || isChildFolder(uri)) {
      return true;
    }
    return !isDirectlyBelow(uri) && storage.isDirectory(uri);
  }

  private boolean isDirectlyBelow(String uri) {
    return isBelow(uri) && uri.indexOf('/', folder.uri().length() + 1) < 0;
  }

  @Override
  public List<StoredFile> list(String uri) throws IOException {
    if (!uri.equals(folder.uri())) {
      return storage.list(uri);
    }
    List<StoredFile> children = new ArrayList<>(folder.files());
    for (String name : folder.folders()) {
      children.add(new StoredFile(storage.resolve(uri, name), name, 0, 0, "", true));
    }
    children.sort(Comparator.comparing(StoredFile::name));
    return List.copyOf(children);
  }

  @Override
  public String resolve(String parent, String child) {
    return storage.resolve(parent, child);
  }

  @Override
  public String qualify(String uriOrBarePath) {
    return storage.qualify(uriOrBarePath);
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
