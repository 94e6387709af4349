package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_full.CblasTrans;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dlacpy_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_slag2d_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;
import static org.bytedeco.openblas.global.openblas_full.cblas_dgeadd;
import static org.bytedeco.openblas.global.openblas_full.cblas_domatcopy;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.indexer.DoubleIndexer;
import org.bytedeco.javacpp.indexer.DoubleRawIndexer;

/** Elements in double precision. */
final class DoubleElements extends Elements {
  private final DoublePointer data;
  private final DoubleRawIndexer indexer;

  private DoubleElements(Pointer owner, DoublePointer data) {
    super(owner);
    this.data = data;
    this.indexer = (DoubleRawIndexer) DoubleIndexer.create(data);
  }

  static DoubleElements allocate(long count) {
    DoublePointer data = new DoublePointer(count);
    return new DoubleElements(data, data);
  }

  DoublePointer pointer() {
    requireAlive();
    return data;
  }

  @Override
  DoubleElements from(long start) {
    return new DoubleElements(owner(), pointer().getPointer(start));
  }

  @Override
  double get(long index) {
    requireAlive();
    return indexer.getRaw(index);
  }

  @Override
  void put(long index, double value) {
    requireAlive();
    indexer.putRaw(index, value);
  }

  @Override
  void read(long start, long distance, double[] into) {
    if (distance == 1 && into.length > 0) {
      pointer().getPointer(start).get(into, 0, into.length);
      return;
    }
    requireAlive();
    for (int i = 0; i < into.length; i++) {
      into[i] = indexer.getRaw(start + i * distance);
    }
  }

  @Override
  void write(long start, double[] values) {
    if (values.length > 0) {
      pointer().getPointer(start).put(values, 0, values.length);
    }
  }

  @Override
  void scale(long start, int count, double factor) {
    requireAlive();
    for (long i = start; i < start + count; i++) {
      indexer.putRaw(i, indexer.getRaw(i) * factor);
    }
  }

  @Override
  void scale(long start, double[] factors) {
    requireAlive();
    for (int i = 0; i < factors.length; i++) {
      indexer.putRaw(start + i, indexer.getRaw(start + i) * factors[i]);
    }
  }

  @Override
  int assign(int rows, int cols, int lead, Elements other, int otherLead) {
    // LAPACK sees both transposed, which for a copy is all the same.
    if (other instanceof DoubleElements same) {
      return LAPACKE_dlacpy_work(
          LAPACK_COL_MAJOR, (byte) 'A', cols, rows, same.pointer(), otherLead, pointer(), lead);
    }
    return LAPACKE_slag2d_work(
        LAPACK_COL_MAJOR,
        cols,
        rows,
        ((SingleElements) other).pointer(),
        otherLead,
        pointer(),
        lead);
  }

  @Override
  void add(int rows, int cols, int lead, double factor, Elements other, int otherLead) {
    DoublePointer added = ((DoubleElements) other).pointer();
    cblas_dgeadd(CblasRowMajor, rows, cols, factor, added, otherLead, 1, pointer(), lead);
  }

  @Override
  void transposeInto(int rows, int cols, int lead, Elements target) {
    DoublePointer transposed = ((DoubleElements) target).pointer();
    cblas_domatcopy(CblasRowMajor, CblasTrans, rows, cols, 1, pointer(), lead, transposed, rows);
  }
}
