package io.github.intruders.linalg;

import static org.bytedeco.openblas.global.openblas_full.cblas_dasum;
import static org.bytedeco.openblas.global.openblas_full.cblas_dsdot;

import java.util.Locale;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A dense matrix in native memory, row-major. Element (i, j) lies at {@code i * stride + j}; a view
 * shares the memory of the matrix it was taken from. Freed by the {@link Arena} it was made in; a
 * use after that is an IllegalStateException. Not thread-safe for writes.
 */
public final class Matrix implements Factor {
  private final int rows;
  private final int cols;
  private final long stride;
  private final Precision precision;
  private final Elements elements;
  private final boolean view;

  private Matrix(
      int rows, int cols, long stride, Precision precision, Elements elements, boolean view) {
    this.rows = rows;
    this.cols = cols;
    this.stride = stride;
    this.precision = precision;
    this.elements = elements;
    this.view = view;
  }

  /** A matrix whose elements are not set. Zero rows or columns are legal. */
  public static Matrix allocate(int rows, int cols, Precision precision) {
    if (rows < 0 || cols < 0) {
      throw new IllegalArgumentException(
          "Cannot make a matrix of negative shape %dx%d".formatted(rows, cols));
    }
    OpenBlas.load();
    Elements elements = Elements.allocate(Math.max(1, (long) rows * cols), precision);
    return new Matrix(rows, cols, Math.max(1, cols), precision, elements, false);
  }

  /** A matrix of zeros. */
  public static Matrix zeros(int rows, int cols, Precision precision) {
    Matrix zeros = allocate(rows, cols, precision);
    Pointer.memset(zeros.pointer(), 0, (long) rows * cols * precision.bytes());
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

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int cols() {
    return cols;
  }

  /** min(rows, cols): the number of singular values. */
  public int minDimension() {
    return Math.min(rows, cols);
  }

  @Override
  public Precision precision() {
    return precision;
  }

  /** Elements from one row's start to the next one's. */
  long stride() {
    return stride;
  }

  /** The same as BLAS wants it. */
  int lead() {
    return Math.toIntExact(stride);
  }

  /** Whether the memory is another matrix's. */
  boolean isView() {
    return view;
  }

  /** What was allocated, be it freed or not. */
  Pointer pointer() {
    return elements.owner();
  }

  /** The first element, in single precision. */
  FloatPointer floats() {
    return ((SingleElements) elements).pointer();
  }

  /** The first element, in double precision. */
  DoublePointer doubles() {
    return ((DoubleElements) elements).pointer();
  }

  /**
   * Frees the memory at once, whoever holds it. Afterwards neither this matrix nor a view of it can
   * be used.
   *
   * @throws IllegalStateException for a view, whose memory is another matrix's
   */
  public void free() {
    if (view) {
      throw new IllegalStateException("Cannot free a view, %s".formatted(this));
    }
    elements.owner().deallocate();
  }

  public double get(int row, int col) {
    return elements.get(checked(row, col, row * stride + col));
  }

  /** Sets one element, rounded to this matrix's precision. */
  public void set(int row, int col, double value) {
    elements.put(checked(row, col, row * stride + col), value);
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
    double[] values = new double[cols];
    if (cols > 0) {
      elements.read(checked(row, 0, row * stride), 1, values);
    }
    return values;
  }

  /** A copy of one column. */
  public double[] column(int col) {
    double[] values = new double[rows];
    if (rows > 0) {
      elements.read(checked(0, col, col), stride, values);
    }
    return values;
  }

  /** Overwrites one row; the values are copied. */
  public void setRow(int row, double[] values) {
    if (values.length != cols) {
      throw new IllegalArgumentException(
          "Expected %d values for a row, found %d".formatted(cols, values.length));
    }
    if (cols > 0) {
      elements.write(checked(row, 0, row * stride), values);
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
    Elements start = elements.from(fromRow * stride + fromCol);
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
    if (rows > 0 && cols > 0) {
      elements.transposeInto(rows, cols, lead(), transposed.elements);
    }
    return transposed;
  }

  @Override
  public Factor t() {
    return new Transposed(this);
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
    if (elements.assign(rows, cols, lead(), other.elements, other.lead()) != 0) {
      throw new ArithmeticException(
          "Cannot round %s to single precision: a value is too large".formatted(other));
    }
    return this;
  }

  /** Adds {@code factor * other}, of this matrix's precision, in place. */
  public Matrix plusInPlace(double factor, Matrix other) {
    requireSameShape(other);
    requireSamePrecision(other);
    if (rows > 0 && cols > 0) {
      elements.add(rows, cols, lead(), factor, other.elements, other.lead());
    }
    return this;
  }

  /** Multiplies every element in place. */
  public Matrix scaleInPlace(double factor) {
    for (int i = 0; i < rows; i++) {
      elements.scale(i * stride, cols, factor);
    }
    return this;
  }

  /** Multiplies row i by {@code factors[i]} in place. */
  public Matrix scaleRowsInPlace(double[] factors) {
    requireFactors(rows, factors);
    for (int i = 0; i < rows; i++) {
      elements.scale(i * stride, cols, factors[i]);
    }
    return this;
  }

  /** Multiplies column j by {@code factors[j]} in place. */
  public Matrix scaleColumnsInPlace(double[] factors) {
    requireFactors(cols, factors);
    for (int i = 0; i < rows; i++) {
      elements.scale(i * stride, factors);
    }
    return this;
  }

  private void requireFactors(int expected, double[] factors) {
    if (factors.length != expected) {
      throw new IllegalArgumentException(
          "Expected %d factors for %s, found %d".formatted(expected, this, factors.length));
    }
  }

  /** In place: this = a · b. */
  public Matrix assignProduct(Factor a, Factor b) {
    Product.into(this, 0, 1, a, b);
    return this;
  }

  /** In place: this = this + factor · a · b. */
  public Matrix plusProductInPlace(double factor, Factor a, Factor b) {
    Product.into(this, 1, factor, a, b);
    return this;
  }

  /**
   * In place: this = this + aᵀ · a. Only the upper triangle is written.
   *
   * @param a (k, n) for a square matrix of order n, both in double precision
   */
  public Matrix plusGramInPlace(Matrix a) {
    Product.gramInto(this, a);
    return this;
  }

  /** The Euclidean norm, without overflow. */
  public static double norm(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    if (largest == 0 || !Double.isFinite(largest)) {
      return largest;
    }
    double sum = 0;
    for (double value : values) {
      sum += value / largest * (value / largest);
    }
    return largest * Math.sqrt(sum);
  }

  /** The Euclidean norm of each column. */
  public double[] columnNorms() {
    double[] norms = new double[cols];
    for (int j = 0; j < cols; j++) {
      norms[j] = norm(column(j));
    }
    return norms;
  }

  /** The square root of the sum of squares, summed in double precision without overflow. */
  public double frobeniusNorm() {
    if (precision == Precision.SINGLE) {
      double squares = 0;
      for (int i = 0; i < rows; i++) {
        squares += cblas_dsdot(cols, rowStart(i), 1, rowStart(i), 1);
      }
      return Math.sqrt(squares);
    }
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

  private FloatPointer rowStart(int row) {
    return floats().getPointer(row * stride);
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
    return "%dx%d %s".formatted(rows, cols, precision.name().toLowerCase(Locale.ROOT));
  }
}
