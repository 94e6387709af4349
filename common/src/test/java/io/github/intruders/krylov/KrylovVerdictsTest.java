package io.github.intruders.krylov;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.CertifiedTriplets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Verdicts without a decomposition beside those by dense decompositions in double precision. */
class KrylovVerdictsTest {
  private static final int P = 192;
  private static final double[] STRENGTHS = {0.1, 0.7, 1.5};

  /**
   * @param most the largest share of vectors that may stay undecided at 0.5; families of equal
   *     values can't be decided this way
   */
  @ParameterizedTest(name = "{0}, {1}")
  @CsvSource({
    "decaying tail, SINGLE, 0.02",
    "decaying tail, DOUBLE, 0.02",
    "power law i^-0.3, DOUBLE, 0.02",
    "power law i^-0.7, SINGLE, 0.02",
    "power law i^-1.5, DOUBLE, 0.02",
    "outliers, DOUBLE, 0.25",
    "clusters, SINGLE, 1",
    "nearly equal pairs, SINGLE, 1",
    "rank-deficient, DOUBLE, 0.25",
    "orthogonal, SINGLE, 1",
    "flat, SINGLE, 1",
    "geometric, DOUBLE, 0.1",
    "two levels, DOUBLE, 1",
  })
  void noVerdictIsWrongAndNoBoundOnTheWrongSide(String family, Precision precision, double most)
      throws IOException {
    SyntheticSpectra spectra = new SyntheticSpectra(3, precision);
    SyntheticSpectra.Count count = new SyntheticSpectra.Count();
    IntToDoubleFunction spectrum = SyntheticSpectra.families(P).get(family);

    for (double strength : STRENGTHS) {
      spectra.check(P, P, spectrum, strength, strength > 1, count);
    }
    spectra.check(P * 3 / 2, P, spectrum, STRENGTHS[1], false, count);
    spectra.check(P, P * 3 / 2, spectrum, STRENGTHS[1], false, count);

    assertThat(count.wrong).as("wrong verdicts: %s", count).isZero();
    assertThat(count.highTooLow).as("upper bounds below the truth: %s", count).isZero();
    assertThat(count.lowTooHigh).as("lower bounds above the truth: %s", count).isZero();
    assertThat(count.undecided + count.uncertified)
        .as("%s", count)
        .isLessThanOrEqualTo((int) (most * count.vectors));
  }

  /**
   * Adapters side by side: weak and strong ones, so many that fewer directions are searched from,
   * and one of another order of size, whose errors must not count for the others.
   */
  @ParameterizedTest(name = "{0}, {1}x{2}")
  @CsvSource({
    "decaying tail, 192, 192",
    "decaying tail, 288, 192",
    "power law i^-0.3, 192, 288",
    "power law i^-0.7, 288, 192",
    "rank-deficient, 288, 192",
    "clusters, 192, 192",
  })
  void adaptersSideBySideAreJudgedLikeEachByItself(String family, int rows, int cols)
      throws IOException {
    SyntheticSpectra spectra = new SyntheticSpectra(8, Precision.SINGLE);
    SyntheticSpectra.Count count = new SyntheticSpectra.Count();

    spectra.checkTogether(
        rows,
        cols,
        SyntheticSpectra.families(P).get(family),
        List.of(0.1, 0.3, 0.7, 1.5, 3.0, 1e4),
        count);

    assertThat(count.wrong).as("wrong verdicts: %s", count).isZero();
    assertThat(count.highTooLow).as("upper bounds below the truth: %s", count).isZero();
    assertThat(count.lowTooHigh).as("lower bounds above the truth: %s", count).isZero();
    if (!family.equals("clusters") && !family.equals("rank-deficient")) {
      assertThat(count.undecided).as("%s", count).isLessThanOrEqualTo(count.vectors / 10);
      assertThat(count.uncertified)
          .as("beside the last adapter single precision may see nothing of the base: %s", count)
          .isLessThanOrEqualTo(2 * SyntheticSpectra.K);
    }
  }

