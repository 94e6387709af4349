package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.HubCache;
import io.github.intruders.checkpoint.JsonFile;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TensorFile;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * A PEFT adapter: its config and where its tensors lie; no file stays open. Immutable.
 *
 * <p>An adapter is a folder with {@code adapter_config.json} and {@code adapter_model.safetensors}
 * or {@code adapter_model.bin}, or a folder whose one sub-folder is such, which is how PEFT saves
 * an adapter whose name is not {@code default}, or the hub's cache of such. The LoRA adapters of
 * mlx-lm, with {@code adapters.safetensors}, are read, too, and the files of kohya's trainers and
 * LyCORIS, which have no config, and those of diffusers, which have it in their header.
 */
public final class Adapter {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String MLX_WEIGHTS = "adapters.safetensors";
  private static final String PICKLED_WEIGHTS = "adapter_model.bin";

  /** Far longer than any module's; bounds the work of matching patterns. */
  private static final int MAX_NAME = 1_000;

  /**
   * Why a tensor of the adapter can't be used; the updates of other base tensors are not affected.
   *
   * @param baseTensor name of the base tensor whose tuned value is therefore unknown; null where
   *     the tensor's name is not one of PEFT's
   * @param error what is wrong; names the adapter's tensor and file
   */
  public record Fault(String baseTensor, UserInputException error) {
    public Fault {
      Objects.requireNonNull(error, "error");
    }
  }

  private final String uri;
  private final JsonNode configFile;
  private final AdapterConfig config;
  private final TensorFile weights;

  /** What stands in front of the names of modules in a file of diffusers; null elsewhere. */
  private final String component;

  private final SortedMap<String, AdapterUpdate> updates = new TreeMap<>();
  private final List<ParameterLora> parameters = new ArrayList<>();
  private final List<TensorInfo> vectors = new ArrayList<>();
  private final List<TensorInfo> shared = new ArrayList<>();
  private final List<Fault> faults = new ArrayList<>();

  private Adapter(
      String uri, JsonNode configFile, AdapterConfig config, TensorFile weights, String component) {
    this.uri = uri;
    this.component = component;
    this.configFile = configFile;
    this.config = config;
    this.weights = weights;
  }

  /**
   * Whether a folder is an adapter, by its {@code adapter_config.json} or that of its one
   * sub-folder that has one. A folder with weights of its own is no adapter because of its
   * sub-folders. A file, or the one {@code .safetensors} of a folder, is an adapter by the names of
   * its tensors.
   *
   * @throws UserInputException with code {@code ADAPTER_INVALID} if several sub-folders qualify
   */
  public static boolean isAdapter(Storage storage, String uri) throws IOException {
    String qualified = storage.qualify(uri);
    return find(storage, qualified).isPresent() || bareFile(storage, qualified).isPresent();
  }

  /**
   * Reads the config and the header of an adapter.
   *
   * @throws UserInputException if there is no adapter, if its config can't be understood or asks
   *     for something not supported, or if its file is broken; faults of single tensors become
   *     {@link #faults()}
   */
  public static Adapter open(Storage storage, String uri) throws IOException {
    String qualified = storage.qualify(uri);
    if (!storage.exists(qualified)) {
      throw UserInputException.inFile(RejectCode.NOT_FOUND, qualified, "No such file or folder");
    }
    Optional<String> found = find(storage, qualified);
    if (found.isEmpty()) {
      return openBareFile(storage, qualified);
    }
    String folder = found.get();
    String configUri = storage.resolve(folder, CONFIG);
    JsonNode configFile =
        JsonFile.readObject(storage, configUri, RejectCode.ADAPTER_CONFIG_INVALID);
    AdapterConfig config = AdapterConfig.parse(configUri, configFile);
    TensorFile weights =
        TensorFile.read(storage, weights(storage, folder, config.kind()))
            .requireTensors()
            .requireWhole();
    return read(folder, configFile, config, weights, null);
  }

  private static Adapter read(
      String uri, JsonNode configFile, AdapterConfig config, TensorFile weights, String component) {
    Adapter adapter = new Adapter(uri, configFile, config, weights, component);
    adapter.readTensors();
    return adapter;
  }

