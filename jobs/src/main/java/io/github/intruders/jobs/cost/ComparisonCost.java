package io.github.intruders.jobs.cost;

/**
 * What a comparison of all pairs would take.
 *
 * @param checkpoints that are compared
 * @param pairs of them
 * @param matrices of the base that any of them changes
 * @param updates matrices, summed over the checkpoints
 * @param groups in which the checkpoints are held; where there is one, nothing travels
 * @param readBytes of tensors
 * @param taskBytes of native memory that one task holds at most
 * @param travelBytes that go from the tasks that read to those that compare
 * @param flops additions and multiplications
 * @param parts pairs, summed over the matrices: rows of the larger table, at most
 */
public record ComparisonCost(
    int checkpoints,
    long pairs,
    int matrices,
    long updates,
    int groups,
    long readBytes,
    long taskBytes,
    long travelBytes,
    double flops,
    double parts) {
  /** What a core adds and multiplies in a second, in products of this size. */
  private static final double FLOPS = 8e9;

  /** Seconds that a pair takes in a matrix beside its products: small decompositions, its rows. */
  private static final double PART = 1e-4;

  /** Core-seconds, roughly. */
  public double coreSeconds() {
    return flops / FLOPS + parts * PART;
  }
}
