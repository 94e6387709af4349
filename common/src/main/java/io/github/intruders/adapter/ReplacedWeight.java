package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A weight that the adapter holds as a whole: {@code tuned = weight}, or the update of that, where
 * there is one. PEFT saves so the {@code modules_to_save}, and the embeddings that it adapts
 * ({@code utils/save_and_load.py}). Not of low rank.
 *
 * @param baseTensor name of the tensor it changes
 * @param weight as the base stores its own
 * @param update on top; null if there is none
 */
public record ReplacedWeight(String baseTensor, MatrixSource weight, LowRankSource update)
    implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String kind() {
    return update == null ? "saved module" : "LoRA on a saved module";
  }

  @Override
  public List<MatrixSource> sources() {
    List<MatrixSource> sources = new ArrayList<>(List.of(weight));
    Optional.ofNullable(update).ifPresent(lora -> sources.addAll(lora.sources()));
    return sources;
  }

  @Override
  public ReplacedWeight fittedTo(MatrixSource base) {
    boolean turn = base.transposed() != weight.transposed();
    MatrixSource oriented =
        new MatrixSource(
                weight.matrix(),
                weight.file(),
                weight.dtype(),
                weight.offset(),
                turn ? weight.cols() : weight.rows(),
                turn ? weight.rows() : weight.cols(),
                base.transposed())
            .stampedBy(weight.stamp());
    if (oriented.rows() != base.rows() || oriented.cols() != base.cols()) {
      throw AdapterUpdate.shapeMismatch(
          weight, base, "a weight of %dx%d".formatted(oriented.rows(), oriented.cols()));
    }
    return new ReplacedWeight(baseTensor, oriented, update == null ? null : update.fittedTo(base));
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    Matrix replaced = reader.read(weight, Precision.DOUBLE);
    return update == null ? replaced : update.applyTo(replaced, reader);
  }
}
