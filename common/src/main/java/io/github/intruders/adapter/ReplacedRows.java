package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.Collections;
import java.util.List;

/**
 * Trained tokens: the listed rows of an embedding become those of the adapter (PEFT's {@code
 * tuners/trainable_tokens/layer.py}, whose "delta" is no difference). Its rank is the number of
 * rows: b says which they are, and a is what they become less what they were.
 *
 * @param baseTensor name of the tensor it changes
 * @param indexes of the rows
 * @param rows (indexes, width)
 */
public record ReplacedRows(String baseTensor, List<Integer> indexes, MatrixSource rows)
    implements BaseDependent {
  private static final long serialVersionUID = 1L;

  public ReplacedRows {
    indexes = List.copyOf(indexes);
  }

  @Override
  public String kind() {
    return "trained tokens";
  }

  @Override
  public List<MatrixSource> sources() {
    return List.of(rows);
  }

  @Override
  public ReplacedRows fittedTo(MatrixSource weight) {
    if (rows.cols() != weight.cols() || Collections.max(indexes) >= weight.rows()) {
      throw AdapterUpdate.shapeMismatch(
          rows,
          weight,
          "rows of width %d up to row %d".formatted(rows.cols(), Collections.max(indexes)));
    }
    return this;
  }

  @Override
  public int rank() {
    return indexes.size();
  }

  @Override
  public Matrix readB(MatrixSource w, TensorReader reader) {
    Matrix b = Matrix.zeros(w.rows(), rank(), Precision.DOUBLE);
    for (int i = 0; i < rank(); i++) {
      b.set(indexes.get(i), i, 1);
    }
    return b;
  }

  /** Rows that follow each other are read in one go. */
  @Override
  public Matrix readA(MatrixSource w, TensorReader reader) throws IOException {
    Matrix a = reader.read(rows, Precision.DOUBLE);
    for (int from = 0; from < rank(); ) {
      int to = from + 1;
      while (to < rank() && indexes.get(to) == indexes.get(to - 1) + 1) {
        to++;
      }
      try (Arena scratch = Arena.open()) {
        Matrix before = WeightRows.read(w, indexes.get(from), to - from, reader);
        a.rowRange(from, to).plusInPlace(-1, before);
      }
      from = to;
    }
    return a;
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    Matrix trained = reader.read(rows, Precision.DOUBLE);
    for (int i = 0; i < indexes.size(); i++) {
      w.setRow(indexes.get(i), trained.row(i));
    }
    return w;
  }
}
