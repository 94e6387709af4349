package io.github.intruders.linalg;

/**
 * A thin singular value decomposition A = U · diag(s) · Vᵀ with p = min(m, n).
 *
 * @param u (m, p): the left singular vectors are its columns
 * @param s p singular values, descending, in double precision whatever A's
 * @param vt (p, n): the right singular vectors are its rows
 */
public record Svd(Matrix u, double[] s, Matrix vt) {
  public Svd {
    if (u.cols() != s.length || vt.rows() != s.length) {
      throw new IllegalArgumentException(
          "Cannot pair U %s, %d singular values and Vᵀ %s".formatted(u, s.length, vt));
    }
    for (int i = 1; i < s.length; i++) {
      if (!(s[i - 1] >= s[i])) {
        throw new IllegalArgumentException(
            "Singular values must descend: s[%d] = %s, s[%d] = %s"
                .formatted(i - 1, s[i - 1], i, s[i]));
      }
    }
  }
}
