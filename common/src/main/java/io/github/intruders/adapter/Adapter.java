package io.github.intruders.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.adapter.AdapterTensor.Side;
import io.github.intruders.checkpoint.Checkpoint;
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
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A PEFT LoRA adapter: its config and where its factors lie; no file stays open. Immutable.
 *
 * <p>An adapter is a folder with {@code adapter_config.json} and {@code adapter_model.safetensors}
 * or {@code adapter_model.bin}, or a folder whose one sub-folder is such, which is how PEFT saves
 * an adapter whose name is not {@code default}.
 */
public final class Adapter {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";
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
  private final SortedMap<String, LowRankSource> updates = new TreeMap<>();
  private final List<Fault> faults = new ArrayList<>();

  private Adapter(String uri, JsonNode configFile, AdapterConfig config, TensorFile weights) {
    this.uri = uri;
    this.configFile = configFile;
    this.config = config;
    this.weights = weights;
  }

  /**
   * Whether a folder is an adapter, by its {@code adapter_config.json} or that of its one
   * sub-folder that has one. A folder with weights of its own is no adapter because of its
   * sub-folders.
   *
   * @throws UserInputException with code {@code ADAPTER_INVALID} if several sub-folders qualify
   */
  public static boolean isAdapter(Storage storage, String uri) throws IOException {
    return find(storage, storage.qualify(uri)).isPresent();
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
    String folder =
        find(storage, qualified)
            .orElseThrow(
                () ->
                    UserInputException.inFile(
                        RejectCode.EMPTY_FOLDER,
                        qualified,
                        "No adapter here: expected a folder with %s".formatted(CONFIG)));
    String configUri = storage.resolve(folder, CONFIG);
    JsonNode configFile =
        JsonFile.readObject(storage, configUri, RejectCode.ADAPTER_CONFIG_INVALID);
    AdapterConfig config = AdapterConfig.parse(configUri, configFile);
    TensorFile weights = TensorFile.read(storage, weights(storage, folder)).requireWhole();
    Adapter adapter = new Adapter(folder, configFile, config, weights);
    adapter.pairFactors();
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

  private static boolean isCheckpoint(StoredFile file) {
    return Checkpoint.isWholeModel(file.name());
  }

  private static String weights(Storage storage, String folder) throws IOException {
    String weights = storage.resolve(folder, WEIGHTS);
    if (storage.exists(weights)) {
      return weights;
    }
    String pickled = storage.resolve(folder, PICKLED_WEIGHTS);
    if (storage.exists(pickled)) {
      return pickled;
    }
    throw UserInputException.inFile(
        RejectCode.NOT_FOUND, weights, "No such file, although %s is there".formatted(CONFIG));
  }

  private void pairFactors() {
    SortedMap<String, Map<Side, TensorInfo>> modules = new TreeMap<>();
    SortedMap<String, String> adapterNames = new TreeMap<>();
    for (TensorInfo tensor : weights.tensors().values()) {
      AdapterTensor parsed = parse(tensor);
      if (parsed instanceof AdapterTensor.Factor factor) {
        adapterNames.put(factor.adapterName(), tensor.name());
        modules
            .computeIfAbsent(factor.module(), module -> new EnumMap<>(Side.class))
            .put(factor.side(), tensor);
      } else if (parsed instanceof AdapterTensor.Other other) {
        UserInputException error =
            UserInputException.inTensor(
                RejectCode.ADAPTER_UNSUPPORTED, tensor.file(), tensor.name(), other.reason());
        faults.add(new Fault(other.baseTensor(), error));
      }
    }
    requireOneAdapter(adapterNames);
    modules.forEach(this::pair);
    for (Fault fault : faults) {
      if (fault.baseTensor() != null) {
        updates.remove(fault.baseTensor());
      }
    }
  }

  private static AdapterTensor parse(TensorInfo tensor) {
    if (tensor.name().length() > MAX_NAME) {
      return new AdapterTensor.Other(
          null, "its name has more than %d characters".formatted(MAX_NAME));
    }
    return AdapterTensor.named(tensor.name());
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

  private void pair(String module, Map<Side, TensorInfo> factors) {
    String baseTensor = module + ".weight";
    try {
      TensorInfo a = factors.get(Side.A);
      TensorInfo b = factors.get(Side.B);
      if (a == null || b == null) {
        throw invalid(
            a == null ? b : a, a == null ? "its lora_A is missing" : "its lora_B is missing");
      }
      MatrixSource matrixA = matrix(a);
      MatrixSource matrixB = matrix(b);
      if (matrixA.rows() != matrixB.cols()) {
        throw invalid(
            b,
            "rank %d, but the rank of %s is %d"
                .formatted(matrixB.cols(), a.name(), matrixA.rows()));
      }
      int rank = config.rankOf(module);
      if (matrixA.rows() != rank) {
        throw invalid(
            a, "rank %d, but %s says %d for this module".formatted(matrixA.rows(), CONFIG, rank));
      }
      updates.put(
          baseTensor,
          new LowRankSource(
              baseTensor, matrixA, matrixB, config.scaleOf(module), config.fanInFanOut()));
    } catch (UserInputException e) {
      faults.add(new Fault(baseTensor, e));
    }
  }

  private static MatrixSource matrix(TensorInfo factor) {
    if (factor.shape().size() != 2) {
      throw UserInputException.inTensor(
          RejectCode.ADAPTER_UNSUPPORTED,
          factor.file(),
          factor.name(),
          "%s is not a matrix; LoRA on convolutions is not supported"
              .formatted(factor.description()));
    }
    factor.dtype().requireReadable(factor.file(), factor.name());
    return MatrixSource.of(factor, false).get(0);
  }

  private static UserInputException invalid(TensorInfo factor, String message) {
    return UserInputException.inTensor(
        RejectCode.ADAPTER_INVALID, factor.file(), factor.name(), message);
  }

  /** The folder that holds the config and the weights, in its absolute form. */
  public String uri() {
    return uri;
  }

  /** The updates that can be used, by base tensor, ordered by name; unmodifiable. */
  public Map<String, LowRankSource> updates() {
    return Collections.unmodifiableSortedMap(updates);
  }

  /** What the adapter holds beyond its {@link #updates()}, and why it can't be used. */
  public List<Fault> faults() {
    return Collections.unmodifiableList(faults);
  }

  /**
   * Whether the config says that the base stores its weights as (inputs, outputs). PEFT sets this
   * by the type of the layer it adapted last, so in a model with layers of both kinds it holds for
   * some of them only.
   */
  public boolean fanInFanOut() {
    return config.fanInFanOut();
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
