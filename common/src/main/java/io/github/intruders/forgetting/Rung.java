package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What one measure adds to others in explaining forgetting. Where there are too few checkpoints, or
 * the measure adds nothing of its own, the figures are null and {@code note} says why; where they
 * are there but worth little, it says that.
 *
 * @param scale of the measures and, for ranks, of forgetting
 * @param rung its place on the ladder from 0 on; null for a measure by itself or given one other
 * @param measures all that are in the regression, the added one last; {@link Ladder#METHOD} is one
 * @param n how many checkpoints
 * @param clusters how many sequences they are steps of, each checkpoint without one counted too
 * @param predictors how many columns the regression has, beside the constant; 0 where it has none
 * @param r2 of the regression on all measures
 * @param gain how much of that the last one adds
 * @param gainInterval of 95 %, from resamples of whole sequences; null for too few of them
 * @param gainPlain the same from resamples of single checkpoints, as if those were independent
 * @param partial correlation of the last measure with forgetting, given the others; null for a
 *     method, which has no direction
 * @param partialInterval as {@code gainInterval}
 * @param partialPlain as {@code gainPlain}
 * @param pValue of the F test of the last measure, as if checkpoints were independent
 * @param pValueHolm corrected for the tests that are shown together: one ladder of one scale, all
 *     measures by themselves, or all pairs
 * @param note what to know about it, or null
 */
public record Rung(
    Scale scale,
    Integer rung,
    List<String> measures,
    int n,
    int clusters,
    int predictors,
    Double r2,
    Double gain,
    Bootstrap.Interval gainInterval,
    Bootstrap.Interval gainPlain,
    Double partial,
    Bootstrap.Interval partialInterval,
    Bootstrap.Interval partialPlain,
    Double pValue,
    Double pValueHolm,
    String note)
    implements Serializable {
  public Rung {
    Objects.requireNonNull(scale, "scale");
    measures = List.copyOf(measures);
    if (r2 == null && note == null) {
      throw new IllegalArgumentException("A rung has either figures or a note");
    }
  }

  /** The measure that is added. */
  public String added() {
    return measures.get(measures.size() - 1);
  }

  /** What it is added to. */
  public List<String> given() {
    return measures.subList(0, measures.size() - 1);
  }

  Rung withHolm(Double adjusted) {
    return new Rung(
        scale,
        rung,
        measures,
        n,
        clusters,
        predictors,
        r2,
        gain,
        gainInterval,
        gainPlain,
        partial,
        partialInterval,
        partialPlain,
        pValue,
        adjusted,
        note);
  }
}
