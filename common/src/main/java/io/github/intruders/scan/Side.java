package io.github.intruders.scan;

/** Which singular vectors are compared. */
public enum Side {
  /** Columns of U: the output space, as in Algorithm 1 of the paper and its released code. */
  LEFT,
  /** Rows of Vᵀ: the input space. */
  RIGHT
}
