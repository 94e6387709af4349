package io.github.intruders.mitigation;

/** Which intruders of a matrix are scaled. */
public enum Selection {
  /** The one with the largest singular value, as in the paper. */
  TOP,
  /** Every intruder among the tested vectors, as PEFT's {@code reduce_intruder_dimension} does. */
  ALL
}
