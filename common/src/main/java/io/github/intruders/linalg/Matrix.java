package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_full.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_full.CblasTrans;
import static org.bytedeco.openblas.global.openblas_full.CblasUpper;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dlacpy_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_dlag2s_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_slacpy_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACKE_slag2d_work;
import static org.bytedeco.openblas.global.openblas_full.LAPACK_COL_MAJOR;
import static org.bytedeco.openblas.global.openblas_full.cblas_dasum;
import static org.bytedeco.openblas.global.openblas_full.cblas_dgeadd;
import static org.bytedeco.openblas.global.openblas_full.cblas_dgemm;
import static org.bytedeco.openblas.global.openblas_full.cblas_dgemv;
import static org.bytedeco.openblas.global.openblas_full.cblas_domatcopy;
import static org.bytedeco.openblas.global.openblas_full.cblas_dsyrk;
import static org.bytedeco.openblas.global.openblas_full.cblas_sgeadd;
import static org.bytedeco.openblas.global.openblas_full.cblas_sgemm;
import static org.bytedeco.openblas.global.openblas_full.cblas_somatcopy;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.indexer.DoubleRawIndexer;
import org.bytedeco.javacpp.indexer.FloatRawIndexer;
import org.bytedeco.javacpp.indexer.Indexer;

/**
 * A dense matrix in native memory, row-major. Element (i, j) lies at {@code i * stride + j}; a view
 * shares the memory of the matrix it was taken from. Freed by the {@link Arena} it was made in. Not
 * thread-safe for writes.
 */
public final class Matrix {
  private static final byte ALL = 'A';

  private final int rows;
  private final int cols;
  private final long stride;
  private final Precision precision;
  private final Pointer data;
  private final Indexer indexer;
  private final boolean view;

  private Matrix(int rows, int cols, long stride, Precision precision, Pointer data, boolean view) {
    this.view = view;
    this.rows = rows;
    this.cols = cols;
    this.stride = stride;
    this.precision = precision;
    this.data = data;
    this.indexer =
        precision == Precision.SINGLE
            ? FloatRawIndexer.create((FloatPointer) data)
            : DoubleRawIndexer.create((DoublePointer) data);
  }

  /** A matrix whose elements are not set. Zero rows or columns are legal. */
  public static Matrix allocate(int rows, int cols, Precision precision) {
    if (rows < 0 || cols < 0) {
      throw new IllegalArgumentException(
          "Cannot make a matrix of negative shape %dx%d".formatted(rows, cols));
    }
    OpenBlas.load();
    long elements = Math.max(1, (long) rows * cols);
    Pointer data =
        precision == Precision.SINGLE ? new FloatPointer(elements) : new DoublePointer(elements);
    return new Matrix(rows, cols, Math.max(1, cols), precision, data, false);
  }

  /** A matrix of zeros. */
  public static Matrix zeros(int rows, int cols, Precision precision) {
    Matrix zeros = allocate(rows, cols, precision);
    Pointer.memset(zeros.data, 0, (long) rows * cols * precision.bytes());
    return zeros;
  }

  /** The identity of this order. */
  public static Matrix identity(int order, Precision precision) {
    Matrix identity = zeros(order, order, precision);
    for (int i = 0; i < order; i++) {
      identity.set(i, i, 1);
    }
    return identity;
  }

  /** A double matrix with these rows, all of one length; the values are copied. */
  public static Matrix of(double[][] values) {
    Matrix matrix =
        allocate(values.length, values.length == 0 ? 0 : values[0].length, Precision.DOUBLE);
    for (int i = 0; i < values.length; i++) {
      if (values[i].length != matrix.cols) {
        throw new IllegalArgumentException(
            "Row %d has %d values, row 0 has %d".formatted(i, values[i].length, matrix.cols));
      }
      matrix.setRow(i, values[i]);
    }
    return matrix;
  }

  public int rows() {
    return rows;
  }

  public int cols() {
    return cols;
  }

  /** min(rows, cols): the number of singular values. */
  public int minDimension() {
    return Math.min(rows, cols);
  }

  public Precision precision() {
    return precision;
  }

