package io.github.intruders.mitigation;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * How models are edited.
 *
 * @param lambdas factors of the intruders, each a variant of its own; sorted, each once
 * @param selection which intruders are scaled
 * @param keepRank whether edited adapters keep their rank, at the price of an error that is
 *     reported, instead of growing by one per scaled triplet
 * @param rounds how often scaling is repeated on the result, at most; it ends when no intruder is
 *     left
 * @param controls whether the controls are made, too
 */
public record MitigationSettings(
    List<Double> lambdas, Selection selection, boolean keepRank, int rounds, boolean controls)
    implements Serializable {
  public MitigationSettings {
    lambdas = List.copyOf(new TreeSet<>(lambdas.stream().map(lambda -> lambda + 0.0).toList()));
    if (lambdas.isEmpty()) {
      throw UserInputException.of(RejectCode.SETTING_INVALID, "Expected at least one lambda");
    }
    for (double lambda : lambdas) {
      if (!(lambda >= 0 && lambda < Double.POSITIVE_INFINITY)) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "Cannot use lambda %s: expected a number from 0 on; 0 removes intruders, 1 changes"
                    .formatted(lambda)
                + " nothing");
      }
    }
    if (rounds < 1) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use rounds %d: expected a whole number from 1 on".formatted(rounds));
    }
  }

  /** Every variant that is made of each checkpoint, by lambda, the mitigation first. */
  public List<Variant> variants() {
    List<Variant> variants = new ArrayList<>();
    for (double lambda : lambdas) {
      variants.add(mitigation(lambda));
      if (controls) {
        variants.add(new Variant(Variant.Kind.NEIGHBOUR, lambda));
        variants.add(new Variant(Variant.Kind.SHRINK, lambda));
        variants.add(new Variant(Variant.Kind.RANDOM, lambda));
      }
    }
    return variants;
  }

  /** The variant that scales the intruders themselves. */
  Variant mitigation(double lambda) {
    return new Variant(selection == Selection.TOP ? Variant.Kind.TOP : Variant.Kind.ALL, lambda);
  }
}