  private static Optional<String> find(Storage storage, String uri) throws IOException {
    if (!storage.isDirectory(uri)) {
      return Optional.empty();
    }
    List<StoredFile> children = storage.list(uri);
    if (children.stream().anyMatch(child -> child.name().equals(CONFIG))) {
      return Optional.of(uri);
    }
    if (children.stream().anyMatch(Adapter::isCheckpoint)) {
      return Optional.empty();
    }
    Optional<String> snapshot = HubCache.snapshot(storage, uri, children);
    if (snapshot.isPresent()) {
      return find(storage, snapshot.get());
    }
    List<String> candidates = new ArrayList<>();
    for (StoredFile child : children) {
      if (child.directory() && storage.exists(storage.resolve(child.uri(), CONFIG))) {
        candidates.add(child.name());
      }
    }
    if (candidates.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_INVALID,
          uri,
          "Which of these adapters is meant? %s; name the folder of one of them"
              .formatted(String.join(", ", candidates)));
    }
    return candidates.stream().map(name -> storage.resolve(uri, name)).findFirst();
  }

  /** Weights without a config that are an adapter's by their names, if there are such. */
  private static Optional<TensorFile> bareFile(Storage storage, String uri) throws IOException {
    String file = uri;
    if (storage.isDirectory(uri)) {
      List<StoredFile> children = storage.list(uri);
      Optional<String> snapshot = HubCache.snapshot(storage, uri, children);
      if (snapshot.isPresent()) {
        return bareFile(storage, snapshot.get());
      }
      List<String> weights =
          TensorFile.candidates(
              children.stream().filter(f -> !f.directory()).map(StoredFile::name).toList());
      if (weights.size() != 1 || children.stream().anyMatch(Adapter::isCheckpoint)) {
        return Optional.empty();
      }
      file = storage.resolve(uri, weights.get(0));
    } else if (!TensorFile.understands(uri) || !storage.exists(uri)) {
      return Optional.empty();
    }
    try {
      return Optional.of(TensorFile.read(storage, file))
          .filter(weights -> KohyaUpdates.areAdapters(weights.tensors().keySet()));
    } catch (UserInputException e) {
      return Optional.empty(); // it is told when the checkpoint is opened
    }
  }

  private static Adapter openBareFile(Storage storage, String uri) throws IOException {
    TensorFile weights =
        bareFile(storage, uri)
            .orElseThrow(
                () ->
                    UserInputException.inFile(
                        RejectCode.EMPTY_FOLDER,
                        uri,
                        "No adapter here: expected a folder with %s".formatted(CONFIG)))
            .requireWhole();
    Optional<DiffusersConfig> diffusers = DiffusersConfig.of(weights);
    if (diffusers.isPresent()) {
      DiffusersConfig found = diffusers.get();
      AdapterConfig config = AdapterConfig.parse(weights.file(), found.root());
      return read(weights.file(), found.root(), config, weights, found.component());
    }
    if (!KohyaUpdates.areNamedSo(weights.tensors().keySet())) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_UNSUPPORTED,
          weights.file(),
          "The tensors of an adapter without %s, which would tell its kind and scale; name the"
                  .formatted(CONFIG)
              + " folder that PEFT saved, or merge the adapter and analyse the merged checkpoint");
    }
    AdapterConfig config = AdapterConfig.none(weights.file());
    return read(weights.file(), config.root(), config, weights, null);
  }

  /** Whether an {@code adapter_config.json} is mlx-lm's. */
  static boolean isMlx(JsonNode configFile) {
    return configFile.path("peft_type").isMissingNode() && configFile.has("fine_tune_type");
  }

  private static boolean isCheckpoint(StoredFile file) {
    return Checkpoint.isWholeModel(file.name());
  }

  /** Whether tensors of these names are an adapter's, such as those of a kohya file. */
  public static boolean isAdapter(Collection<String> tensorNames) {
    return KohyaUpdates.areAdapters(tensorNames);
  }

  private static String weights(Storage storage, String folder, AdapterKind kind)
      throws IOException {
    String weights = storage.resolve(folder, kind == AdapterKind.MLX ? MLX_WEIGHTS : WEIGHTS);
    if (storage.exists(weights)) {
      return weights;
    }
    String pickled = storage.resolve(folder, PICKLED_WEIGHTS);
    if (kind != AdapterKind.MLX && storage.exists(pickled)) {
      return pickled;
    }
    throw UserInputException.inFile(
        RejectCode.NOT_FOUND, weights, "No such file, although %s is there".formatted(CONFIG));
  }

  private void readTensors() {
    SortedMap<String, ModuleTensors> modules = new TreeMap<>();
    SortedMap<String, TensorInfo> saved = new TreeMap<>();
    SortedMap<String, String> adapterNames = new TreeMap<>();
    Map<String, TensorInfo> sharedParts = new TreeMap<>();
    for (TensorInfo tensor : weights.tensors().values()) {
      AdapterTensor parsed = parse(tensor);
      if (parsed instanceof AdapterTensor.Part part) {
        adapterNames.put(part.adapterName(), tensor.name());
        TensorInfo twin =
            modules
                .computeIfAbsent(
                    part.module(), module -> new ModuleTensors(config.kind(), module, sharedParts))
                .add(part.part(), tensor);
        requireOnce(twin, tensor, part.module());
      } else if (parsed instanceof AdapterTensor.Shared whole) {
        sharedParts.put(whole.part(), tensor);
        shared.add(tensor);
      } else if (parsed instanceof AdapterTensor.Saved whole) {
        requireOnce(saved.put(whole.module(), tensor), tensor, whole.module());
      } else if (parsed instanceof AdapterTensor.Other other) {
        UserInputException error =
            UserInputException.inTensor(
                RejectCode.ADAPTER_UNSUPPORTED, tensor.file(), tensor.name(), other.reason());
        faults.add(new Fault(other.baseTensor(), error));
      } else {
        vectors.add(tensor);
      }
    }
    requireOneAdapter(adapterNames);
    faults.replaceAll(fault -> inModule(fault, modules));
    modules.values().forEach(this::addUpdate);
    saved.forEach(this::addSaved);
    for (Fault fault : faults) {
      if (fault.baseTensor() != null) {
        updates.remove(fault.baseTensor());
      }
    }
  }

  /** A tensor that is not understood spoils the update of the module it belongs to. */
  private static Fault inModule(Fault fault, SortedMap<String, ModuleTensors> modules) {
    return modules.keySet().stream()
        .filter(module -> fault.baseTensor() != null)
        .filter(module -> fault.baseTensor().startsWith(module + "."))
        .max(Comparator.comparingInt(String::length))
        .map(module -> new Fault(module + ".weight", fault.error()))
        .orElse(fault);
  }

  /**
   * Two names that mean the same spoil the module; an older PEFT wrote some names otherwise.
   *
   * @param twin null if there is none
   */
  private void requireOnce(TensorInfo twin, TensorInfo tensor, String module) {
    if (twin != null) {
      UserInputException error =
          UserInputException.inTensor(
              RejectCode.NAME_AMBIGUOUS,
              tensor.file(),
              tensor.name(),
              "means the same as %s; expected one of them".formatted(twin.name()));
      faults.add(new Fault(module + ".weight", error));
    }
  }

  private AdapterTensor parse(TensorInfo tensor) {
    if (tensor.name().length() > MAX_NAME) {
      return new AdapterTensor.Other(
          null, "its name has more than %d characters".formatted(MAX_NAME));
    }
    if (component == null) {
      return AdapterTensor.named(tensor.name(), config.kind());
    }
    return tensor.name().startsWith(component)
        ? AdapterTensor.named(
            AdapterTensor.PREFIX + tensor.name().substring(component.length()), config.kind())
        : new AdapterTensor.Other(
            null, "the names of this file's tensors begin with %s".formatted(component));
  }

  /**
   * @param adapterNames a tensor's name by the name of the adapter in it
   */
  private void requireOneAdapter(SortedMap<String, String> adapterNames) {
    if (adapterNames.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_INVALID,
          weights.file(),
          "The file mixes the tensors of several adapters: "
              + adapterNames.values().stream().collect(Collectors.joining(", ")));
    }
  }

  private void addUpdate(ModuleTensors tensors) {
    try {
      config.requireUntied(tensors.module(), tensors.first().name(), tensors.first().file());
      List<ParameterLora> ways = LoraUpdates.parameter(config, tensors);
      parameters.addAll(ways);
      if (ways.isEmpty()) {
        AdapterUpdate update = config.kind().read(config, tensors);
        updates.put(update.baseTensor(), update);
      }
    } catch (UserInputException e) {
      faults.add(new Fault(tensors.baseTensor(), e));
    }
  }

  /** A weight that is there as a whole, under the update of its module if there is one. */
  private void addSaved(String module, TensorInfo tensor) {
    String baseTensor = module + ".weight";
    try {
      tensor.requireElements(RejectCode.ADAPTER_INVALID);
      if (tensor.shape().size() == 1) {
        vectors.add(tensor); // of a norm
        return;
      }
      config.requireUntied(module, tensor.name(), tensor.file());
      if (tensor.shape().size() != 2) {
        throw ModuleTensors.unsupported(
            tensor, "%s is not a matrix".formatted(tensor.description()));
      }
      tensor.dtype().requireReadable(tensor.file(), tensor.name());
      AdapterUpdate update = updates.get(baseTensor);
      if (update != null && !(update instanceof LowRankSource)) {
        throw ModuleTensors.unsupported(
            tensor,
            "%s on a weight that is saved as a whole is not supported".formatted(update.kind()));
      }
      updates.put(
          baseTensor,
          new ReplacedWeight(
              baseTensor, MatrixSource.of(tensor, false).get(0), (LowRankSource) update));
    } catch (UserInputException e) {
      faults.add(new Fault(baseTensor, e));
    }
  }

  /** The folder that holds the config and the weights, or the file, in its absolute form. */
  public String uri() {
    return uri;
  }

  /** The updates that can be used, by base tensor, ordered by name; unmodifiable. */
  public Map<String, AdapterUpdate> updates() {
    return Collections.unmodifiableSortedMap(updates);
  }

  /**
   * The updates of parameters whose matrices only the base can tell, ordered by module; several
   * with the same tensors are ways to read these, one of which is right. Unmodifiable.
   */
  public List<ParameterLora> parameters() {
    return Collections.unmodifiableList(parameters);
  }

  /** Biases and norms that were trained, too, and are no matrices; unmodifiable. */
  public List<TensorInfo> vectors() {
    return Collections.unmodifiableList(vectors);
  }

  /** What all modules share, used by the updates of those that have none of their own. */
  public List<TensorInfo> shared() {
    return Collections.unmodifiableList(shared);
  }

  /** The kind of adapter in words, such as {@code LoRA}. */
  public String kind() {
    return config.kind().title();
  }

  /** Whether PEFT saved it, and so could load it. */
  public boolean ofPeft() {
    return component == null
        && config.kind() != AdapterKind.MLX
        && config.kind() != AdapterKind.KOHYA;
  }

  /**
   * What makes of the base tensor of an update or fault the weight's name with underscores for its
   * dots, if that is what the adapter's names are like. Several weights may have the same.
   */
  public Optional<UnaryOperator<String>> flattening() {
    return config.kind() == AdapterKind.KOHYA
        ? Optional.of(KohyaUpdates::flattened)
        : Optional.empty();
  }

  /** What the adapter holds beyond its {@link #updates()}, and why it can't be used. */
  public List<Fault> faults() {
    return Collections.unmodifiableList(faults);
  }

  /** Where the scale of one of its updates comes from. */
  public ScaleOrigin scaleOrigin(AdapterUpdate update) {
    if (config.kind() == AdapterKind.KOHYA) {
      boolean named =
          update.sources().stream().anyMatch(source -> source.matrix().endsWith(".alpha"));
      return named ? ScaleOrigin.TENSOR : ScaleOrigin.DEFAULT;
    }
    return update instanceof ReplacedWeight
        ? ScaleOrigin.NONE
        : config.scaleOrigin(update.baseTensor().replaceFirst("\\.weight$", ""));
  }

  /** What its config calls the model it was trained on: a hub id or a path. */
  public Optional<String> trainedOn() {
    return trainedOn(configFile);
  }

  /** What an {@code adapter_config.json} of PEFT or mlx-lm says of that. */
  public static Optional<String> trainedOn(JsonNode configFile) {
    return Optional.of(configFile.path(isMlx(configFile) ? "model" : "base_model_name_or_path"))
        .filter(JsonNode::isTextual)
        .map(name -> name.textValue().strip())
        .filter(name -> !name.isEmpty());
  }

  /**
   * Whether the config says that the base stores its weights as (inputs, outputs). PEFT sets this
   * by the type of the layer it adapted last, so in a model with layers of both kinds it holds for
   * some of them only.
   */
  public boolean fanInFanOut() {
    return config.fanInFanOut();
  }

  /**
   * A tensor's name as PEFT saves it today: older files have the adapter's name in it, which
   * today's PEFT takes for a part of the module's.
   */
  public String nameToday(TensorInfo tensor) {
    if (parse(tensor) instanceof AdapterTensor.Part part && !part.adapterName().isEmpty()) {
      String end = "." + part.part();
      int from = tensor.name().lastIndexOf(end + "." + part.adapterName());
      return tensor.name().substring(0, from + end.length())
          + tensor.name().substring(from + end.length() + 1 + part.adapterName().length());
    }
    return tensor.name();
  }

  /** All tensors of the adapter's file, in the order of their bytes; unmodifiable. */
  public Collection<TensorInfo> tensors() {
    return weights.tensors().values();
  }

  /** The whole {@code adapter_config.json}; not to be modified. */
  public JsonNode config() {
    return configFile;
  }
}