  /** Elements from one row's start to the next one's. */
  long stride() {
    return stride;
  }

  /** The same as BLAS wants it. */
  private int lead() {
    return Math.toIntExact(stride);
  }

  /** Whether the memory is another matrix's. */
  boolean isView() {
    return view;
  }

  /** The first element's address. */
  Pointer pointer() {
    return data;
  }

  FloatPointer floats() {
    return (FloatPointer) data;
  }

  DoublePointer doubles() {
    return (DoublePointer) data;
  }

  public double get(int row, int col) {
    long index = row * stride + col;
    return precision == Precision.SINGLE
        ? ((FloatRawIndexer) indexer).getRaw(checked(row, col, index))
        : ((DoubleRawIndexer) indexer).getRaw(checked(row, col, index));
  }

  /** Sets one element, rounded to this matrix's precision. */
  public void set(int row, int col, double value) {
    long index = checked(row, col, row * stride + col);
    if (precision == Precision.SINGLE) {
      ((FloatRawIndexer) indexer).putRaw(index, (float) value);
    } else {
      ((DoubleRawIndexer) indexer).putRaw(index, value);
    }
  }

  private long checked(int row, int col, long index) {
    if (row < 0 || row >= rows || col < 0 || col >= cols) {
      throw new IndexOutOfBoundsException(
          "(%d, %d) lies outside a %dx%d matrix".formatted(row, col, rows, cols));
    }
    return index;
  }

  /** A copy of one row. */
  public double[] row(int row) {
    if (cols == 0) {
      return new double[0];
    }
    long start = checked(row, 0, row * stride);
    if (precision == Precision.SINGLE) {
      return line(start, 1, cols);
    }
    double[] values = new double[cols];
    doubles().getPointer(start).get(values, 0, cols);
    return values;
  }

  /** A copy of one column. */
  public double[] column(int col) {
    return rows == 0 ? new double[0] : line(checked(0, col, col), stride, rows);
  }

  /** A copy of elements at equal distances. */
  private double[] line(long start, long distance, int count) {
    double[] values = new double[count];
    if (precision == Precision.SINGLE) {
      FloatRawIndexer elements = (FloatRawIndexer) indexer;
      for (int i = 0; i < count; i++) {
        values[i] = elements.getRaw(start + i * distance);
      }
    } else {
      DoubleRawIndexer elements = (DoubleRawIndexer) indexer;
      for (int i = 0; i < count; i++) {
        values[i] = elements.getRaw(start + i * distance);
      }
    }
    return values;
  }

  /** Overwrites one row; the values are copied. */
  public void setRow(int row, double[] values) {
    if (values.length != cols) {
      throw new IllegalArgumentException(
          "Expected %d values for a row, found %d".formatted(cols, values.length));
    }
    if (cols == 0) {
      return;
    }
    long start = checked(row, 0, row * stride);
    if (precision == Precision.DOUBLE) {
      doubles().getPointer(start).put(values, 0, cols);
    } else {
      for (int j = 0; j < cols; j++) {
        set(row, j, values[j]);
      }
    }
  }

  /**
   * Overwrites {@code count} elements that follow each other in reading order, the way a file holds
   * them.
   *
   * @param start position of the first in reading order: row * cols + col
   * @throws IllegalStateException if this is a view with gaps or not in single precision
   */
  public void setFloats(long start, float[] values, int count) {
    requireRange(Precision.SINGLE, start, count);
    floats().getPointer(start).put(values, 0, count);
  }

  /** As {@link #setFloats}, in double precision. */
  public void setDoubles(long start, double[] values, int count) {
    requireRange(Precision.DOUBLE, start, count);
    doubles().getPointer(start).put(values, 0, count);
  }

  /** Copies {@code count} elements that follow each other in reading order; see setFloats. */
  public void copyFloats(long start, float[] into, int count) {
    requireRange(Precision.SINGLE, start, count);
    floats().getPointer(start).get(into, 0, count);
  }

  /** As {@link #copyFloats}, in double precision. */
  public void copyDoubles(long start, double[] into, int count) {
    requireRange(Precision.DOUBLE, start, count);
    doubles().getPointer(start).get(into, 0, count);
  }

