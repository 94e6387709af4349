package io.github.intruders.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.adapter.Adapter;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.HubCache;
import io.github.intruders.checkpoint.JsonFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TensorFile;
import io.github.intruders.discovery.Finding.Folder;
import io.github.intruders.discovery.Finding.Kind;
import io.github.intruders.discovery.Finding.LeftOut;
import io.github.intruders.discovery.Finding.Model;
import io.github.intruders.forgetting.LmEvalResults;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tells what a folder is, from its listing, its small JSON files and, where the names tell nothing,
 * the headers of its weights.
 */
public final class FolderReader {
  private static final String ADAPTER_CONFIG = "adapter_config.json";
  private static final String CONFIG = "config.json";
  private static final String TRAINER_STATE = "trainer_state.json";
  private static final String MLX_WEIGHTS = "adapters.safetensors";
  private static final String OWN_SUMMARY = "_summary.json";
  private static final String OWN_WORK = "_work";

  /** What the store of decompositions calls its files, beside its folder {@code sources}. */
  private static final Pattern OWN_STORE =
      Pattern.compile("(gram-)?[0-9a-f]{64}(\\.[a-z]+)?\\.safetensors");

  private static final Pattern RESULTS = Pattern.compile("(?i)results.*\\.json");

  /** What kohya's trainers put behind a name: an epoch or a step. */
  private static final Pattern KOHYA_STATE = Pattern.compile("-(?:\\d{6}|step\\d{8})$");

  /** Files without a known name that are opened in one folder. */
  private static final int MAX_OPENED = 200;

  private final Storage storage;
  private final PathFilter filter;
  private final Set<String> known;

  /**
   * @param known qualified URIs that need not be looked into
   */
  public FolderReader(Storage storage, PathFilter filter, Set<String> known) {
    this.storage = storage;
    this.filter = filter;
    this.known = Set.copyOf(known);
  }

  /**
   * What a folder holds.
   *
   * @throws IOException if the storage fails; what is broken is among the findings
   */
  public List<Finding> read(Folder folder) throws IOException {
    Set<String> names = new TreeSet<>();
    folder.files().stream().map(StoredFile::name).forEach(names::add);
    if (isOwn(folder, names)) {
      return List.of(new Finding.OwnOutput(folder.root(), folder.path()));
    }
    List<Finding> findings = new ArrayList<>();
    for (StoredFile file : folder.files()) {
      if (HubPlace.isReference(folder.path(), file.name())) {
        addReference(folder, file, findings);
      } else if (RESULTS.matcher(file.name()).matches() && !known.contains(file.uri())) {
        addResults(folder, file, findings);
      }
    }
    if (filter.includes(folder.path()) || anyIncluded(folder)) {
      try {
        addModels(folder, names, findings);
      } catch (UserInputException e) {
        findings.add(broken(folder, e));
      } catch (FileNotFoundException e) {
        findings.add(leftOut(folder, "it went away while it was read", false));
      } catch (RuntimeException e) {
        findings.add(broken(folder, UserInputException.of(e, folder.uri(), null)));
      }
    }
    return findings;
  }

  private boolean anyIncluded(Folder folder) {
    return folder.files().stream().anyMatch(file -> filter.includes(below(folder, file.name())));
  }

  private static boolean isOwn(Folder folder, Set<String> names) {
    boolean output = names.contains(OWN_SUMMARY) && folder.folders().contains(OWN_WORK);
    boolean store =
        folder.folders().contains("sources")
            && names.stream().anyMatch(name -> OWN_STORE.matcher(name).matches());
    return output || store;
  }

  private void addReference(Folder folder, StoredFile file, List<Finding> into) throws IOException {
    String above =
        folder.path().substring(0, Math.max(0, folder.path().length() - "/refs".length()));
    try {
      into.add(
          new Finding.MeantSnapshot(folder.root(), above, HubCache.commit(storage, file.uri())));
    } catch (UserInputException e) {
      into.add(new LeftOut(folder.root(), below(folder, file.name()), e.getMessage(), true));
    }
  }

  private void addResults(Folder folder, StoredFile file, List<Finding> into) throws IOException {
    String path = below(folder, file.name());
    try {
      JsonNode root;
      try {
        root = JsonFile.read(storage, file.uri(), RejectCode.METRIC_INVALID);
      } catch (FileNotFoundException e) {
        return;
      }
      if (LmEvalResults.isOne(root)) {
        Set<String> tasks = new LinkedHashSet<>();
        root.path("results").fieldNames().forEachRemaining(tasks::add);
        into.add(
            new Finding.Results(folder.root(), path, file.uri(), LmEvalResults.model(root), tasks));
      }
    } catch (UserInputException e) {
      into.add(new LeftOut(folder.root(), path, e.getMessage(), true));
    }
  }

