package io.github.intruders.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a checkpoint holds, from its headers alone; no file stays open. Immutable.
 *
 * <p>A folder is read as transformers reads it: {@code model.safetensors}, else {@code
 * model.safetensors.index.json} with its shards, else {@code pytorch_model.bin}, else {@code
 * pytorch_model.bin.index.json} with its shards; else the one file there is of a format that is
 * understood, safetensors before others; else the same of the one sub-folder that holds a model,
 * and of the snapshot that the hub's cache means. So a single file wins over an index beside it.
 * The index is trusted for which shards there are; a tensor that a shard holds beyond what the
 * index lists counts, as in transformers 5.
 *
 * <p>A shard that is missing or broken does not condemn the others: its tensors are {@link
 * #unusable()}, everything else stays.
 */
public final class Checkpoint {
  private static final String INDEX_SUFFIX = ".index.json";
  private static final String CONFIG_FILE = "config.json";

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
   * @param folderOrFileUri a folder, a file of weights, or an index of shards
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

  private static Checkpoint openFolder(Storage storage, String named) throws IOException {
    ModelParts.requireNoFolder(storage, named);
    WeightsFolder found = WeightsFolder.find(storage, named);
    JsonNode config = found.files().contains(CONFIG_FILE) ? readConfig(storage, found.uri()) : null;
    Checkpoint checkpoint = new Checkpoint(found.uri(), config);
    checkpoint.readWeights(storage, found.uri(), found.weights());
    return checkpoint;
  }

  /** Whether a file of this name is a whole checkpoint, or the index of one. */
  public static boolean isWholeModel(String fileName) {
    return WeightsFolder.isWholeModel(fileName);
  }

  /**
   * The file of weights, or the index, by which a folder that holds these files is read; empty if
   * it holds none.
   *
   * @param fileNames those that are not hidden
   * @throws UserInputException if it can't be told which is meant, or they are parts of a model, or
   *     an adapter's
   */
  public static Optional<String> weightsAmong(String folder, Set<String> fileNames) {
    return WeightsFolder.weights(folder, fileNames);
  }

  /**
   * What a folder without a model is, and what its owner can do, by the names of all that is in it;
   * empty if they tell nothing.
   */
  public static Optional<String> advice(Collection<String> names) {
    return TrainingFolder.advice(names);
  }

  private static Checkpoint openFile(Storage storage, String uri) throws IOException {
    int slash = uri.lastIndexOf('/');
    String folder = uri.substring(0, slash);
    String name = uri.substring(slash + 1);
    if (WeightsFolder.isAdapter(name)) {
      throw WeightsFolder.adapter(uri);
    }
    ForeignFormat.requireWeights(uri, name);
    ModelParts.requireNoFile(storage, uri);
    if (!TensorFile.understands(name) && !name.endsWith(INDEX_SUFFIX)) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          uri,
          ForeignFormat.advice(name)
              .orElse("Expected a folder or a %s file".formatted(WeightsFolder.SUFFIX)));
    }
    boolean described = storage.exists(storage.resolve(folder, CONFIG_FILE));
    Checkpoint checkpoint = new Checkpoint(uri, described ? readConfig(storage, folder) : null);
    checkpoint.readWeights(storage, folder, name);
    return checkpoint;
  }

  private static JsonNode readConfig(Storage storage, String folder) throws IOException {
    return JsonFile.readObject(
        storage, storage.resolve(folder, CONFIG_FILE), RejectCode.CONFIG_INVALID);
  }

  private void readWeights(Storage storage, String folder, String name) throws IOException {
    String file = storage.resolve(folder, name);
    if (!name.endsWith(INDEX_SUFFIX)) {
      TensorFile only = TensorFile.read(storage, file).requireTensors();
      ModelParts.requireWhole(only);
      tensors.putAll(only.tensors());
      addRefused(only);
      return;
    }
    ShardIndex index = ShardIndex.read(storage, file);
    SortedMap<String, TensorFile> shards = readShards(storage, folder, name, index);
    Map<String, List<String>> holders = holders(shards);
    shards.forEach((shard, contents) -> addTensors(shard, contents, index, holders));
    index
        .shards()
        .forEach((tensor, shard) -> requirePresent(tensor, shards.get(shard), name, holders));
  }

  /** What the shards hold that can be read; the others become faults. */
  private SortedMap<String, TensorFile> readShards(
      Storage storage, String folder, String indexName, ShardIndex index) throws IOException {
    SortedMap<String, TensorFile> shards = new TreeMap<>();
    for (String shard : index.files()) {
      String shardUri = storage.resolve(folder, shard);
      try {
        shards.put(shard, TensorFile.read(storage, shardUri));
      } catch (UserInputException e) {
        addFault(e, index.tensorsIn(shard));
      } catch (FileNotFoundException e) {
        addFault(
            UserInputException.inFile(
                RejectCode.SHARD_MISSING,
                shardUri,
                "No such file, but %s puts %d tensors into it, the first being %s"
                    .formatted(
                        indexName, index.tensorsIn(shard).size(), index.tensorsIn(shard).get(0))),
            index.tensorsIn(shard));
      }
    }
    return shards;
  }

  private void addFault(UserInputException fault, Iterable<String> names) {
    faults.add(fault);
    names.forEach(name -> unusable.put(name, fault));
  }

  private void addRefused(TensorFile contents) {
    SortedMap<String, UserInputException> added = new TreeMap<>(contents.refused());
    added.keySet().removeAll(unusable.keySet());
    faults.addAll(new LinkedHashSet<>(added.values()));
    unusable.putAll(added);
  }

  private void addTensors(
      String shard,
      TensorFile contents,
      ShardIndex index,
      Map<String, List<String>> holdersByTensor) {
    addRefused(contents);
    for (TensorInfo tensor : contents.tensors().values()) {
      List<String> holders = holdersByTensor.get(tensor.name());
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

  /** The shards that hold each tensor, in their order. */
  private static Map<String, List<String>> holders(SortedMap<String, TensorFile> shards) {
    Map<String, List<String>> holders = new HashMap<>();
    shards.forEach(
        (shard, contents) ->
            contents
                .tensors()
                .keySet()
                .forEach(
                    name -> holders.computeIfAbsent(name, n -> new ArrayList<>(1)).add(shard)));
    return holders;
  }

  private void requirePresent(
      String tensor, TensorFile shard, String indexName, Map<String, List<String>> holders) {
    if (tensors.containsKey(tensor) || unusable.containsKey(tensor)) {
      return;
    }
    String elsewhere =
        holders.getOrDefault(tensor, List.of()).stream()
            .map(holder -> "; it is in " + holder)
            .collect(Collectors.joining());
    addFault(
        UserInputException.inTensor(
            RejectCode.TENSOR_MISSING,
            shard.file(),
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
