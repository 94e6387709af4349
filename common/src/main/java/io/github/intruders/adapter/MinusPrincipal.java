package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * LoRA on what an initialisation has left of the weight: {@code tuned = w − part(w) + scale · b ·
 * a}. PEFT takes the part away once more whenever it loads such an adapter ({@code
 * tuners/lora/layer.py}, {@code tuners/lora/variants.py}). The part depends on w; it is of the same
 * rank as the update, so that both together are of twice that. Without a decomposition of w their
 * factors can be had for OLoRA only.
 *
 * @param lora the update of what is left
 * @param part what is taken away
 */
public record MinusPrincipal(LowRankUpdate lora, Part part) implements BaseDependent {
  private static final long serialVersionUID = 1L;

  /** What is taken off the weight, for an update of rank r. */
  public enum Part {
    /** PiSSA: the r largest singular values with their vectors. */
    LARGEST("PiSSA"),
    /** KaSA: the r smallest. */
    SMALLEST("KaSA"),
    /** OLoRA: {@code scale · Q_r · R_r}, the first columns of Q and rows of R of w = Q · R. */
    QR("OLoRA");

    private final String title;

    Part(String title) {
      this.title = title;
    }
  }

  @Override
  public String baseTensor() {
    return lora.baseTensor();
  }

  @Override
  public String kind() {
    return part.title;
  }

  @Override
  public List<MatrixSource> sources() {
    return lora.sources();
  }

  @Override
  public MinusPrincipal fittedTo(MatrixSource weight) {
    int smaller = Math.min(weight.rows(), weight.cols());
    if (lora.rank() > smaller) {
      throw AdapterUpdate.shapeMismatch(
          lora.sources().get(0), weight, "one of rank %d".formatted(lora.rank()));
    }
    return new MinusPrincipal(lora.fittedTo(weight), part);
  }

  @Override
  public boolean factorsAreCheap() {
    return part == Part.QR;
  }

  @Override
  public int rank() {
    return 2 * lora.rank();
  }

  /** The part first: less Q_r, as many columns as the update has. */
  @Override
  public Matrix readB(MatrixSource w, TensorReader reader) throws IOException {
    requireQr();
    Matrix b = Matrix.allocate(w.rows(), rank(), Precision.DOUBLE);
    try (Arena scratch = Arena.open()) {
      double scale = -((LowRankSource) lora).scale();
      b.columnRange(0, lora.rank()).assign(leadingQ(w, reader).scaleInPlace(scale));
      b.columnRange(lora.rank(), rank()).assign(lora.readB(reader));
    }
    return b;
  }

  /** R_r = Q_rᵀ w first. */
  @Override
  public Matrix readA(MatrixSource w, TensorReader reader) throws IOException {
    requireQr();
    Matrix a = Matrix.zeros(rank(), w.cols(), Precision.DOUBLE);
    try (Arena scratch = Arena.open()) {
      Matrix q = leadingQ(w, reader);
      Matrix r = a.rowRange(0, lora.rank());
      WeightRows.forEachBlock(
          w,
          reader,
          (from, rows) -> r.plusProductInPlace(1, q.rowRange(from, from + rows.rows()).t(), rows));
      a.rowRange(lora.rank(), rank()).assign(lora.readA(reader));
    }
    return a;
  }

  private void requireQr() {
    if (part != Part.QR) {
      throw new IllegalStateException("%s asks for a decomposition of w".formatted(kind()));
    }
  }

  private Matrix leadingQ(MatrixSource w, TensorReader reader) throws IOException {
    Matrix leading = Matrix.allocate(w.rows(), lora.rank(), Precision.DOUBLE);
    WeightRows.forEachBlock(
        w,
        reader,
        (from, rows) ->
            leading
                .rowRange(from, from + rows.rows())
                .assign(rows.columnRange(0, lora.rank()).copy()));
    return OrthonormalBasis.of(leading).q();
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      if (part == Part.QR) {
        removeQr(w);
      } else {
        removeSingular(w);
      }
      return lora.applyTo(w, reader);
    }
  }

  private void removeSingular(Matrix w) {
    Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(w);
    int p = svd.s().length;
    int from = part == Part.LARGEST ? 0 : p - lora.rank();
    int to = from + lora.rank();
    Matrix scaled =
        svd.u()
            .columnRange(from, to)
            .copy()
            .scaleColumnsInPlace(Arrays.copyOfRange(svd.s(), from, to));
    w.plusProductInPlace(-1, scaled, svd.vt().rowRange(from, to));
  }

  /** The leading columns of Q are those of w's leading columns, and R_r = Q_rᵀ w. */
  private void removeQr(Matrix w) {
    Matrix q = OrthonormalBasis.of(w.columnRange(0, lora.rank()).copy()).q();
    w.plusProductInPlace(-((LowRankSource) lora).scale(), q, q.t().times(w));
  }
}
