package io.github.intruders.mitigation;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.EditedConfig;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.SafetensorsHeader;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Writes an edited adapter as a PEFT folder, which PEFT loads like the one it came from. An edited
 * chain becomes one adapter on the original base.
 *
 * <p>A module that an edit adds to gets more columns in B and rows in A, and as much more {@code
 * alpha} that its scale stays, so the numbers that were there stay as well. Modules without an
 * edit, all other tensors and all other files are copied byte for byte. New numbers have the type
 * of those there were: for F16 and BF16 they are rounded to 11 or 8 significant bits, and {@link
 * MatrixFigures#reconstructionError()} says what that costs.
 */
public final class AdapterEditor {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";

  private final Storage storage;
  private final List<Adapter> chain;
  private final Adapter last;
  private final TensorReader reader;

  /**
   * @param chain adapters in the order in which they were trained; at least one
   * @throws UserInputException if the chain can't be one adapter
   */
  public AdapterEditor(Storage storage, List<Adapter> chain) {
    this.storage = storage;
    this.chain = List.copyOf(chain);
    this.last = chain.get(chain.size() - 1);
    this.reader = new TensorReader(storage);
    for (Adapter adapter : this.chain) {
      requireJoinable(adapter);
    }
  }

  /** What an adapter holds besides factors can be carried over from the last one only. */
  private void requireJoinable(Adapter adapter) {
    if (!adapter.ofPeft()) {
      throw UserInputException.inFile(
          RejectCode.ADAPTER_UNSUPPORTED,
          adapter.uri(),
          "%s can't be edited as an adapter; merge it into the base and edit the checkpoint"
              .formatted(adapter.kind()));
    }
    if (chain.size() == 1) {
      return;
    }
    for (Adapter.Fault fault : adapter.faults()) {
      throw notOne(adapter, fault.error().getMessage());
    }
    Set<String> factors = new TreeSet<>();
    for (AdapterUpdate update : adapter.updates().values()) {
      if (!TunedMatrix.isPlain(update)) {
        throw notOne(adapter, "%s of %s".formatted(update.kind(), update.baseTensor()));
      }
      LowRankSource plain = TunedMatrix.plain(update);
      factors.add(plain.a().matrix());
      factors.add(plain.b().matrix());
    }
    for (TensorInfo tensor : adapter.tensors()) {
      if (!factors.contains(tensor.name())) {
        throw notOne(adapter, "tensor " + tensor.name());
      }
    }
  }

  private static UserInputException notOne(Adapter adapter, String reason) {
    return UserInputException.inFile(
        RejectCode.ADAPTER_UNSUPPORTED,
        adapter.uri(),
        "A chain with more than plain LoRA factors can't become one adapter: " + reason);
  }

  /** Gives the edit of a base tensor; {@link MatrixEdit.Kept} where there is none. */
  @FunctionalInterface
  public interface Edits {
    MatrixEdit of(String baseTensor) throws IOException;
  }

  /**
   * Writes the folder; the weights first, each file as a whole.
   *
   * @param folder where to; other files of that name are replaced
   */
  public void write(Edits edits, String folder) throws IOException {
    Map<String, Changed> changed = changed(edits);
    writeWeights(changed, edits, storage.resolve(folder, WEIGHTS));
    for (StoredFile file : storage.list(last.uri())) {
      if (!file.directory() && !file.name().equals(WEIGHTS) && !file.name().equals(CONFIG)) {
        copy(file.uri(), storage.resolve(folder, file.name()));
      }
    }
    writeConfig(changed, storage.resolve(folder, CONFIG));
  }

  /**
   * A module that is not copied.
   *
   * @param rows outputs
   * @param cols inputs
   */
  private record Changed(int rank, double scale, int rows, int cols, DType typeB, DType typeA) {}

  /** The modules that are not copied, by base tensor; their numbers are read when written. */
  private Map<String, Changed> changed(Edits edits) throws IOException {
    Set<String> baseTensors = new TreeSet<>();
    chain.forEach(adapter -> baseTensors.addAll(adapter.updates().keySet()));
    Map<String, Changed> changed = new TreeMap<>();
    for (String baseTensor : baseTensors) {
      try (Arena arena = Arena.open()) {
        MatrixEdit edit = edits.of(baseTensor);
        if (edit instanceof MatrixEdit.Kept && chain.size() == 1) {
          continue;
        }
        StoredFactors factors = factors(baseTensor, edits);
        changed.put(
            baseTensor,
            new Changed(
                factors.rank(),
                factors.scale(),
                factors.b().rows(),
                factors.a().cols(),
                factors.typeB(),
                factors.typeA()));
      }
    }
    return changed;
  }

  private StoredFactors factors(String baseTensor, Edits edits) throws IOException {
    List<LowRankSource> links =
        chain.stream()
            .filter(adapter -> adapter.updates().containsKey(baseTensor))
            .map(adapter -> TunedMatrix.plain(adapter.updates().get(baseTensor)))
            .toList();
    return StoredFactors.read(reader, links).edited(edits.of(baseTensor)).rounded(baseTensor);
  }

  private void writeWeights(Map<String, Changed> changed, Edits edits, String target)
      throws IOException {
    String source = last.tensors().iterator().next().file();
    if (changed.isEmpty()) {
      copy(source, target);
      return;
    }
    Map<String, String> metadata;
    try (RangeSource file = storage.open(source)) {
      metadata = SafetensorsHeader.parse(file).metadata();
    }
    Map<String, NewTensor> tensors = newTensors(changed, edits);
    SafetensorsWriter writer = new SafetensorsWriter().metadata(metadata);
    if (chain.size() > 1) { // all there is are factors, and all of them are new
      tensors.forEach((name, tensor) -> tensor.addTo(writer, name));
      storage.write(target, writer::writeTo);
      return;
    }
    for (TensorInfo tensor : last.tensors()) {
      NewTensor edited = tensors.get(tensor.name());
      if (edited != null) {
        edited.addTo(writer, tensor.name());
      } else {
        writer.add(
            tensor.name(),
            tensor.dtype(),
            tensor.shape(),
            tensor.lengthBytes(),
            out -> {
              try (RangeSource file = storage.open(tensor.file())) {
                FileCopy.copy(file, tensor.offset(), tensor.offset() + tensor.lengthBytes(), out);
              }
            });
      }
    }
    storage.write(target, writer::writeTo);
  }

  /** A tensor of the edited adapter, whose numbers are read when it is written. */
  private record NewTensor(int rows, int cols, DType dtype, Storage.Body body) {
    void addTo(SafetensorsWriter writer, String name) {
      writer.add(
          name,
          dtype,
          List.of((long) rows, (long) cols),
          (long) rows * cols * dtype.bits() / Byte.SIZE,
          body);
    }
  }

  private LowRankSource own(String baseTensor) {
    return TunedMatrix.plain(last.updates().get(baseTensor));
  }

  /** By tensor name: that of the adapter, or for a chain that of today's PEFT. */
  private Map<String, NewTensor> newTensors(Map<String, Changed> changed, Edits edits) {
    Map<String, NewTensor> tensors = new TreeMap<>();
    changed.forEach(
        (baseTensor, module) -> {
          String name =
              "base_model.model." + baseTensor.substring(0, baseTensor.lastIndexOf(".weight"));
          boolean joined = chain.size() > 1;
          tensors.put(
              joined ? name + ".lora_A.weight" : own(baseTensor).a().matrix(),
              new NewTensor(
                  module.rank(),
                  module.cols(),
                  module.typeA(),
                  out -> {
                    try (Arena arena = Arena.open()) {
                      Matrix a = factors(baseTensor, edits).a();
                      ElementEncoder.write(a, module.typeA(), out);
                    }
                  }));
          tensors.put(
              joined ? name + ".lora_B.weight" : own(baseTensor).b().matrix(),
              new NewTensor(
                  module.rows(),
                  module.rank(),
                  module.typeB(),
                  out -> {
                    try (Arena arena = Arena.open()) {
                      Matrix b = factors(baseTensor, edits).b();
                      ElementEncoder.write(b, module.typeB(), out);
                    }
                  }));
        });
    return tensors;
  }

  private void writeConfig(Map<String, Changed> changed, String target) throws IOException {
    String source = storage.resolve(last.uri(), CONFIG);
    if (changed.isEmpty()) {
      copy(source, target);
      return;
    }
    Map<String, EditedConfig.Site> sites = new LinkedHashMap<>();
    changed.forEach(
        (baseTensor, module) ->
            sites.put(baseTensor, new EditedConfig.Site(module.rank(), module.scale())));
    JsonNode config = EditedConfig.of(chain, sites);
    byte[] json =
        new JsonMapper()
            .writer(likePython())
            .writeValueAsString(config)
            .getBytes(StandardCharsets.UTF_8);
    storage.write(target, out -> out.write(json));
  }

  /** The layout of Python's {@code json.dumps(config, indent=2)}, as PEFT saves it. */
  private static DefaultPrettyPrinter likePython() {
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
            Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator(""));
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    printer.indentObjectsWith(lines);
    printer.indentArraysWith(lines);
    return printer;
  }

  private void copy(String from, String to) throws IOException {
    try (RangeSource source = storage.open(from)) {
      storage.write(to, out -> FileCopy.copyAll(source, out));
    }
  }

  /** Opens the adapters of a chain. */
  public static AdapterEditor open(Storage storage, List<String> sources) throws IOException {
    List<Adapter> chain = new ArrayList<>();
    for (String source : sources) {
      chain.add(Adapter.open(storage, source));
    }
    return new AdapterEditor(storage, chain);
  }
}