  private void requireRange(Precision expected, long start, int count) {
    requireContiguous(expected);
    if (start < 0 || count < 0 || start + count > (long) rows * cols) {
      throw new IndexOutOfBoundsException(
          "%d elements from %d lie outside a %dx%d matrix".formatted(count, start, rows, cols));
    }
  }

  /** Requires that the elements follow each other without gaps, in this precision. */
  void requireContiguous(Precision expected) {
    if (stride != Math.max(1, cols) || precision != expected) {
      throw new IllegalStateException(
          "Expected a contiguous %s matrix, found %s with stride %d"
              .formatted(expected, this, stride));
    }
  }

  /** The rows from {@code from} to before {@code to}, sharing this matrix's memory. */
  public Matrix rowRange(int from, int to) {
    return view(from, to, 0, cols);
  }

  /** The columns from {@code from} to before {@code to}, sharing this matrix's memory. */
  public Matrix columnRange(int from, int to) {
    return view(0, rows, from, to);
  }

  private Matrix view(int fromRow, int toRow, int fromCol, int toCol) {
    if (fromRow < 0 || toRow < fromRow || toRow > rows) {
      throw new IndexOutOfBoundsException(
          "Rows %d to %d lie outside a %dx%d matrix".formatted(fromRow, toRow, rows, cols));
    }
    if (fromCol < 0 || toCol < fromCol || toCol > cols) {
      throw new IndexOutOfBoundsException(
          "Columns %d to %d lie outside a %dx%d matrix".formatted(fromCol, toCol, rows, cols));
    }
    Pointer start = data.getPointer(data.getClass(), fromRow * stride + fromCol);
    return new Matrix(toRow - fromRow, toCol - fromCol, stride, precision, start, true);
  }

  /** A contiguous copy in the given precision. */
  public Matrix to(Precision target) {
    return allocate(rows, cols, target).assign(this);
  }

  /** This matrix where it has that precision, else a contiguous copy that does. */
  public Matrix in(Precision target) {
    return precision == target ? this : to(target);
  }

  /** A contiguous copy. */
  public Matrix copy() {
    return to(precision);
  }

  /** A contiguous transposed copy. */
  public Matrix transposed() {
    Matrix transposed = allocate(cols, rows, precision);
    if (rows == 0 || cols == 0) {
      return transposed;
    }
    if (precision == Precision.SINGLE) {
      cblas_somatcopy(
          CblasRowMajor, CblasTrans, rows, cols, 1, floats(), lead(), transposed.floats(), rows);
    } else {
      cblas_domatcopy(
          CblasRowMajor, CblasTrans, rows, cols, 1, doubles(), lead(), transposed.doubles(), rows);
    }
    return transposed;
  }

  /**
   * Overwrites this matrix with another of its shape, converting the precision.
   *
   * @throws ArithmeticException if a value is too large for single precision
   */
  public Matrix assign(Matrix other) {
    requireSameShape(other);
    if (rows == 0 || cols == 0) {
      return this;
    }
    int info;
    // LAPACK sees both transposed, which for a copy is all the same.
    if (precision == other.precision) {
      info =
          precision == Precision.SINGLE
              ? LAPACKE_slacpy_work(
                  LAPACK_COL_MAJOR, ALL, cols, rows, other.floats(), other.lead(), floats(), lead())
              : LAPACKE_dlacpy_work(
                  LAPACK_COL_MAJOR,
                  ALL,
                  cols,
                  rows,
                  other.doubles(),
                  other.lead(),
                  doubles(),
                  lead());
    } else if (precision == Precision.DOUBLE) {
      info =
          LAPACKE_slag2d_work(
              LAPACK_COL_MAJOR, cols, rows, other.floats(), other.lead(), doubles(), lead());
    } else {
      info =
          LAPACKE_dlag2s_work(
              LAPACK_COL_MAJOR, cols, rows, other.doubles(), other.lead(), floats(), lead());
    }
    if (info != 0) {
      throw new ArithmeticException(
          "Cannot round %s to single precision: a value is too large".formatted(other));
    }
    return this;
  }

