package io.github.intruders.checkpoint;

import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A model as the hub's client keeps it: a folder {@code models--OWNER--NAME} with {@code
 * snapshots/COMMIT}, and in {@code refs/main} which commit is meant.
 */
public final class HubCache {
  private static final String SNAPSHOTS = "snapshots";
  private static final String REFS = "refs";
  private static final String MAIN = "main";
  private static final int MAX_REF_BYTES = 200;
  private static final int MAX_SHOWN = 10;

  private HubCache() {}

  /**
   * The folder of the snapshot that is meant; empty if this is no such cache.
   *
   * @param children what the folder holds
   * @throws UserInputException with code {@code NOT_FOUND} if there is none, or {@code
   *     FORMAT_UNSUPPORTED} if one of several could be meant
   */
  public static Optional<String> snapshot(Storage storage, String folder, List<StoredFile> children)
      throws IOException {
    boolean cache =
        holds(children, SNAPSHOTS) && (holds(children, REFS) || holds(children, "blobs"));
    if (!cache) {
      return Optional.empty();
    }
    String snapshots = storage.resolve(folder, SNAPSHOTS);
    List<String> commits =
        storage.list(snapshots).stream()
            .filter(StoredFile::directory)
            .map(StoredFile::name)
            .toList();
    String main = storage.resolve(storage.resolve(folder, REFS), MAIN);
    String commit = commits.size() > 1 && storage.exists(main) ? commit(storage, main) : null;
    Optional<String> meant = meant(commits, commit);
    if (meant.isPresent()) {
      return Optional.of(storage.resolve(snapshots, meant.get()));
    }
    throw commits.isEmpty()
        ? UserInputException.inFile(
            RejectCode.NOT_FOUND,
            folder,
            "The hub's cache holds no snapshot of this model; download it once more")
        : UserInputException.inFile(
            RejectCode.FORMAT_UNSUPPORTED,
            folder,
            "Which snapshot of the hub's cache is meant? %s; name the folder of one of them"
                .formatted(Excerpt.of(commits, MAX_SHOWN)));
  }

  /**
   * The snapshot that is meant: the only one, or that of {@code refs/main}.
   *
   * @param commits the names of the snapshots there are
   * @param main what {@code refs/main} says, or null
   */
  public static Optional<String> meant(Collection<String> commits, String main) {
    return commits.size() == 1
        ? commits.stream().findFirst()
        : commits.stream().filter(commit -> commit.equals(main)).findFirst();
  }

  /** What a file {@code refs/main} says. */
  public static String commit(Storage storage, String ref) throws IOException {
    return TextFile.read(storage, ref, MAX_REF_BYTES, RejectCode.FORMAT_UNSUPPORTED).strip();
  }

  private static boolean holds(List<StoredFile> children, String folder) {
    return children.stream().anyMatch(child -> child.directory() && child.name().equals(folder));
  }
}
