package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/** The folder of an edited model. */
public final class WrittenFolder {
  /** The file that says how the model was made, and that the folder is whole. */
  public static final String MARKER = "mitigation.json";

  /** What whoever loads the edit of a chain has to know. */
  public static final String CHAIN_NOTE =
      "An edited chain is one adapter for the whole chain: load it on the plain base, not on a model"
          + " that the chain's earlier adapters are merged into.";

  private WrittenFolder() {}

  /** Where a variant of a checkpoint goes. */
  public static String uri(
      Storage storage, String outUri, String checkpointId, String variantName) {
    return storage.resolve(outUri, "mitigated/" + checkpointId + "/" + variantName);
  }

  /**
   * Requires a folder to hold exactly these files, besides the marker and hidden ones.
   *
   * @throws UserInputException with code {@code NOT_WRITTEN} naming what is missing or too many
   */
  static void requireFiles(Storage storage, String folder, Collection<String> names)
      throws IOException {
    Set<String> missing = new TreeSet<>(names);
    Set<String> others = new TreeSet<>();
    for (StoredFile file : storage.list(folder)) {
      if (!missing.remove(file.name())
          && !file.name().startsWith(".")
          && !file.name().equals(MARKER)) {
        others.add(file.name());
      }
    }
    if (!missing.isEmpty() || !others.isEmpty()) {
      throw UserInputException.inFile(
          RejectCode.NOT_WRITTEN,
          folder,
          "The edited model is not as it was written: missing %s, too many %s; delete the folder and"
                  .formatted(missing, others)
              + " start again");
    }
  }
}
