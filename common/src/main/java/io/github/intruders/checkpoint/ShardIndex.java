package io.github.intruders.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A {@code model.safetensors.index.json}: which file of the folder holds which tensor.
 *
 * @param uri of the index
 * @param shards file name by tensor name; unmodifiable
 * @param tensorsByFile the same by file name, tensors ordered by name; not to be modified
 */
record ShardIndex(
    String uri, SortedMap<String, String> shards, SortedMap<String, List<String>> tensorsByFile) {
  ShardIndex {
    shards = Collections.unmodifiableSortedMap(new TreeMap<>(shards));
    tensorsByFile = Collections.unmodifiableSortedMap(new TreeMap<>(tensorsByFile));
  }

  private static ShardIndex of(String uri, SortedMap<String, String> shards) {
    SortedMap<String, List<String>> byFile = new TreeMap<>();
    shards.forEach(
        (tensor, shard) -> byFile.computeIfAbsent(shard, key -> new ArrayList<>()).add(tensor));
    return new ShardIndex(uri, shards, byFile);
  }

  /**
   * Reads an index.
   *
   * @throws UserInputException with code {@code INDEX_INVALID}, or {@code SHARD_OUTSIDE} if a file
   *     name could lead out of the folder
   */
  static ShardIndex read(Storage storage, String uri) throws IOException {
    JsonNode weightMap =
        JsonFile.readObject(storage, uri, RejectCode.INDEX_INVALID).get("weight_map");
    if (weightMap == null || !weightMap.isObject()) {
      throw UserInputException.inFile(
          RejectCode.INDEX_INVALID, uri, "Expected an object called weight_map");
    }
    SortedMap<String, String> shards = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
      if (!entry.getValue().isTextual()) {
        throw UserInputException.inTensor(
            RejectCode.INDEX_INVALID,
            uri,
            entry.getKey(),
            "expected the name of a file, found " + entry.getValue());
      }
      String shard = entry.getValue().textValue();
      requireInside(uri, entry.getKey(), shard);
      shards.put(entry.getKey(), shard);
    }
    if (shards.isEmpty()) {
      throw UserInputException.inFile(RejectCode.INDEX_INVALID, uri, "weight_map names no tensor");
    }
    return of(uri, shards);
  }

  private static void requireInside(String uri, String tensor, String shard) {
    boolean inside =
        !shard.isBlank()
            && !shard.equals(".")
            && !shard.equals("..")
            && shard.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
    if (!inside) {
      throw UserInputException.inTensor(
          RejectCode.SHARD_OUTSIDE,
          uri,
          tensor,
          "\"%s\" is not the name of a file in this folder".formatted(shard));
    }
  }

  /** The files named, each once, ordered by name. */
  Set<String> files() {
    return tensorsByFile.keySet();
  }

  /** The tensors that the index puts into a file, ordered by name. */
  List<String> tensorsIn(String file) {
    return tensorsByFile.getOrDefault(file, List.of());
  }
}