  /** Adds {@code factor * other}, of this matrix's precision, in place. */
  public Matrix plusInPlace(double factor, Matrix other) {
    requireSameShape(other);
    requireSamePrecision(other);
    if (rows == 0 || cols == 0) {
      return this;
    }
    if (precision == Precision.SINGLE) {
      cblas_sgeadd(
          CblasRowMajor,
          rows,
          cols,
          (float) factor,
          other.floats(),
          other.lead(),
          1,
          floats(),
          lead());
    } else {
      cblas_dgeadd(
          CblasRowMajor, rows, cols, factor, other.doubles(), other.lead(), 1, doubles(), lead());
    }
    return this;
  }

  /** Multiplies every element in place. */
  public Matrix scaleInPlace(double factor) {
    return scaleInPlace((row, col) -> factor);
  }

  /** Multiplies row i by {@code factors[i]} in place. */
  public Matrix scaleRowsInPlace(double[] factors) {
    return scaleInPlace((row, col) -> factors[row]);
  }

  /** Multiplies column j by {@code factors[j]} in place. */
  public Matrix scaleColumnsInPlace(double[] factors) {
    return scaleInPlace((row, col) -> factors[col]);
  }

  /** The factor of an element. */
  private interface Scale {
    double at(int row, int col);
  }

  private Matrix scaleInPlace(Scale scale) {
    if (precision == Precision.SINGLE) {
      FloatRawIndexer elements = (FloatRawIndexer) indexer;
      for (int i = 0; i < rows; i++) {
        long start = i * stride;
        for (int j = 0; j < cols; j++) {
          elements.putRaw(start + j, (float) (elements.getRaw(start + j) * scale.at(i, j)));
        }
      }
    } else {
      DoubleRawIndexer elements = (DoubleRawIndexer) indexer;
      for (int i = 0; i < rows; i++) {
        long start = i * stride;
        for (int j = 0; j < cols; j++) {
          elements.putRaw(start + j, elements.getRaw(start + j) * scale.at(i, j));
        }
      }
    }
    return this;
  }

  /** The product this · other: (m, k) · (k, n) is (m, n). */
  public Matrix times(Matrix other) {
    return multiply(this, false, other, false);
  }

  /** The product thisᵀ · other: (k, m)ᵀ · (k, n) is (m, n). */
  public Matrix transposedTimes(Matrix other) {
    return multiply(this, true, other, false);
  }

  /** The product this · otherᵀ: (m, k) · (n, k)ᵀ is (m, n). */
  public Matrix timesTransposed(Matrix other) {
    return multiply(this, false, other, true);
  }

  private static Matrix multiply(Matrix a, boolean transposeA, Matrix b, boolean transposeB) {
    Matrix product =
        allocate(transposeA ? a.cols : a.rows, transposeB ? b.rows : b.cols, a.precision);
    product.assignProduct(0, 1, a, transposeA, b, transposeB);
    return product;
  }

  /** In place: this = this + factor · a · b. */
  public Matrix plusProductInPlace(double factor, Matrix a, Matrix b) {
    return assignProduct(1, factor, a, false, b, false);
  }

  /** In place: this = this + factor · aᵀ · b. */
  public Matrix plusTransposedProductInPlace(double factor, Matrix a, Matrix b) {
    return assignProduct(1, factor, a, true, b, false);
  }

  /** In place: this = this + factor · a · bᵀ. */
  public Matrix plusTimesTransposedInPlace(double factor, Matrix a, Matrix b) {
    return assignProduct(1, factor, a, false, b, true);
  }

  /**
   * In place: this = this + aᵀ · a. Only the upper triangle is written.
   *
   * @param a (k, n) for a square matrix of order n, both in double precision
   */
  public Matrix plusGramInPlace(Matrix a) {
    if (rows != a.cols || cols != a.cols) {
      throw new IllegalArgumentException("Cannot add %sᵀ %s to %s".formatted(a, a, this));
    }
    cblas_dsyrk(
        CblasRowMajor,
        CblasUpper,
        CblasTrans,
        a.cols,
        a.rows,
        1,
        a.doubles(),
        a.lead(),
        1,
        doubles(),
        lead());
    return this;
  }

