package io.github.intruders.checkpoint;

import java.io.FileNotFoundException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One folder of files in memory, to be read only. */
public final class MemoryStorage implements Storage {
  public static final String FOLDER = "memory:/folder";

  private final Map<String, byte[]> files;

  /**
   * @param files by their names in the folder
   */
  public MemoryStorage(Map<String, byte[]> files) {
    this.files = new TreeMap<>(files);
  }

  private byte[] bytes(String uri) {
    return uri.startsWith(FOLDER + "/") ? files.get(uri.substring(FOLDER.length() + 1)) : null;
  }

  @Override
  public RangeSource open(String uri) throws FileNotFoundException {
    byte[] bytes = bytes(uri);
    if (bytes == null) {
      throw new FileNotFoundException(uri);
    }
    return new BytesSource(uri, bytes);
  }

  @Override
  public StoredFile status(String uri) throws FileNotFoundException {
    byte[] bytes = bytes(uri);
    if (bytes == null) {
      throw new FileNotFoundException(uri);
    }
    return new StoredFile(uri, uri.substring(FOLDER.length() + 1), bytes.length, 0, "", false);
  }

  @Override
  public boolean exists(String uri) {
    return bytes(uri) != null || isDirectory(uri);
  }

  @Override
  public boolean isDirectory(String uri) {
    return uri.equals(FOLDER);
  }

  @Override
  public List<StoredFile> list(String folder) {
    return files.entrySet().stream()
        .map(
            file ->
                new StoredFile(
                    resolve(FOLDER, file.getKey()),
                    file.getKey(),
                    file.getValue().length,
                    0,
                    "",
                    false))
        .toList();
  }

  @Override
  public String resolve(String folder, String child) {
    return folder + "/" + child;
  }

  @Override
  public String qualify(String uri) {
    return uri;
  }

  @Override
  public void write(String uri, Body body) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void delete(String uri) {
    throw new UnsupportedOperationException();
  }
}
