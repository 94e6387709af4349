package io.github.intruders.plan;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** What tells whether a file has changed since. */
final class FileIdentities {
  private FileIdentities() {}

  static Map<String, String> of(Storage storage, Collection<TensorInfo> tensors)
      throws IOException {
    Map<String, String> identities = new TreeMap<>();
    TreeSet<String> files = new TreeSet<>();
    tensors.forEach(tensor -> files.add(tensor.file()));
    for (String file : files) {
      identities.put(file, storage.status(file).identity());
    }
    return identities;
  }
}
