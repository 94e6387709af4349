package io.github.intruders.checkpoint;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The folder in which the weights of a model lie, and the file to read there.
 *
 * @param uri of the folder; the one that was named, or the one below it that holds a model
 * @param weights name of the file of weights or of the index
 * @param files names of all files in the folder that are not hidden
 */
record WeightsFolder(String uri, String weights, Set<String> files) {
  static final String SINGLE_FILE = "model.safetensors";
  static final String INDEX_FILE = "model.safetensors.index.json";
  static final String SUFFIX = ".safetensors";
  private static final String ADAPTER_CONFIG = "adapter_config.json";
  private static final Set<String> ADAPTER_WEIGHTS =
      Set.of("adapter_model.safetensors", "adapter_model.bin");

  /** What a checkpoint's file or index is called, the first one that is there counts. */
  private static final List<String> NAMES =
      List.of(SINGLE_FILE, INDEX_FILE, "pytorch_model.bin", "pytorch_model.bin.index.json");

  private static final int MAX_LISTED = 10;

  /** So many folders are looked into; a run has fewer checkpoints. */
  private static final int MAX_FOLDERS = 1_000;

  /** Whether a file of this name is a whole checkpoint, or the index of one. */
  static boolean isWholeModel(String fileName) {
    return NAMES.contains(fileName);
  }

  /** Whether a file of this name holds the weights of a PEFT adapter. */
  static boolean isAdapter(String fileName) {
    return ADAPTER_WEIGHTS.contains(fileName);
  }

  /**
   * Finds the weights of a folder; where it holds none, those of its one sub-folder that does.
   *
   * @throws UserInputException if there are none, or it can't be told which are meant
   */
  static WeightsFolder find(Storage storage, String folder) throws IOException {
    List<StoredFile> children = storage.list(folder);
    Optional<String> snapshot = HubCache.snapshot(storage, folder, children);
    if (snapshot.isPresent()) {
      return find(storage, snapshot.get());
    }
    Set<String> files = files(children);
    Optional<String> weights = weights(folder, files);
    if (weights.isPresent()) {
      return new WeightsFolder(folder, weights.get(), files);
    }
    List<String> folders =
        children.stream().filter(StoredFile::directory).map(StoredFile::name).toList();
    return below(storage, folder, folders)
        .orElseThrow(() -> nothing(folder, children, files, folders));
  }

  private static Set<String> files(List<StoredFile> children) {
    return children.stream()
        .filter(child -> !child.directory() && !child.name().startsWith("."))
        .map(StoredFile::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The name of the file or index to read, if there is one. */
  static Optional<String> weights(String folder, Set<String> files) {
    Optional<String> whole = NAMES.stream().filter(files::contains).findFirst();
    if (whole.isPresent()) {
      return whole;
    }
    if (files.contains(ADAPTER_CONFIG) || files.stream().anyMatch(ADAPTER_WEIGHTS::contains)) {
      throw adapter(folder);
    }
    List<String> candidates = TensorFile.candidates(files);
    candidates.forEach(name -> ModelParts.requireNoFileOf(folder, name, candidates));
    if (candidates.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          folder,
          "Which of these files is meant? %s; name one of them, or add %s"
              .formatted(Excerpt.of(candidates, MAX_LISTED), INDEX_FILE));
    }
    return candidates.stream().findFirst();
  }

  private static Optional<WeightsFolder> below(Storage storage, String folder, List<String> folders)
      throws IOException {
    List<WeightsFolder> found = new ArrayList<>();
    UserInputException refused = null;
    for (String name : folders.stream().limit(MAX_FOLDERS).toList()) {
      String child = storage.resolve(folder, name);
      Set<String> files = files(storage.list(child));
      try {
        ModelParts.requireNoFolderOf(folder, name, folders);
        weights(child, files).ifPresent(file -> found.add(new WeightsFolder(child, file, files)));
      } catch (UserInputException e) {
        refused = e;
      }
    }
    if (found.size() > 1) {
      throw UserInputException.inFile(
          RejectCode.FORMAT_UNSUPPORTED,
          folder,
          "Which of these checkpoints is meant? %s; name the folder of one of them"
              .formatted(
                  Excerpt.of(
                      found.stream()
                          .map(one -> one.uri().substring(one.uri().lastIndexOf('/') + 1))
                          .toList(),
                      MAX_LISTED)));
    }
    if (found.isEmpty() && refused != null) {
      throw refused;
    }
    return found.stream().findFirst();
  }

  private static UserInputException nothing(
      String folder, List<StoredFile> children, Set<String> files, List<String> folders) {
    Optional<String> advice =
        TrainingFolder.advice(children.stream().map(StoredFile::name).toList())
            .or(
                () ->
                    files.stream()
                        .map(ForeignFormat::advice)
                        .flatMap(Optional::stream)
                        .findFirst());
    if (advice.isPresent()) {
      return UserInputException.inFile(RejectCode.FORMAT_UNSUPPORTED, folder, advice.get());
    }
    List<String> hidden =
        children.stream()
            .filter(child -> !child.directory() && !files.contains(child.name()))
            .map(StoredFile::name)
            .toList();
    StringBuilder found =
        new StringBuilder(files.isEmpty() ? "no files" : Excerpt.of(files, MAX_LISTED));
    if (!folders.isEmpty()) {
      found.append(", and no model in the folders ").append(Excerpt.of(folders, MAX_LISTED));
    }
    if (!hidden.isEmpty()) {
      found.append(
          "; %d hidden files left out: %s"
              .formatted(hidden.size(), Excerpt.of(hidden, MAX_LISTED)));
    }
    return UserInputException.inFile(
        RejectCode.EMPTY_FOLDER,
        folder,
        "No checkpoint in this folder: expected %s, %s or one %s file, found %s"
            .formatted(SINGLE_FILE, INDEX_FILE, SUFFIX, found));
  }

  static UserInputException adapter(String uri) {
    return UserInputException.inFile(
        RejectCode.FORMAT_UNSUPPORTED,
        uri,
        "This is a PEFT adapter, not a checkpoint: name its folder as an adapter, on top of its"
            + " base");
  }
}
