package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.Objects;

/**
 * How likely a correlation at least as strong is without any dependence; always two-sided.
 *
 * @param method {@code t}, {@code asymptotic} or {@code exact}; see {@link RankCorrelation}
 * @param value from 0 to 1
 */
public record PValue(String method, double value) implements Serializable {
  public PValue {
    Objects.requireNonNull(method, "method");
  }
}
