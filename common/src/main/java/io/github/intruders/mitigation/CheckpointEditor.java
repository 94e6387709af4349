package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Writes an edited checkpoint, file by file: the same shards with the same headers. The bytes of
 * edited matrices are replaced in their places, in their type; every other byte is copied.
 *
 * <p>Left out are files that hold the unedited weights in another format, and sub-folders.
 */
public final class CheckpointEditor {
  private static final String SUFFIX = ".safetensors";
  private static final String INDEX_SUFFIX = ".safetensors.index.json";
  private static final Pattern OTHER_WEIGHTS =
      Pattern.compile(".*\\.(bin|pt|pth|ckpt|gguf|h5|msgpack|onnx|bin\\.index\\.json)");

  private final Storage storage;
  private final String folder;
  private final List<String> files = new ArrayList<>();

  private CheckpointEditor(Storage storage, String folder) {
    this.storage = storage;
    this.folder = folder;
  }

  /**
   * Opens a checkpoint.
   *
   * @throws UserInputException if it is not whole or no safetensors checkpoint
   */
  public static CheckpointEditor open(Storage storage, String uri) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(storage, uri);
    if (!checkpoint.faults().isEmpty()) {
      throw checkpoint.faults().get(0);
    }
    Set<String> weights = new TreeSet<>();
    for (TensorInfo tensor : checkpoint.tensors().values()) {
      if (!tensor.file().endsWith(SUFFIX)) {
        throw UserInputException.inFile(
            RejectCode.FORMAT_UNSUPPORTED,
            tensor.file(),
            "Only safetensors checkpoints can be written; convert this one first");
      }
      weights.add(tensor.file());
    }
    boolean isFolder = storage.isDirectory(checkpoint.uri());
    String folder =
        isFolder
            ? checkpoint.uri()
            : checkpoint.uri().substring(0, checkpoint.uri().lastIndexOf('/'));
    CheckpointEditor editor = new CheckpointEditor(storage, folder);
    boolean sharded = weights.size() > 1 || checkpoint.uri().endsWith(INDEX_SUFFIX);
    boolean singleFile = weights.contains(storage.resolve(folder, "model" + SUFFIX));
    for (StoredFile file : storage.list(folder)) {
      boolean other =
          file.directory()
              || file.name().startsWith(".")
              || OTHER_WEIGHTS.matcher(file.name()).matches()
              || (file.name().endsWith(SUFFIX) && !weights.contains(file.uri()))
              || (file.name().endsWith(INDEX_SUFFIX) && singleFile && !sharded);
      if (!other) {
        editor.files.add(file.name());
      }
    }
    editor.files.sort(
        Comparator.comparing((String name) -> !name.endsWith(SUFFIX)).thenComparing(name -> name));
    return editor;
  }

  /** The names of the files to write, the weights first. */
  public List<String> files() {
    return List.copyOf(files);
  }

  /** Gives the edit of a matrix. */
  @FunctionalInterface
  public interface Edits {
    MatrixEdit of(MatrixPlan plan) throws IOException;
  }

  /**
   * Writes one file as a whole.
   *
   * @param name one of {@link #files()}
   * @param plans the matrices that may be edited, of all files
   */
  public void write(String name, List<MatrixPlan> plans, Edits edits, String target)
      throws IOException {
    String file = storage.resolve(folder, name);
    List<MatrixPlan> inFile =
        plans.stream()
            .filter(plan -> tuned(plan).file().equals(file))
            .sorted(Comparator.comparingLong(plan -> tuned(plan).offset()))
            .toList();
    try (RangeSource source = storage.open(file)) {
      storage.write(target, out -> write(source, inFile, edits, out));
    }
  }

  private void write(RangeSource source, List<MatrixPlan> plans, Edits edits, OutputStream out)
      throws IOException {
    TensorReader reader = new TensorReader(storage);
    long done = 0;
    for (MatrixPlan plan : plans) {
      try (Arena arena = Arena.open()) {
        MatrixEdit edit = edits.of(plan);
        if (edit instanceof MatrixEdit.Kept) {
          continue;
        }
        MatrixSource place = tuned(plan);
        FileCopy.copy(source, done, place.offset(), out);
        TunedMatrix.Whole whole = (TunedMatrix.Whole) TunedMatrix.read(reader, plan);
        Matrix w = ((TunedMatrix.Whole) whole.stored(edit, place.matrix())).w();
        ElementEncoder.write(place.transposed() ? w.transposed() : w, place.dtype(), out);
        done = place.offset() + place.lengthBytes();
      }
    }
    FileCopy.copy(source, done, source.lengthBytes(), out);
  }

  private static MatrixSource tuned(MatrixPlan plan) {
    return ((UpdateSource.Full) plan.update()).tuned();
  }
}
