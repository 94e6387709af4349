package io.github.intruders.mitigation;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.EditedConfig;
import io.github.intruders.adapter.LoadTimeFields;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.MatrixSource;
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
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.MatrixPlan;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;

/**
 * Writes an edited adapter as a PEFT folder, which PEFT loads like the one it came from. An edited
 * chain becomes one adapter on the plain base, which its config names.
 *
 * <p>A module that an edit adds to gets more columns in B and rows in A, and as much more {@code
 * alpha} that its scale stays, so the numbers that were there stay as well. Modules without an edit
 * and all other tensors are copied byte for byte, and so are the files beside them that hold no
 * weights. A pickled adapter is written as safetensors. What acts at load time leaves the config
 * ({@link LoadTimeFields}). New numbers have the type of those there were: for F16 and BF16 they
 * are rounded to 11 or 8 significant bits, and {@link MatrixFigures#reconstructionError()} says
 * what that costs.
 */
public final class AdapterEditor {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String BASE = "base_model_name_or_path";
  private static final String SAFETENSORS = ".safetensors";

  private final Storage storage;
  private final List<Adapter> chain;
  private final Adapter last;
  private final Map<String, AdapterModules.Module> modules;
  private final TensorReader reader;

  private AdapterEditor(Storage storage, List<Adapter> chain, List<MatrixPlan> plans) {
    this.storage = storage;
    this.chain = List.copyOf(chain);
    this.last = chain.get(chain.size() - 1);
    this.reader = new TensorReader(storage);
    for (Adapter adapter : this.chain) {
      requireJoinable(adapter);
    }
    this.modules = AdapterModules.of(this.chain, plans);
  }

