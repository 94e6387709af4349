package io.github.intruders.decisions;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Files in memory, by URI. */
record MemoryStorage(Map<String, byte[]> files) implements Storage {
  MemoryStorage() {
    this(new TreeMap<>());
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    byte[] content = files.get(uri);
    if (content == null) {
      throw new FileNotFoundException(uri);
    }
    return new RangeSource() {
      @Override
      public String uri() {
        return uri;
      }

      @Override
      public long lengthBytes() {
        return content.length;
      }

      @Override
      public void readFully(long offset, byte[] into, int start, int count) {
        System.arraycopy(content, Math.toIntExact(offset), into, start, count);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public StoredFile status(String uri) {
    throw new UnsupportedOperationException(uri);
  }

  @Override
  public boolean exists(String uri) {
    return files.containsKey(uri);
  }

  @Override
  public boolean isDirectory(String uri) {
    return false;
  }

  @Override
  public List<StoredFile> list(String folder) {
    throw new UnsupportedOperationException(folder);
  }

  @Override
  public String resolve(String folder, String child) {
    return folder + "/" + child;
  }

  @Override
  public String qualify(String uriOrBarePath) {
    return uriOrBarePath;
  }

  @Override
  public void write(String uri, Body body) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    body.writeTo(bytes);
    files.put(uri, bytes.toByteArray());
  }

  @Override
  public void delete(String uri) {
    files.remove(uri);
  }
}
