package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_full.CblasTrans;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dlag2s_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_slacpy_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;
import static org.bytedeco.openblas.global.openblas_full.cblas_sgeadd;
import static org.bytedeco.openblas.global.openblas_full.cblas_somatcopy;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.bytedeco.javacpp.indexer.FloatRawIndexer;

/** Elements in single precision. */
final class SingleElements extends Elements {
  private final FloatPointer data;
  private final FloatRawIndexer indexer;

  private SingleElements(Pointer owner, FloatPointer data) {
    super(owner);
    this.data = data;
    this.indexer = (FloatRawIndexer) FloatIndexer.create(data);
  }

  static SingleElements allocate(long count) {
    FloatPointer data = new FloatPointer(count);
    return new SingleElements(data, data);
  }

  FloatPointer pointer() {
    requireAlive();
    return data;
  }

  @Override
  SingleElements from(long start) {
    return new SingleElements(owner(), pointer().getPointer(start));
  }

  @Override
  double get(long index) {
    requireAlive();
    return indexer.getRaw(index);
  }

  @Override
  void put(long index, double value) {
    requireAlive();
    indexer.putRaw(index, (float) value);
  }

  @Override
  void read(long start, long distance, double[] into) {
    requireAlive();
    for (int i = 0; i < into.length; i++) {
      into[i] = indexer.getRaw(start + i * distance);
    }
  }

  @Override
  void write(long start, double[] values) {
    requireAlive();
    for (int i = 0; i < values.length; i++) {
      indexer.putRaw(start + i, (float) values[i]);
    }
  }

  @Override
  void scale(long start, int count, double factor) {
    requireAlive();
    for (long i = start; i < start + count; i++) {
      indexer.putRaw(i, (float) (indexer.getRaw(i) * factor));
    }
  }

  @Override
  void scale(long start, double[] factors) {
    requireAlive();
    for (int i = 0; i < factors.length; i++) {
      indexer.putRaw(start + i, (float) (indexer.getRaw(start + i) * factors[i]));
    }
  }

  @Override
  int assign(int rows, int cols, int lead, Elements other, int otherLead) {
    // LAPACK sees both transposed, which for a copy is all the same.
    if (other instanceof SingleElements same) {
      return LAPACKE_slacpy_work(
          LAPACK_COL_MAJOR, (byte) 'A', cols, rows, same.pointer(), otherLead, pointer(), lead);
    }
    return LAPACKE_dlag2s_work(
        LAPACK_COL_MAJOR,
        cols,
        rows,
        ((DoubleElements) other).pointer(),
        otherLead,
        pointer(),
        lead);
  }

  @Override
  void add(int rows, int cols, int lead, double factor, Elements other, int otherLead) {
    FloatPointer added = ((SingleElements) other).pointer();
    cblas_sgeadd(CblasRowMajor, rows, cols, (float) factor, added, otherLead, 1, pointer(), lead);
  }

  @Override
  void transposeInto(int rows, int cols, int lead, Elements target) {
    FloatPointer transposed = ((SingleElements) target).pointer();
    cblas_somatcopy(CblasRowMajor, CblasTrans, rows, cols, 1, pointer(), lead, transposed, rows);
  }
}
