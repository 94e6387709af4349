package io.github.intruders.fidelity;

import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.plan.MergedFrom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How many times the update of one adapter is in a merged matrix.
 *
 * @param coefficient by least squares
 * @param margin by how much it may be off
 */
record Presence(MergedFrom.Link link, double coefficient, double margin) {
  boolean isOnce() {
    return is(1);
  }

  boolean isMissing() {
    return is(0);
  }

  private boolean is(double factor) {
    return Math.abs(coefficient - factor) <= margin * Math.max(1, Math.abs(factor));
  }

  /** The known mistakes that give this coefficient, in words; several may give the same. */
  List<String> mistakes() {
    List<String> mistakes = new ArrayList<>();
    add(mistakes, 2, "it was merged twice");
    add(mistakes, -1, "it was subtracted");
    if (link.update() instanceof LowRankSource lora) {
      double scale = lora.scale();
      double rank = lora.rank();
      String its = String.format(Locale.ROOT, "its scale %.4g", scale);
      add(mistakes, scale, its + " was applied twice");
      add(mistakes, 1 / scale, its + " was not applied (alpha taken as r)");
      add(mistakes, 1 / (scale * rank), "alpha is missing (taken as 1)");
      add(mistakes, rank, "alpha was not divided by r");
      add(mistakes, Math.sqrt(rank), "alpha was divided by √r in place of r");
      add(mistakes, 1 / Math.sqrt(rank), "alpha was divided by r in place of √r");
    }
    return mistakes;
  }

  private void add(List<String> mistakes, double factor, String mistake) {
    if (factor != 1 && is(factor) && margin < Math.abs(factor) / 2) {
      mistakes.add(mistake);
    }
  }

  /** The coefficient, and what explains it. */
  String told() {
    if (isMissing() && !isOnce()) {
      return String.format(
          Locale.ROOT,
          "adapter %d was left out (it is in it %.2g times, ± %.2g)",
          link.position(),
          coefficient,
          margin);
    }
    String found =
        String.format(
            Locale.ROOT,
            "adapter %d is in it %.4g times (± %.2g)",
            link.position(),
            coefficient,
            margin);
    if (isOnce()) {
      return found;
    }
    List<String> mistakes = mistakes();
    return found
        + (mistakes.isEmpty()
            ? ", which no known mistake explains"
            : ": " + String.join(", or ", mistakes));
  }
}
