package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;

/**
 * What an adapter does to one matrix of the base. Holds where its numbers lie and the settings that
 * count, never the numbers, so that it can travel to a task. Its text is as good as its content.
 *
 * <p>Matrices are oriented (outputs, inputs), whatever the base's file has. Formulas are those of
 * PEFT's {@code merge}, in double precision; PEFT rounds the tuned weights to the base's type.
 */
public sealed interface AdapterUpdate extends Serializable
    permits LowRankUpdate, LoraWithTensor, WholeUpdate {
  /** Name of the base tensor it changes, as PEFT sees the model; a slice is {@code name[e]}. */
  String baseTensor();

  /** The kind of adapter in words, such as {@code LoRA} or {@code DoRA}. */
  String kind();

  /** Every tensor of the adapter that is read for this update, at least one. */
  List<MatrixSource> sources();

  /**
   * The same update for this matrix of the base.
   *
   * @throws UserInputException with code {@code SHAPE_MISMATCH} if it is none for such a matrix
   */
  AdapterUpdate fittedTo(MatrixSource weight);

  /**
   * The tuned matrix.
   *
   * @param w (outputs, inputs) in double precision, of the shape {@link #fittedTo} was asked about;
   *     overwritten
   * @return {@code w} or a new matrix of the same shape
   * @throws UserInputException if a tensor of the adapter can't be used
   */
  Matrix applyTo(Matrix w, TensorReader reader) throws IOException;

  /** That a tensor of the adapter has another shape than the base's weight asks for. */
  static UserInputException shapeMismatch(MatrixSource tensor, MatrixSource weight, String found) {
    return UserInputException.inTensor(
        RejectCode.SHAPE_MISMATCH,
        tensor.file(),
        tensor.matrix(),
        "expected an update of the base's shape %dx%d, found %s"
            .formatted(weight.rows(), weight.cols(), found));
  }
}
