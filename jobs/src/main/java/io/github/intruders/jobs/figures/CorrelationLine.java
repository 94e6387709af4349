package io.github.intruders.jobs.figures;

import java.io.Serializable;

/**
 * A rank correlation of a metric's forgetting with a measure, with one of its p-values.
 *
 * @param metric that tells of forgetting
 * @param measure one of {@link CheckpointResult#MEASURES}
 * @param grouping which checkpoints: {@code all}, {@code sequence=…}, {@code method=…}, {@code
 *     last-step}, {@code TAG=…} and, of the means of the groups by a tag, {@code between=TAG}
 * @param method {@code spearman} or {@code kendall}
 * @param n how many checkpoints, or groups of them
 * @param rho the coefficient; null where it is not defined, and {@code reason} says why
 * @param pValue null where there is no rho
 * @param pValueMethod how it was computed
 * @param ciLow of the 95 % bootstrap interval, or null
 * @param ciHigh of the same
 * @param ciResamples how many resamples had a correlation
 * @param incomplete how many of them had matrices left out
 */
public record CorrelationLine(
    String baseId,
    String metric,
    String measure,
    String grouping,
    String method,
    int n,
    Double rho,
    Double pValue,
    String pValueMethod,
    Double ciLow,
    Double ciHigh,
    Integer ciResamples,
    int incomplete,
    String reason)
    implements Serializable {

  /** Whether it is told beside the tables: Spearman's over all checkpoints, by the t method. */
  public boolean isTold() {
    return grouping.equals("all")
        && method.equals("spearman")
        && ("t".equals(pValueMethod) || reason != null);
  }
}
