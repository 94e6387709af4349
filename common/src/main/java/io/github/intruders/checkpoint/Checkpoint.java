package io.github.intruders.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a checkpoint holds, from its headers alone; no file stays open. Immutable.
 *
 * <p>A folder is read as transformers reads it: {@code model.safetensors}, else {@code
 * model.safetensors.index.json} with its shards, else the one {@code .safetensors} file there is.
 * So a single file wins over an index beside it. The index is trusted for which shards there are; a
 * tensor that a shard holds beyond what the index lists counts, as in transformers 5.
 *
 * <p>A shard that is missing or broken does not condemn the others: its tensors are {@link
 * #unusable()}, everything else stays.
 */
public final class Checkpoint {
  private static final String SINGLE_FILE = "model.safetensors";
  private static final String INDEX_FILE = "model.safetensors.index.json";
  private static final String SUFFIX = ".safetensors";
  private static final String INDEX_SUFFIX = ".safetensors.index.json";
  private static final String CONFIG_FILE = "config.json";
  private static final String ADAPTER_CONFIG = "adapter_config.json";
  private static final String ADAPTER_WEIGHTS = "adapter_model.safetensors";
  private static final int MAX_LISTED = 10;

  private final String uri;
  private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();
  private final SortedMap<String, UserInputException> unusable = new TreeMap<>();
  private final List<UserInputException> faults = new ArrayList<>();
  private final JsonNode config;

  private Checkpoint(String uri, JsonNode config) {
    this.uri = Objects.requireNonNull(uri, "uri");
    this.config = config;
  }

  /**
   * Reads the headers of a checkpoint.
   *
   * @param folderOrFileUri a folder, a {@code .safetensors} file, or an index of shards
   * @throws UserInputException if there is no checkpoint, if it is of another format or an adapter,
   *     if its only file is broken, or if its index or {@code config.json} can't be understood
   */
  public static Checkpoint open(Storage storage, String folderOrFileUri) throws IOException {
    String uri = storage.qualify(folderOrFileUri);
    if (storage.isDirectory(uri)) {
      return openFolder(storage, uri);
    }
    if (!storage.exists(uri)) {
      throw UserInputException.inFile(RejectCode.NOT_FOUND, uri, "No such file or folder");
    }
    return openFile(storage, uri);
  }

  private static Checkpoint openFolder(Storage storage, String folder) throws IOException {
    SortedMap<String, StoredFile> files = new TreeMap<>();
    for (StoredFile file : storage.list(folder)) {
      if (!file.directory() && !file.name().startsWith(".")) {
        files.put(file.name(), file);
      }
    }
    String weights = weights(folder, files);
    JsonNode config = files.containsKey(CONFIG_FILE) ? readConfig(storage, folder) : null;
    Checkpoint checkpoint = new Checkpoint(folder, config);
    checkpoint.readWeights(storage, folder, weights);
    return checkpoint;
  }

  /** The name of the file or index to read. */
  private static String weights(String folder, SortedMap<String, StoredFile> files) {
    if (files.containsKey(SINGLE_FILE)) {
      return SINGLE_FILE;
    }
    if (files.containsKey(INDEX_FILE)) {
      return INDEX_FILE;
    }
    if (files.containsKey(ADAPTER_CONFIG) || files.containsKey(ADAPTER_WEIGHTS)) {
      throw adapter(folder);
    }
    List<String> candidates =
        files.keySet().stream().filter(name -> name.endsWith(SUFFIX)).toList();
    if (candidates.size() == 1) {
      return candidates.get(0);
    }
    if (candidates.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          folder,
          "Which of these files is meant? %s; name one of them, or add %s"
              .formatted(some(candidates), INDEX_FILE));
    }
    Optional<String> advice =
        files.keySet().stream().map(ForeignFormat::advice).flatMap(Optional::stream).findFirst();
    if (advice.isPresent()) {
      throw UserInputException.inFile(RejectCode.FORMAT_UNSUPPORTED, folder, advice.get());
    }
    throw UserInputException.inFile(
        RejectCode.EMPTY_FOLDER,
        folder,
        "No checkpoint in this folder: expected %s, %s or one %s file, found %s"
            .formatted(
                SINGLE_FILE,
                INDEX_FILE,
                SUFFIX,
                files.isEmpty() ? "no files" : some(files.keySet())));
  }

  private static String some(Collection<String> names) {
    String shown = names.stream().limit(MAX_LISTED).collect(Collectors.joining(", "));
    return names.size() > MAX_LISTED ? shown + ", …" : shown;
  }

  private static Checkpoint openFile(Storage storage, String uri) throws IOException {
    int slash = uri.lastIndexOf('/');
    String folder = uri.substring(0, slash);
    String name = uri.substring(slash + 1);
    if (name.equals(ADAPTER_WEIGHTS)) {
      throw adapter(uri);
    }
    if (!name.endsWith(SUFFIX) && !name.endsWith(INDEX_SUFFIX)) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          uri,
          ForeignFormat.advice(name).orElse("Expected a folder or a %s file".formatted(SUFFIX)));
    }
    boolean described = storage.exists(storage.resolve(folder, CONFIG_FILE));
    Checkpoint checkpoint = new Checkpoint(uri, described ? readConfig(storage, folder) : null);
    checkpoint.readWeights(storage, folder, name);
    return checkpoint;
  }

  private static UserInputException adapter(String uri) {
    return UserInputException.inFile(
        RejectCode.FORMAT_UNSUPPORTED,
        uri,
        "This is a PEFT adapter, not a checkpoint: name its folder as an adapter, on top of its"
            + " base");
  }

  private static JsonNode readConfig(Storage storage, String folder) throws IOException {
    return JsonFile.readObject(
        storage, storage.resolve(folder, CONFIG_FILE), RejectCode.CONFIG_INVALID);
  }

  private void readWeights(Storage storage, String folder, String name) throws IOException {
    String file = storage.resolve(folder, name);
    if (!name.endsWith(INDEX_SUFFIX)) {
      tensors.putAll(readHeader(storage, file).tensors());
      return;
    }
    ShardIndex index = ShardIndex.read(storage, file);
    SortedMap<String, SafetensorsHeader> shards = readShards(storage, folder, name, index);
    shards.forEach((shard, header) -> addTensors(shard, header, index, shards));
    index.shards().forEach((tensor, shard) -> requirePresent(tensor, shard, name, shards));
  }

  private static SafetensorsHeader readHeader(Storage storage, String uri) throws IOException {
    try (RangeSource source = storage.open(uri)) {
      return SafetensorsHeader.parse(source);
    }
  }

  /** The headers of the shards that can be read; the others become faults. */
  private SortedMap<String, SafetensorsHeader> readShards(
      Storage storage, String folder, String indexName, ShardIndex index) throws IOException {
    SortedMap<String, SafetensorsHeader> shards = new TreeMap<>();
    for (String shard : index.files()) {
      String shardUri = storage.resolve(folder, shard);
      try {
        shards.put(shard, readHeader(storage, shardUri));
      } catch (UserInputException e) {
        addFault(e, index.tensorsIn(shard));
      } catch (FileNotFoundException e) {
        addFault(
            UserInputException.inFile(
                RejectCode.SHARD_MISSING,
                shardUri,
                "No such file, but %s puts %d tensors into it, the first being %s"
                    .formatted(
                        indexName,
                        index.tensorsIn(shard).size(),
                        index.tensorsIn(shard).iterator().next())),
            index.tensorsIn(shard));
      }
    }
    return shards;
  }

  private void addFault(UserInputException fault, Iterable<String> names) {
    faults.add(fault);
    names.forEach(name -> unusable.put(name, fault));
  }

  private void addTensors(
      String shard,
      SafetensorsHeader header,
      ShardIndex index,
      SortedMap<String, SafetensorsHeader> shards) {
    for (TensorInfo tensor : header.tensors().values()) {
      List<String> holders =
          shards.entrySet().stream()
              .filter(entry -> entry.getValue().tensors().containsKey(tensor.name()))
              .map(Map.Entry::getKey)
              .toList();
      String expected = index.shards().getOrDefault(tensor.name(), shard);
      if (holders.size() > 1 && !unusable.containsKey(tensor.name())) {
        addFault(
            UserInputException.inTensor(
                RejectCode.DUPLICATE_TENSOR,
                tensor.file(),
                tensor.name(),
                "stands in several shards, %s; which one counts depends on who reads them"
                    .formatted(String.join(", ", holders))),
            List.of(tensor.name()));
      } else if (holders.size() == 1 && expected.equals(shard)) {
        tensors.put(tensor.name(), tensor);
      }
    }
  }

  private void requirePresent(
      String tensor, String shard, String indexName, SortedMap<String, SafetensorsHeader> shards) {
    if (tensors.containsKey(tensor) || unusable.containsKey(tensor)) {
      return;
    }
    String elsewhere =
        shards.entrySet().stream()
            .filter(entry -> entry.getValue().tensors().containsKey(tensor))
            .map(entry -> "; it is in " + entry.getKey())
            .collect(Collectors.joining());
    addFault(
        UserInputException.inTensor(
            RejectCode.TENSOR_MISSING,
            shards.get(shard).file(),
            tensor,
            "not in this shard, although %s says so%s".formatted(indexName, elsewhere)),
        List.of(tensor));
  }

  /** The folder or file, in its absolute form. */
  public String uri() {
    return uri;
  }

  /** The tensors that can be used, ordered by name; unmodifiable. */
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableSortedMap(tensors);
  }

  /** Why a tensor that the checkpoint should hold can't be used, ordered by name; unmodifiable. */
  public Map<String, UserInputException> unusable() {
    return Collections.unmodifiableSortedMap(unusable);
  }

  /** The same faults, each once: one for a missing or broken shard with all its tensors. */
  public List<UserInputException> faults() {
    return Collections.unmodifiableList(faults);
  }

  /** {@code model_type} of {@code config.json}, such as {@code llama} or {@code gpt2}. */
  public Optional<String> modelType() {
    return config()
        .map(node -> node.get("model_type"))
        .filter(JsonNode::isTextual)
        .map(JsonNode::textValue);
  }

  /** The {@code config.json} beside the weights, if there is one; not to be modified. */
  public Optional<JsonNode> config() {
    return Optional.ofNullable(config);
  }
}
