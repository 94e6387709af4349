package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A rank correlation with what it is worth. Where it is not defined, {@code rho} and {@code
 * interval} are null, {@code pValues} is empty and {@code reason} says why.
 *
 * @param method which coefficient
 * @param n number of pairs
 * @param rho the coefficient, from -1 to 1, or null
 * @param pValues of rho, at least one if it is defined
 * @param interval 95 % bootstrap interval of rho, or null
 * @param reason why there is no rho, or null
 */
public record Correlation(
    RankCorrelation method,
    int n,
    Double rho,
    List<PValue> pValues,
    Bootstrap.Interval interval,
    String reason)
    implements Serializable {
  public Correlation {
    Objects.requireNonNull(method, "method");
    pValues = List.copyOf(pValues);
    if ((rho == null) == (reason == null)) {
      throw new IllegalArgumentException("A correlation has either a rho or a reason");
    }
  }

  static Correlation undefined(RankCorrelation method, int n, String reason) {
    return new Correlation(method, n, null, List.of(), null, reason);
  }

  /** The p-value of one method, if it was computed. */
  public Optional<PValue> pValue(String name) {
    return pValues.stream().filter(p -> p.method().equals(name)).findFirst();
  }
}
