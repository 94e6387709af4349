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
 * @param budgets multiples of the critical strength that updates are scaled down to, each a variant
 *     of its own; sorted, each once; may be empty
 * @param hardThreshold whether a variant drops the singular values of the update that noise could
 *     have
 */
public record MitigationSettings(
    List<Double> lambdas,
    Selection selection,
    boolean keepRank,
    int rounds,
    boolean controls,
    List<Double> budgets,
    boolean hardThreshold)
    implements Serializable {
  /** Scaled intruders alone. */
  public MitigationSettings(
      List<Double> lambdas, Selection selection, boolean keepRank, int rounds, boolean controls) {
    this(lambdas, selection, keepRank, rounds, controls, List.of(), false);
  }

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
    budgets = List.copyOf(new TreeSet<>(budgets));
    for (double budget : budgets) {
      if (!(budget > 0 && budget < Double.POSITIVE_INFINITY)) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "Cannot use spike budget %s: expected a number above 0, how many times the critical"
                    .formatted(budget)
                + " strength is allowed");
      }
    }
    if (rounds < 1) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use rounds %d: expected a whole number from 1 on".formatted(rounds));
    }
  }

  /** Every variant that is made of each checkpoint, each mitigation before its controls. */
  public List<Variant> variants() {
    List<Variant> variants = new ArrayList<>();
    for (double lambda : lambdas) {
      variants.add(mitigation(lambda));
      if (controls) {
        variants.add(new Variant(Variant.Kind.NEIGHBOUR, lambda));
        variants.add(new Variant(Variant.Kind.SHRINK, lambda));
        variants.add(new Variant(Variant.Kind.RANDOM, lambda));
        variants.add(new Variant(Variant.Kind.OUTSIDE, lambda));
      }
    }
    for (double budget : budgets) {
      add(variants, Variant.Kind.BUDGET, new Variant.Budget(budget));
    }
    if (hardThreshold) {
      add(variants, Variant.Kind.THRESHOLD, new Variant.HardThreshold());
    }
    return variants;
  }

  private void add(List<Variant> variants, Variant.Kind kind, Variant.Dose dose) {
    variants.add(new Variant(kind, dose));
    if (controls) {
      if (kind != Variant.Kind.BUDGET) { // which shrinks the whole update itself
        variants.add(new Variant(Variant.Kind.SHRINK, dose));
      }
      variants.add(new Variant(Variant.Kind.RANDOM, dose));
      variants.add(new Variant(Variant.Kind.OUTSIDE, dose));
    }
  }

  /** The variant that scales the intruders themselves. */
  Variant mitigation(double lambda) {
    return new Variant(selection == Selection.TOP ? Variant.Kind.TOP : Variant.Kind.ALL, lambda);
  }
}
