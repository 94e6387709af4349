package io.github.intruders.scan;

import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.krylov.LinearMap;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.spectra.CertifiedTriplets;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.IOException;
import java.util.function.DoubleSupplier;

/**
 * A base matrix and what is tuned from it, as the route by bounds sees them: by products, wherever
 * the elements lie.
 */
public interface MatrixMaps {
  /** W0. */
  LinearMap base();

  /** W0's leading triplets, in the arena that is open, if they are known already; else null. */
  CertifiedTriplets leading() throws IOException;

  /**
   * Takes what a search has found of W0 and more than was known.
   *
   * @param found the caller's
   */
  void learn(CertifiedTriplets found) throws IOException;

  /**
   * A tuned matrix; it need not stay after the next one is asked for.
   *
   * @param figures takes what is known of the update, once
   * @throws io.github.intruders.input.UserInputException if it can't be used
   * @throws ArithmeticException if single precision does not hold it
   */
  LinearMap tuned(MatrixPlan plan, Figures figures) throws IOException;

  /** Takes the figures of an update. */
  @FunctionalInterface
  interface Figures {
    /**
     * Takes those of one update.
     *
     * @param update its size
     * @param unchanged how many entries stayed the same; asked for only where it tells something
     * @param fidelity how it relates to what it is said to be merged from, or null if nothing is
     *     said
     */
    void take(UpdateStatistics update, DoubleSupplier unchanged, Fidelity fidelity);
  }
}
