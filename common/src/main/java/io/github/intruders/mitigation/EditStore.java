package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.SealedTensors;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.mitigation.MitigationOutcome.EditedVariant;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Keeps the edits of one matrix of one checkpoint, all variants in one safetensors file: what the
 * tasks that write the edited models take from those that computed it. A file holds {@code
 * VARIANT.p} (m, j) and {@code VARIANT.q} (n, j), or {@code VARIANT.b} and {@code VARIANT.a}, or
 * {@code VARIANT.factor}, or {@code VARIANT.outside} (its factor), {@code VARIANT.u} (m, j) and
 * {@code VARIANT.v} (n, j), all F64; a variant without a tensor keeps the matrix as it is.
 * Thread-safe.
 */
public final class EditStore {
  private final Storage storage;
  private final String root;

  public EditStore(Storage storage, String root) {
    this.storage = storage;
    this.root = root;
  }

  /** Writes the edits under a key, replacing what was there. */
  public void write(String key, List<EditedVariant> variants) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter().metadata(identity(key));
    for (EditedVariant edited : variants) {
      String name = edited.variant().name();
      if (edited.edit() instanceof MatrixEdit.Added added) {
        writer.add(name + ".p", added.p()).add(name + ".q", added.q());
      } else if (edited.edit() instanceof MatrixEdit.Replaced replaced) {
        writer.add(name + ".b", replaced.b()).add(name + ".a", replaced.a());
      } else if (edited.edit() instanceof MatrixEdit.Scaled scaled) {
        writer.add(name + ".factor", new double[] {scaled.factor()});
      } else if (edited.edit() instanceof MatrixEdit.Outside outside) {
        writer
            .add(name + ".outside", new double[] {outside.factor()})
            .add(name + ".u", outside.u())
            .add(name + ".v", outside.v());
      }
    }
    storage.write(file(key), writer.sealed()::writeTo);
  }

  /**
   * Reads one variant's edit, into the arena that is open.
   *
   * @throws UserInputException if the file is missing, not whole, damaged, or that of another key
   */
  public MatrixEdit read(String key, Variant variant) throws IOException {
    String file = file(key);
    if (!storage.exists(file)) {
      throw UserInputException.inFile(
          RejectCode.NOT_FOUND,
          file,
          "The edits of a matrix are gone; delete the output's _work/mitigation and start again");
    }
    Map<String, TensorInfo> tensors = SealedTensors.read(storage, file, identity(key));
    TensorReader reader = new TensorReader(storage);
    String name = variant.name();
    if (tensors.containsKey(name + ".p")) {
      return new MatrixEdit.Added(
          matrix(reader, tensors.get(name + ".p")), matrix(reader, tensors.get(name + ".q")));
    } else if (tensors.containsKey(name + ".b")) {
      return new MatrixEdit.Replaced(
          matrix(reader, tensors.get(name + ".b")), matrix(reader, tensors.get(name + ".a")));
    } else if (tensors.containsKey(name + ".factor")) {
      return new MatrixEdit.Scaled(reader.readVector(tensors.get(name + ".factor"))[0]);
    } else if (tensors.containsKey(name + ".outside")) {
      return new MatrixEdit.Outside(
          reader.readVector(tensors.get(name + ".outside"))[0],
          matrix(reader, tensors.get(name + ".u")),
          matrix(reader, tensors.get(name + ".v")));
    }
    return new MatrixEdit.Kept();
  }

  private static Matrix matrix(TensorReader reader, TensorInfo tensor) throws IOException {
    return reader.read(MatrixSource.of(tensor, false).get(0), Precision.DOUBLE);
  }

  private static Map<String, String> identity(String key) {
    return Map.of("format", "intruders-edits-1", "key", key);
  }

  private String file(String key) {
    return storage.resolve(root, key + ".safetensors");
  }
}
