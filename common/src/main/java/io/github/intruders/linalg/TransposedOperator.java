package io.github.intruders.linalg;

/** The transpose of a matrix that is known by its products. */
record TransposedOperator(LinearOperator of) implements LinearOperator {
  @Override
  public int rows() {
    return of.cols();
  }

  @Override
  public int cols() {
    return of.rows();
  }

  @Override
  public Precision precision() {
    return of.precision();
  }

  @Override
  public Matrix forth(Matrix x) {
    return of.back(x);
  }

  @Override
  public Matrix back(Matrix x) {
    return of.forth(x);
  }

  @Override
  public LinearOperator t() {
    return of;
  }
}