  private void addModels(Folder folder, Set<String> names, List<Finding> into) throws IOException {
    if (isKnown(folder.uri())) {
      into.add(
          model(
              folder, folder.path(), folder.uri(), Kind.CHECKPOINT, null, null, null, true, true));
      return;
    }
    if (names.contains(ADAPTER_CONFIG)) {
      into.add(adapter(folder, names));
      return;
    }
    Optional<String> whole = names.stream().filter(Checkpoint::isWholeModel).findFirst();
    if (whole.isPresent()) {
      into.add(checkpoint(folder, names, true));
      return;
    }
    List<String> candidates = TensorFile.candidates(names);
    Set<String> others = new TreeSet<>();
    int opened = 0;
    for (String name : candidates) {
      String uri = storage.resolve(folder.uri(), name);
      if (isKnown(uri)) {
        into.add(
            model(folder, below(folder, name), uri, Kind.ADAPTER, null, null, null, true, true));
      } else if (!name.endsWith(".safetensors")
          || ++opened > MAX_OPENED
          || !addBareAdapter(folder, name, into)) {
        others.add(name);
      }
    }
    if (others.isEmpty()) {
      if (into.isEmpty()) {
        Checkpoint.advice(names).ifPresent(advice -> into.add(leftOut(folder, advice, false)));
      }
      return;
    }
    if (others.size() < candidates.size()) {
      others.forEach(
          name ->
              into.add(
                  new LeftOut(
                      folder.root(),
                      below(folder, name),
                      "a file of weights beside adapters, and none by the names of its tensors",
                      false)));
    } else if (Checkpoint.weightsAmong(folder.uri(), names).isPresent()) {
      into.add(checkpoint(folder, names, false));
    }
  }

  private boolean isKnown(String uri) {
    return known.contains(uri)
        || HubPlace.of(uri)
            .filter(place -> place.inner().isEmpty())
            .filter(place -> known.contains(place.repository()))
            .isPresent();
  }

  private Finding adapter(Folder folder, Set<String> names) throws IOException {
    String configUri = storage.resolve(folder.uri(), ADAPTER_CONFIG);
    JsonNode config =
        JsonFile.readObject(folder.through(storage), configUri, RejectCode.ADAPTER_CONFIG_INVALID);
    if (names.stream()
        .noneMatch(name -> name.startsWith("adapter_model.") || name.equals(MLX_WEIGHTS))) {
      return leftOut(
          folder,
          "adapter_config.json is there, but no adapter_model.safetensors, adapter_model.bin or adapters.safetensors",
          true);
    }
    String type = config.path("peft_type").asText("lora").toLowerCase(Locale.ROOT);
    return model(
        folder,
        folder.path(),
        folder.uri(),
        Kind.ADAPTER,
        config.path("use_dora").asBoolean() ? "dora" : type,
        Adapter.trainedOn(config).orElse(null),
        ownStep(folder, names),
        true,
        false);
  }

  private Finding checkpoint(Folder folder, Set<String> names, boolean named) throws IOException {
    String trainedOn = null;
    if (names.contains(CONFIG)) {
      JsonNode config =
          JsonFile.readObject(
              folder.through(storage),
              storage.resolve(folder.uri(), CONFIG),
              RejectCode.CONFIG_INVALID);
      trainedOn = config.path("_name_or_path").asText("").strip();
    }
    return model(
        folder,
        folder.path(),
        folder.uri(),
        Kind.CHECKPOINT,
        "full",
        trainedOn == null || trainedOn.isEmpty() ? null : trainedOn,
        ownStep(folder, names),
        named,
        false);
  }

  /** A file of kohya's trainers or of diffusers; returns whether it is one. */
  private boolean addBareAdapter(Folder folder, String name, List<Finding> into)
      throws IOException {
    String uri = storage.resolve(folder.uri(), name);
    TensorFile file;
    try {
      file = TensorFile.read(folder.through(storage), uri);
    } catch (UserInputException e) {
      into.add(new LeftOut(folder.root(), below(folder, name), e.getMessage(), true));
      return true;
    }
    if (!Adapter.isAdapter(file.tensors().keySet())) {
      return false;
    }
    Map<String, String> metadata = file.metadata();
    String stem = name.substring(0, name.lastIndexOf('.'));
    Matcher state = KOHYA_STATE.matcher(stem);
    String steps = metadata.getOrDefault("ss_steps", "");
    into.add(
        new Model(
            folder.root(),
            below(folder, name),
            uri,
            Kind.ADAPTER,
            metadata.getOrDefault("ss_network_module", "").contains("lycoris") ? "lycoris" : "lora",
            metadata.get("ss_sd_model_name"),
            steps.matches("\\d{1,9}") ? Integer.valueOf(steps) : null,
            steps.matches("\\d{1,9}") ? below(folder, state.replaceFirst("")) : null,
            true,
            false,
            false,
            folder));
    return true;
  }

  /** The steps of a model that no name tells: the last state of a run. */
  private Integer ownStep(Folder folder, Set<String> names) throws IOException {
    if (!names.contains(TRAINER_STATE) || RunName.of(folder.path()).isPresent()) {
      return null;
    }
    JsonNode state =
        JsonFile.readObject(
            folder.through(storage),
            storage.resolve(folder.uri(), TRAINER_STATE),
            RejectCode.CONFIG_INVALID);
    JsonNode step = state.path("global_step");
    return step.isIntegralNumber() && step.canConvertToInt() && step.intValue() >= 0
        ? (Integer) step.intValue()
        : null;
  }

  private Model model(
      Folder folder,
      String path,
      String uri,
      Kind kind,
      String method,
      String trainedOn,
      Integer step,
      boolean named,
      boolean isKnown) {
    boolean state = folder.files().stream().anyMatch(file -> file.name().equals(TRAINER_STATE));
    return new Model(
        folder.root(),
        path,
        uri,
        kind,
        method,
        trainedOn,
        step,
        null,
        named,
        isKnown,
        state,
        folder);
  }

  private static LeftOut broken(Folder folder, UserInputException fault) {
    return leftOut(folder, fault.getMessage(), true);
  }

  private static LeftOut leftOut(Folder folder, String reason, boolean broken) {
    return new LeftOut(folder.root(), folder.path(), reason, broken);
  }

  private static String below(Folder folder, String name) {
    return folder.path().isEmpty() ? name : folder.path() + "/" + name;
  }
}
