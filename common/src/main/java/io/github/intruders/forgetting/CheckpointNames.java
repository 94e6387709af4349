package io.github.intruders.forgetting;

import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The names a metrics file may call a checkpoint by.
 *
 * @param baseId the base's id; the word {@code base} stands for it too
 * @param uris id → URI of the base and of the last source of every checkpoint
 */
public record CheckpointNames(String baseId, Map<String, String> uris) implements Serializable {
  private static final String BASE = "base";

  public static CheckpointNames of(Manifest manifest) {
    Map<String, String> uris = new LinkedHashMap<>();
    uris.put(manifest.baseId(), manifest.baseUri());
    for (CheckpointSpec spec : manifest.checkpoints()) {
      uris.put(spec.id(), spec.sources().get(spec.sources().size() - 1));
    }
    return new CheckpointNames(manifest.baseId(), uris);
  }

  /** The id that is meant by a name, or null if none is. */
  String idOf(String name) {
    if (uris.containsKey(name)) {
      return name;
    }
    return name.equals(BASE) ? baseId : null;
  }

  /**
   * The ids that a path can mean: those it ends with, by whole parts, and those whose URI ends with
   * it or it with their URI. Two underscores count as a slash, as lm-evaluation-harness names its
   * folders.
   */
  TreeSet<String> idsOfPath(String path) {
    TreeSet<String> ids = new TreeSet<>();
    List<String> parts = parts(path);
    List<String> unescaped = parts(path.replace("__", "/"));
    uris.forEach(
        (id, uri) -> {
          List<String> idParts = parts(id);
          if (endsWith(parts, idParts)
              || endsWith(unescaped, idParts)
              || endsWith(parts, parts(uri))
              || endsWith(parts(uri), parts)) {
            ids.add(id);
          }
        });
    return ids;
  }

  /** The ids that the name of a results file, or of its folder, can mean. */
  TreeSet<String> idsOfFile(String file) {
    String path = file.replaceFirst("\\.[^./]*$", "");
    int slash = path.lastIndexOf('/');
    TreeSet<String> ids = named(path);
    return ids.isEmpty() && slash > 0 ? named(path.substring(0, slash)) : ids;
  }

  private TreeSet<String> named(String path) {
    TreeSet<String> ids = new TreeSet<>();
    for (String id : uris.keySet()) {
      if (endsWith(parts(path), parts(id)) || endsWith(parts(path.replace("__", "/")), parts(id))) {
        ids.add(id);
      }
    }
    return ids;
  }

  private static List<String> parts(String path) {
    return Arrays.stream(path.replaceFirst("^[A-Za-z][\\w+.-]+:/+", "").split("[/\\\\]+", -1))
        .filter(part -> !part.isEmpty() && !part.equals("."))
        .toList();
  }

  private static boolean endsWith(List<String> parts, List<String> end) {
    return !end.isEmpty()
        && Collections.lastIndexOfSubList(parts, end) == parts.size() - end.size()
        && parts.size() >= end.size();
  }
}