  /** In place: this = a · b, without making a new matrix. */
  public Matrix assignProduct(Matrix a, Matrix b) {
    return assignProduct(0, 1, a, false, b, false);
  }

  /** In place: this = a · bᵀ, without making a new matrix. */
  public Matrix assignTimesTransposed(Matrix a, Matrix b) {
    return assignProduct(0, 1, a, false, b, true);
  }

  private Matrix assignProduct(
      double beta, double alpha, Matrix a, boolean transposeA, Matrix b, boolean transposeB) {
    int inner = transposeA ? a.rows : a.cols;
    int outerRows = transposeA ? a.cols : a.rows;
    int outerCols = transposeB ? b.rows : b.cols;
    if (inner != (transposeB ? b.cols : b.rows) || rows != outerRows || cols != outerCols) {
      throw new IllegalArgumentException(
          "Cannot multiply %s%s by %s%s into %s"
              .formatted(a, transposeA ? "ᵀ" : "", b, transposeB ? "ᵀ" : "", this));
    }
    if (a.precision != precision || b.precision != precision) {
      throw new IllegalArgumentException(
          "Cannot multiply %s by %s into %s: precisions differ".formatted(a, b, this));
    }
    if (rows == 0 || cols == 0) {
      return this;
    }
    int flagA = transposeA ? CblasTrans : CblasNoTrans;
    int flagB = transposeB ? CblasTrans : CblasNoTrans;
    int lda = a.lead();
    int ldb = b.lead();
    int ldc = lead();
    if (cols == 1 && inner > 0 && !transposeB && precision == Precision.DOUBLE) {
      cblas_dgemv(
          CblasRowMajor,
          flagA,
          a.rows,
          a.cols,
          alpha,
          a.doubles(),
          lda,
          b.doubles(),
          ldb,
          beta,
          doubles(),
          ldc);
    } else if (precision == Precision.SINGLE) {
      cblas_sgemm(
          CblasRowMajor,
          flagA,
          flagB,
          rows,
          cols,
          inner,
          (float) alpha,
          a.floats(),
          lda,
          b.floats(),
          ldb,
          (float) beta,
          floats(),
          ldc);
    } else {
      cblas_dgemm(
          CblasRowMajor,
          flagA,
          flagB,
          rows,
          cols,
          inner,
          alpha,
          a.doubles(),
          lda,
          b.doubles(),
          ldb,
          beta,
          doubles(),
          ldc);
    }
    return this;
  }

  /** The square root of the sum of squares, summed in double precision without overflow. */
  public double frobeniusNorm() {
    double largest = maxAbsolute();
    if (largest == 0 || !Double.isFinite(largest)) {
      return largest;
    }
    double sum = 0;
    for (int i = 0; i < rows; i++) {
      double rowSum = 0;
      for (double value : row(i)) {
        rowSum += value / largest * (value / largest);
      }
      sum += rowSum;
    }
    return largest * Math.sqrt(sum);
  }

  /** The largest absolute value, 0 for an empty matrix; NaN if any element is NaN. */
  public double maxAbsolute() {
    double largest = 0;
    for (int i = 0; i < rows; i++) {
      for (double value : row(i)) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    return largest;
  }

  /** The sum of the absolute values of a double matrix: a cheap measure of its size. */
  public double absoluteSum() {
    double sum = 0;
    for (int i = 0; i < rows; i++) {
      sum += cblas_dasum(cols, doubles().getPointer(i * stride), 1);
    }
    return sum;
  }

  private void requireSameShape(Matrix other) {
    if (other.rows != rows || other.cols != cols) {
      throw new IllegalArgumentException("Shapes differ: %s and %s".formatted(this, other));
    }
  }

  private void requireSamePrecision(Matrix other) {
    if (other.precision != precision) {
      throw new IllegalArgumentException("Precisions differ: %s and %s".formatted(this, other));
    }
  }

  @Override
  public String toString() {
    return "%dx%d %s".formatted(rows, cols, precision.name().toLowerCase(java.util.Locale.ROOT));
  }
}
