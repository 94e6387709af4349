package io.github.intruders.scan;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.SealedTensors;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.Map;

/**
 * Keeps the leading vectors of tuned matrices, one safetensors file for each, with tensors {@code
 * U} (m, k) and {@code V} (n, k) in F32: what the stage that follows intruders from step to step
 * compares. The files are sealed ({@link SealedTensors}). Thread-safe.
 */
public final class TunedVectorStore {
  private static final String LEFT = "U";
  private static final String RIGHT = "V";

  private final Storage storage;
  private final String root;
  private final TensorReader reader;

  public TunedVectorStore(Storage storage, String root) {
    this.storage = storage;
    this.root = root;
    this.reader = new TensorReader(storage);
  }

  /** Writes the vectors under a key, replacing what was there. */
  public void write(String key, TunedVectors vectors) throws IOException {
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .metadata(identity(key))
            .add(LEFT, vectors.u())
            .add(RIGHT, vectors.v())
            .sealed();
    storage.write(file(key), writer::writeTo);
  }

  /**
   * Reads the vectors of a key, into the arena that is open.
   *
   * @throws UserInputException if the file is missing, not whole, damaged, or that of another key
   */
  public TunedVectors read(String key) throws IOException {
    String file = file(key);
    if (!storage.exists(file)) {
      throw UserInputException.inFile(
          RejectCode.NOT_FOUND,
          file,
          "The vectors of a scanned matrix are gone; the next scan computes them again");
    }
    Map<String, TensorInfo> tensors = SealedTensors.read(storage, file, identity(key));
    if (!tensors.containsKey(LEFT) || !tensors.containsKey(RIGHT)) {
      throw UserInputException.inFile(
          RejectCode.HEADER_INVALID,
          file,
          "Expected tensors U and V, found %s".formatted(tensors.keySet()));
    }
    return new TunedVectors(
        reader.read(MatrixSource.of(tensors.get(LEFT), false).get(0), Precision.SINGLE),
        reader.read(MatrixSource.of(tensors.get(RIGHT), false).get(0), Precision.SINGLE));
  }

  /** Deletes the vectors of a key, if there are any. */
  public void delete(String key) throws IOException {
    storage.delete(file(key));
  }

  private static Map<String, String> identity(String key) {
    return Map.of("format", "intruders-tuned-vectors-1", "key", key);
  }

  private String file(String key) {
    return storage.resolve(root, key + ".safetensors");
  }
}
