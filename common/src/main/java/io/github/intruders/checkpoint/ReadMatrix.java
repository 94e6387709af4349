package io.github.intruders.checkpoint;

import io.github.intruders.linalg.Matrix;
import java.util.Objects;

/**
 * A matrix as read, and the name of its content.
 *
 * @param matrix belongs to the arena that was open when it was read
 * @param contentHash see {@link TensorReader#contentHash}
 */
public record ReadMatrix(Matrix matrix, String contentHash) {
  public ReadMatrix {
    Objects.requireNonNull(matrix, "matrix");
    Objects.requireNonNull(contentHash, "contentHash");
  }
}
