package io.github.intruders.checkpoint;

import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Remembers the files that are opened through it, so that what is made of several of them, such as
 * a config and the weights beside it, is known to be of one state. For one thread at a time.
 */
public final class OpenedFiles extends ForwardingStorage {
  private final Map<String, Stamp> opened = new LinkedHashMap<>();

  public OpenedFiles(Storage delegate) {
    super(delegate);
  }

  @Override
  public RangeSource open(String uri) throws IOException {
    return remembered(uri, super.open(uri));
  }

  @Override
  public RangeSource open(StoredFile listed) throws IOException {
    return remembered(listed.uri(), super.open(listed));
  }

  private RangeSource remembered(String uri, RangeSource source) {
    source
        .opened()
        .ifPresent(file -> opened.putIfAbsent(uri, new Stamp(file.identity(), List.of())));
    return source;
  }

  /**
   * Requires all of them to be what they were when they were opened first.
   *
   * @throws UserInputException with code {@code INPUT_CHANGED} naming the first that is not
   */
  public void requireUnchanged() throws IOException {
    for (Map.Entry<String, Stamp> file : opened.entrySet()) {
      file.getValue().requireStill(this, file.getKey());
    }
  }

  /** What went wrong: that a file was replaced, if one was, since all else may come of that. */
  public RuntimeException orChange(RuntimeException fault) throws IOException {
    try {
      requireUnchanged();
      return fault;
    } catch (UserInputException change) {
      return change;
    }
  }
}
