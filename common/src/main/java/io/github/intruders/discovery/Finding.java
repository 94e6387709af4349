package io.github.intruders.discovery;

import io.github.intruders.checkpoint.ListedStorage;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** What one folder turned out to hold. Paths are seen from the root that they are below. */
public sealed interface Finding extends Serializable {

  /** The place of its root among all. */
  int root();

  /** Where it lies below its root; empty for the root itself. */
  String path();

  /** What a model is. */
  enum Kind {
    ADAPTER,
    CHECKPOINT
  }

  /**
   * A model.
   *
   * @param uri of its folder, or of its file where it is one of several
   * @param method a word for how it was tuned, such as {@code full} or {@code lora}
   * @param trainedOn what its config calls the model that it was made from; null if it does not say
   * @param step how many steps it was trained, where its own files say so; null elsewhere
   * @param run the path of the run whose last or only state this is; null if only the name tells
   * @param named whether its files have names that only models have
   * @param known whether it was known before, and was not looked into
   * @param trainerState whether a {@code trainer_state.json} lies beside it
   * @param folder what lies beside it; null where nobody asks for it any more
   */
  record Model(
      int root,
      String path,
      String uri,
      Kind kind,
      String method,
      String trainedOn,
      Integer step,
      String run,
      boolean named,
      boolean known,
      boolean trainerState,
      Folder folder)
      implements Finding {
    public Model {
      Objects.requireNonNull(uri, "uri");
      Objects.requireNonNull(kind, "kind");
    }

    /** The same without what lies beside it. */
    public Model alone() {
      return new Model(
          root, path, uri, kind, method, trainedOn, step, run, named, known, trainerState, null);
    }
  }

  /**
   * Results of lm-evaluation-harness.
   *
   * @param model the path of the model that was evaluated; null if the file does not say it
   * @param tasks whose results these are
   */
  record Results(int root, String path, String uri, String model, Set<String> tasks)
      implements Finding {}

  /**
   * Which snapshot of a hub's cache is meant.
   *
   * @param path of the model's folder in the cache
   */
  record MeantSnapshot(int root, String path, String commit) implements Finding {}

  /** A folder that this program wrote; nothing in it counts. */
  record OwnOutput(int root, String path) implements Finding {}

  /**
   * What is left out.
   *
   * @param reason the end of a sentence, for a person
   * @param broken whether its owner has something to mend
   */
  record LeftOut(int root, String path, String reason, boolean broken) implements Finding {}

  /**
   * One folder of a tree.
   *
   * @param path seen from its root
   * @param files those that could matter, ordered by name
   * @param folders the names of those in it
   */
  record Folder(int root, String path, String uri, List<StoredFile> files, Set<String> folders)
      implements Serializable {
    public Folder {
      files = List.copyOf(files);
      folders = Set.copyOf(folders);
    }

    /** The storage, which need not be asked again what this folder holds. */
    Storage through(Storage storage) {
      return new ListedStorage(storage, uri, files, folders);
    }
  }
}
