package io.github.intruders.krylov;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.linalg.Precision;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Verdicts without a decomposition beside those by dense decompositions. */
class KrylovVerdictsTest {
  @Test
  void scratch() {
    int p = Integer.getInteger("p", 192);
    for (Precision precision : Precision.values()) {
      for (Map.Entry<String, IntToDoubleFunction> family :
          SyntheticSpectra.families(p).entrySet()) {
        SyntheticSpectra.Count count = new SyntheticSpectra.Count();
        SyntheticSpectra spectra = new SyntheticSpectra(3, precision);
        for (double strength : new double[] {0.1, 0.7, 1.5}) {
          spectra.check(p, p, family.getValue(), strength, false, count);
          spectra.check(p * 3 / 2, p, family.getValue(), strength, false, count);
          spectra.check(p, p * 3 / 2, family.getValue(), strength, true, count);
        }
        System.out.println(precision + " " + family.getKey() + ": " + count + " tight " + count.tightest);
        assertThat(count.wrong).isZero();
      }
    }
  }
}