  /**
   * Opens the adapters of a chain.
   *
   * @param sources in the order in which they were trained; at least one
   * @param plans what may be edited
   * @throws UserInputException if the chain can't be one adapter, or a plan not be written back
   */
  public static AdapterEditor open(Storage storage, List<String> sources, List<MatrixPlan> plans)
      throws IOException {
    List<Adapter> chain = new ArrayList<>();
    for (String source : sources) {
      chain.add(Adapter.open(storage, source));
    }
    return new AdapterEditor(storage, chain, plans);
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

  /**
   * Writes the folder; the weights first, the config last, each file as a whole.
   *
   * @param folder where to; other files of that name are replaced
   */
  public void write(Edits edits, String folder) throws IOException {
    Map<String, Changed> changed = changed(edits);
    writeWeights(changed, edits, storage.resolve(folder, WEIGHTS));
    for (String name : carried()) {
      copy(storage.resolve(last.uri(), name), storage.resolve(folder, name));
    }
    writeConfig(changed, storage.resolve(folder, CONFIG));
  }

  /** The names of all files of the edited adapter. */
  private List<String> files() throws IOException {
    List<String> files = new ArrayList<>(carried());
    files.add(WEIGHTS);
    files.add(CONFIG);
    return files;
  }

  private List<String> carried() throws IOException {
    return storage.list(last.uri()).stream()
        .filter(file -> !file.directory() && CarriedFiles.isCarried(file.name()))
        .map(StoredFile::name)
        .toList();
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
    Map<String, Changed> changed = new TreeMap<>();
    for (AdapterModules.Module module : modules.values()) {
      try (Arena arena = Arena.open()) {
        MatrixEdit edit = edit(module, edits);
        if (edit instanceof MatrixEdit.Kept && chain.size() == 1) {
          continue;
        }
        StoredFactors factors = factors(module, edit);
        changed.put(
            module.baseTensor(),
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

  private static MatrixEdit edit(AdapterModules.Module module, Edits edits) throws IOException {
    return module.plan() == null ? new MatrixEdit.Kept() : edits.of(module.plan());
  }

  private StoredFactors factors(AdapterModules.Module module, MatrixEdit edit) throws IOException {
    return StoredFactors.read(reader, module.links()).edited(edit).rounded(module.baseTensor());
  }

  private void writeWeights(Map<String, Changed> changed, Edits edits, String target)
      throws IOException {
    String source = last.tensors().iterator().next().file();
    boolean named =
        last.tensors().stream().allMatch(tensor -> last.nameToday(tensor).equals(tensor.name()));
    if (changed.isEmpty() && source.endsWith(SAFETENSORS) && named) {
      copy(source, target);
      return;
    }
    Map<String, NewTensor> tensors = newTensors(changed, edits);
    SafetensorsWriter writer = new SafetensorsWriter().metadata(metadata(source));
    if (chain.size() > 1) { // all there is are factors, and all of them are new
      tensors.forEach((name, tensor) -> tensor.addTo(writer, name));
      storage.write(target, writer::writeTo);
      return;
    }
    for (TensorInfo tensor : last.tensors()) {
      NewTensor edited = tensors.get(tensor.name());
      if (edited != null) {
        edited.addTo(writer, last.nameToday(tensor));
      } else {
        writer.add(
            last.nameToday(tensor),
            tensor.dtype(),
            tensor.shape(),
            tensor.lengthBytes(),
            out -> copy(tensor, out));
      }
    }
    storage.write(target, writer::writeTo);
  }

  private Map<String, String> metadata(String source) throws IOException {
    if (!source.endsWith(SAFETENSORS)) {
      return Map.of("format", "pt");
    }
    try (RangeSource file = storage.open(source)) {
      return SafetensorsHeader.parse(file).metadata();
    }
  }

  /** Copies a tensor's elements, row by row however they are stored. */
  private void copy(TensorInfo tensor, OutputStream out) throws IOException {
    if (tensor.byColumns()) {
      ElementEncoder.requireWritable(tensor.dtype(), tensor.file(), tensor.name());
      try (Arena arena = Arena.open()) {
        MatrixSource place = MatrixSource.of(tensor, false).get(0);
        ElementEncoder.write(reader.read(place, Precision.DOUBLE), tensor.dtype(), out);
      }
      return;
    }
    CheckedOutputStream checked = new CheckedOutputStream(out, new CRC32());
    try (RangeSource file = storage.open(tensor.file())) {
      FileCopy.copy(file, tensor.offset(), tensor.offset() + tensor.lengthBytes(), checked);
    }
    if (tensor.checksum() != null) {
      tensor.checksum().require(checked.getChecksum().getValue(), tensor.file(), tensor.name());
    }
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
          AdapterModules.Module source = modules.get(baseTensor);
          tensors.put(
              joined ? name + ".lora_A.weight" : own(baseTensor).a().matrix(),
              new NewTensor(
                  module.rank(),
                  module.cols(),
                  module.typeA(),
                  out -> {
                    try (Arena arena = Arena.open()) {
                      Matrix a = factors(source, edit(source, edits)).a();
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
                      Matrix b = factors(source, edit(source, edits)).b();
                      ElementEncoder.write(b, module.typeB(), out);
                    }
                  }));
        });
    return tensors;
  }

  private void writeConfig(Map<String, Changed> changed, String target) throws IOException {
    Map<String, EditedConfig.Site> sites = new LinkedHashMap<>();
    changed.forEach(
        (baseTensor, module) ->
            sites.put(baseTensor, new EditedConfig.Site(module.rank(), module.scale())));
    JsonNode config = onPlainBase(EditedConfig.of(chain, sites));
    if (config.equals(last.config())) {
      copy(storage.resolve(last.uri(), CONFIG), target);
      return;
    }
    byte[] json =
        new JsonMapper()
            .writer(likePython())
            .writeValueAsString(config)
            .getBytes(StandardCharsets.UTF_8);
    storage.write(target, out -> out.write(json));
  }

  /**
   * The same config, naming the plain base: as the first adapter of the chain does, since the later
   * ones may name a model with the earlier ones merged in. A path from that adapter's folder leads
   * nowhere from the new one and becomes absolute.
   */
  private JsonNode onPlainBase(JsonNode config) throws IOException {
    Adapter first = chain.get(0);
    ObjectNode named = config.deepCopy();
    Optional<String> name = first.trainedOn();
    if (name.isEmpty()) {
      return chain.size() == 1 ? config : named.putNull(BASE);
    }
    return named.put(BASE, reachable(first.uri(), name.get()));
  }

  /** What a path means in a folder, if it leads to a folder from there; any other name stays. */
  private String reachable(String folder, String name) throws IOException {
    if (name.startsWith("/") || name.contains(":")) {
      return name;
    }
    String target = storage.qualify(storage.resolve(folder, name));
    return storage.isDirectory(target) ? target.replaceFirst("^file:/+", "/") : name;
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

  /**
   * Opens a written folder as PEFT will, and holds the factors of every module in it against its
   * edit; and all else against the source.
   *
   * @throws UserInputException with code {@code NOT_WRITTEN} naming what differs
   */
  public void prove(Edits edits, String folder) throws IOException {
    WrittenFolder.requireFiles(storage, folder, files());
    Adapter written = Adapter.open(storage, folder);
    for (Adapter.Fault fault : written.faults()) {
      throw notHeld(folder, fault.error().getMessage());
    }
    List<String> acting = LoadTimeFields.in(written.config());
    if (!acting.isEmpty()) {
      throw notHeld(folder, "its config still has " + acting);
    }
    Set<String> expected = chain.size() > 1 ? modules.keySet() : last.updates().keySet();
    if (!written.updates().keySet().equals(expected)) {
      throw notHeld(folder, "it updates %s".formatted(written.updates().keySet()));
    }
    if (chain.size() == 1) {
      proveRest(written, folder);
    }
    for (AdapterModules.Module module : modules.values()) {
      LowRankSource found = TunedMatrix.plain(written.updates().get(module.baseTensor()));
      if (module.plan() == null && chain.size() == 1) {
        continue; // compared with all else
      }
      try (Arena arena = Arena.open()) {
        StoredFactors before = StoredFactors.read(reader, module.links());
        StoredFactors after = StoredFactors.read(reader, List.of(found));
        WrittenMatrix.require(folder, module.baseTensor(), before, edit(module, edits), after);
      }
    }
  }

  /** What is not planned has to be there as it was: kinds, scales, and the bytes of its tensors. */
  private void proveRest(Adapter written, String folder) throws IOException {
    Map<String, TensorInfo> tensors = new TreeMap<>();
    written.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
    Set<String> edited = new TreeSet<>();
    for (AdapterUpdate update : last.updates().values()) {
      AdapterModules.Module module = modules.get(update.baseTensor());
      if (module != null && module.plan() != null) {
        update.sources().forEach(factor -> edited.add(factor.matrix()));
      } else if (update instanceof LowRankSource before
          && !(written.updates().get(update.baseTensor()) instanceof LowRankSource after
              && after.scale() == before.scale())) {
        throw notHeld(folder, "the scale of %s changed".formatted(update.baseTensor()));
      }
    }
    for (TensorInfo tensor : last.tensors()) {
      TensorInfo found = tensors.remove(last.nameToday(tensor));
      if (found == null) {
        throw notHeld(folder, "it lacks " + tensor.name());
      }
      boolean alike = found.dtype() == tensor.dtype() && found.shape().equals(tensor.shape());
      if (!edited.contains(tensor.name()) && (!alike || !areEqual(tensor, found))) {
        throw notHeld(folder, "%s is not the source's".formatted(tensor.name()));
      }
    }
    if (!tensors.isEmpty()) {
      throw notHeld(folder, "it also holds %s".formatted(tensors.keySet()));
    }
  }

  private boolean areEqual(TensorInfo one, TensorInfo other) throws IOException {
    if (one.byColumns()) {
      try (Arena arena = Arena.open()) {
        Matrix difference = reader.read(MatrixSource.of(one, false).get(0), Precision.DOUBLE);
        Matrix twin = reader.read(MatrixSource.of(other, false).get(0), Precision.DOUBLE);
        return difference.plusInPlace(-1, twin).frobeniusNorm() == 0;
      }
    }
    try (RangeSource file = storage.open(one.file());
        RangeSource twin = storage.open(other.file())) {
      return FileCopy.areEqual(file, one.offset(), twin, other.offset(), one.lengthBytes());
    }
  }

  private static UserInputException notHeld(String folder, String reason) {
    return UserInputException.inFile(
        RejectCode.NOT_WRITTEN,
        folder,
        "The edited adapter, read back, is not what was to be written: %s; please report this"
            .formatted(reason));
  }
}
