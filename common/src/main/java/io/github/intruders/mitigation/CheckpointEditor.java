package io.github.intruders.mitigation;

import static io.github.intruders.linalg.Precision.DOUBLE;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.SafetensorsHeader;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.plan.MatrixPlan;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Writes an edited checkpoint, file by file: the same shards with the same headers. The bytes of
 * edited matrices are replaced in their places, in their type; every other byte is copied.
 *
 * <p>Left out are files that hold the unedited weights in another format, and sub-folders.
 */
public final class CheckpointEditor {
  private static final String SUFFIX = ".safetensors";
  private static final String INDEX_SUFFIX = ".safetensors.index.json";
  private final Storage storage;
  private final Checkpoint source;
  private final String folder;
  private final List<String> files = new ArrayList<>();

  private CheckpointEditor(Storage storage, Checkpoint source, String folder) {
    this.storage = storage;
    this.source = source;
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
    CheckpointEditor editor = new CheckpointEditor(storage, checkpoint, folder);
    if (!weights.contains(storage.resolve(folder, "model" + SUFFIX))) {
      weights.add(isFolder ? storage.resolve(folder, "model" + INDEX_SUFFIX) : checkpoint.uri());
    }
    for (StoredFile file : storage.list(folder)) {
      if (!file.directory()
          && (weights.contains(file.uri()) || CarriedFiles.isCarried(file.name()))) {
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

  /**
   * Writes one file as a whole.
   *
   * @param name one of {@link #files()}
   * @param plans the matrices that may be edited, of all files
   */
  public void write(String name, List<MatrixPlan> plans, Edits edits, String target)
      throws IOException {
    String file = storage.resolve(folder, name);
    List<MatrixPlan> ordered =
        inFile(name, plans).stream()
            .sorted(Comparator.comparingLong(plan -> TunedMatrix.place(plan).offset()))
            .toList();
    try (RangeSource source = open(file, ordered)) {
      storage.write(target, out -> write(source, ordered, edits, out));
    }
  }

  private RangeSource open(String file, List<MatrixPlan> plans) throws IOException {
    RangeSource source = storage.open(file);
    try {
      for (MatrixPlan plan : plans) {
        TunedMatrix.place(plan).requireAsPlanned(source);
      }
      return source;
    } catch (RuntimeException e) {
      source.close();
      throw e;
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
        MatrixSource place = TunedMatrix.place(plan);
        FileCopy.copy(source, done, place.offset(), out);
        Matrix w =
            ElementEncoder.roundInPlace(
                TunedMatrix.edited(reader, plan, edit), place.dtype(), place.matrix());
        ElementEncoder.write(place.transposed() ? w.transposed() : w, place.dtype(), out);
        done = place.offset() + place.lengthBytes();
      }
    }
    FileCopy.copy(source, done, source.lengthBytes(), out);
  }

  private List<MatrixPlan> inFile(String name, List<MatrixPlan> plans) {
    String file = storage.resolve(folder, name);
    return plans.stream().filter(plan -> TunedMatrix.place(plan).file().equals(file)).toList();
  }

  /**
   * Reads a file that was written, and holds every planned matrix in it against its edit.
   *
   * @param target where the file lies
   * @throws UserInputException with code {@code NOT_WRITTEN} if a matrix is not there, or is
   *     another
   */
  public void prove(String name, List<MatrixPlan> plans, Edits edits, String target)
      throws IOException {
    List<MatrixPlan> here = inFile(name, plans);
    if (here.isEmpty()) {
      return;
    }
    Map<String, TensorInfo> written;
    try (RangeSource file = storage.open(target)) {
      written = SafetensorsHeader.parse(file).tensors();
    }
    TensorReader reader = new TensorReader(storage);
    for (MatrixPlan plan : here) {
      try (Arena arena = Arena.open()) {
        MatrixEdit edit = edits.of(plan);
        MatrixSource place = inWritten(plan, written, target);
        WrittenMatrix.require(
            place,
            plan.base().name(),
            TunedMatrix.edited(reader, plan, edit),
            !(edit instanceof MatrixEdit.Kept),
            reader.read(place, DOUBLE));
      }
    }
  }

  /** Where a matrix lies in the written file, by its tensor's name there. */
  private MatrixSource inWritten(MatrixPlan plan, Map<String, TensorInfo> written, String target) {
    MatrixSource place = TunedMatrix.place(plan);
    for (TensorInfo tensor : source.tensors().values()) {
      long from = place.offset() - tensor.offset();
      if (tensor.file().equals(place.file())
          && from >= 0
          && from + place.lengthBytes() <= tensor.lengthBytes()) {
        TensorInfo found = written.get(tensor.name());
        if (found == null
            || found.dtype() != tensor.dtype()
            || !found.shape().equals(tensor.shape())) {
          break;
        }
        return new MatrixSource(
            place.matrix(),
            found.file(),
            found.dtype(),
            found.offset() + from,
            place.rows(),
            place.cols(),
            place.transposed());
      }
    }
    throw WrittenMatrix.notHeld(target, plan.base().name(), "it is not there");
  }

  /**
   * Opens a written folder as its readers will, and requires that it is the source's twin: the same
   * tensors in files of the same names, and no other file.
   *
   * @param target the folder
   * @throws UserInputException with code {@code NOT_WRITTEN} naming what differs
   */
  public void proveWhole(String target) throws IOException {
    WrittenFolder.requireFiles(storage, target, files);
    boolean isFolder = storage.isDirectory(source.uri());
    String name = source.uri().substring(source.uri().lastIndexOf('/') + 1);
    Checkpoint written =
        Checkpoint.open(storage, isFolder ? target : storage.resolve(target, name));
    Map<String, String> expected = tensorsOf(source, folder);
    if (!written.faults().isEmpty() || !tensorsOf(written, target).equals(expected)) {
      throw UserInputException.inFile(
          RejectCode.NOT_WRITTEN,
          target,
          "The edited model does not read as a checkpoint with the tensors of " + source.uri());
    }
  }

  private static Map<String, String> tensorsOf(Checkpoint checkpoint, String folder) {
    Map<String, String> tensors = new TreeMap<>();
    checkpoint
        .tensors()
        .forEach(
            (name, tensor) ->
                tensors.put(
                    name, tensor.file().substring(folder.length()) + " " + tensor.description()));
    return tensors;
  }
}
