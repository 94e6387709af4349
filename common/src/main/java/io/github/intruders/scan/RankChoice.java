package io.github.intruders.scan;

/** How the effective rank of a full fine-tune's update is found. */
public enum RankChoice {
  /** By an estimate with its bounds where that is cheaper, else from all singular values. */
  AUTO,
  /** From all singular values. */
  EXACT
}
