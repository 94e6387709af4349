package io.github.intruders.checkpoint;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** A storage that leaves all to another one, for those that look on. */
abstract class ForwardingStorage implements Storage {
  private final Storage delegate;

  ForwardingStorage(Storage delegate) {
    this.delegate = Objects.requireNonNull(delegate, "delegate");
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    return delegate.open(uri);
  }

  @Override
  public RangeSource open(StoredFile listed) throws IOException {
    return delegate.open(listed);
  }

  @Override
  public StoredFile status(String uri) throws IOException {
    return delegate.status(uri);
  }

  @Override
  public boolean exists(String uri) throws IOException {
    return delegate.exists(uri);
  }

  @Override
  public boolean isDirectory(String uri) throws IOException {
    return delegate.isDirectory(uri);
  }

  @Override
  public List<StoredFile> list(String folder) throws IOException {
    return delegate.list(folder);
  }

  @Override
  public Optional<Iterator<StoredFile>> listDeeply(String folder) throws IOException {
    return delegate.listDeeply(folder);
  }

  @Override
  public String realUri(String uri) throws IOException {
    return delegate.realUri(uri);
  }

  @Override
  public String resolve(String folder, String child) {
    return delegate.resolve(folder, child);
  }

  @Override
  public String qualify(String uriOrBarePath) {
    return delegate.qualify(uriOrBarePath);
  }

  @Override
  public void write(String uri, Body body) throws IOException {
    delegate.write(uri, body);
  }

  @Override
  public void delete(String uri) throws IOException {
    delegate.delete(uri);
  }
}