  /** What single precision can't hold is left out; the others beside it are not. */
  @Test
  void anAdapterThatOverflowsLeavesTheOthersAlone() throws IOException {
    try (Arena arena = Arena.open()) {
      LinearMap.Whole base =
          new LinearMap.Whole(SyntheticSpectra.base(9, P, P, i -> 4.0 / (1 + i)));
      SplittableRandom random = new SplittableRandom(10);
      List<KrylovVerdicts.TunedMatrix> tuned = new ArrayList<>();
      for (double size : new double[] {0.1, 1e25, 0.2, 0.3, 0.4}) {
        Matrix b = Gaussian.matrix(random, P, 3, size, Precision.DOUBLE);
        Matrix a = Gaussian.matrix(random, 3, P, size, Precision.DOUBLE);
        tuned.add(() -> new LinearMap.Updated(base, b, a));
      }

      KrylovVerdicts.Answer answer =
          new KrylovVerdicts(Precision.SINGLE)
              .of(
                  base,
                  tuned,
                  new KrylovVerdicts.Question(SyntheticSpectra.K, true, false, List.of(0.5)));

      assertThat(answer.tuned().get(1)).isNull();
      assertThat(answer.tuned()).filteredOn(Objects::nonNull).hasSize(4);
    }
  }

  /** What an answer tells of the base serves the next one; what is of another base does not. */
  @Test
  void knownTripletsSpareTheSearchAndThoseOfAnotherBaseAreNoticed() throws IOException {
    KrylovVerdicts verdicts = new KrylovVerdicts(Precision.SINGLE);
    KrylovVerdicts.Question question =
        new KrylovVerdicts.Question(SyntheticSpectra.K, true, false, List.of(0.5));
    try (Arena arena = Arena.open()) {
      Matrix w0 = SyntheticSpectra.base(5, P, P, i -> 4.0 / (1 + i));
      Matrix other = SyntheticSpectra.base(6, P, P, i -> 4.0 / (1 + i));
      List<KrylovVerdicts.TunedMatrix> tuned =
          List.of(() -> new LinearMap.Whole(w0.copy().scaleInPlace(1.01)));
      LinearMap base = new LinearMap.Whole(w0);

      KrylovVerdicts.Answer first = verdicts.of(base, tuned, question);
      KrylovVerdicts.Answer second = verdicts.of(base, first.leading(), tuned, question);
      CertifiedTriplets foreign =
          verdicts.of(new LinearMap.Whole(other), List.of(), question).leading();
      KrylovVerdicts.Answer third = verdicts.of(base, foreign, tuned, question);

      assertThat(second.leading()).as("nothing to add").isNull();
      assertThat(first.leading().complete()).isGreaterThanOrEqualTo(SyntheticSpectra.K);
      assertThat(third.leading().values()).containsExactly(first.leading().values(), offset(1e-5));
      for (KrylovVerdicts.Answer answer : List.of(first, second, third)) {
        assertThat(answer.tuned().get(0).left())
            .as("each is the base's own vector")
            .allSatisfy(bounds -> assertThat(bounds.low()).isGreaterThan(0.99));
      }
    }
  }

  /** The same for many: {@code FAMILY VECTORS…} on standard output, 10,000 vectors by default. */
  public static void main(String[] arguments) throws IOException {
    int vectors = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10_000;
    List<Integer> sizes = List.of(192, 224, 256);
    Map<String, SyntheticSpectra.Count> counts = new TreeMap<>();
    SyntheticSpectra[] spectra = {
      new SyntheticSpectra(11, Precision.SINGLE), new SyntheticSpectra(12, Precision.DOUBLE)
    };
    int total = 0;
    for (int round = 0; total < vectors; round++) {
      int p = sizes.get(round % sizes.size());
      int q = round % 2 == 0 ? p : p * 3 / 2;
      boolean tall = round % 4 < 2;
      double strength = STRENGTHS[round / 2 % STRENGTHS.length];
      for (Map.Entry<String, IntToDoubleFunction> family :
          SyntheticSpectra.families(p).entrySet()) {
        SyntheticSpectra.Count count =
            counts.computeIfAbsent(family.getKey(), name -> new SyntheticSpectra.Count());
        spectra[round % 5 == 0 ? 0 : 1].check(
            tall ? q : p, tall ? p : q, family.getValue(), strength, round % 3 == 2, count);
      }
      total = counts.values().stream().mapToInt(count -> count.vectors).sum();
      System.err.println(total);
    }
    counts.forEach((family, count) -> System.out.println(family + ": " + count));
  }
}
