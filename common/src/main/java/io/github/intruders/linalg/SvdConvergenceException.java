package io.github.intruders.linalg;

/** A decomposition did not converge; names the routine, the shape and LAPACK's info. */
public final class SvdConvergenceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SvdConvergenceException(String routine, Matrix a, int info) {
    super("%s did not converge on a %s matrix: LAPACK info %d".formatted(routine, a, info));
  }
}
