package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.GramSpectrum;
import io.github.intruders.spectra.UpdateStatistics;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Matrices in blocks of rows against dense decompositions of the whole. */
class GramRouteTest {
  private static final int ROWS = 900;
  private static final int COLS = 80;
  private static final int BLOCK = 128;
  private static final double ANGLE_TOLERANCE = 1e-3;
  private static final ScanSettings BOTH_SIDES =
      new ScanSettings(
          TopK.parse("10"), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), SolverChoice.AUTO);

  private final SplittableRandom random = new SplittableRandom(23);

  @Test
  void aFullFineTuneInBlocksAgreesWithTheDenseRoute() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = matrix(i -> 10 / (1 + 0.1 * i));
      Matrix w = w0.copy().plusInPlace(1, gaussian(ROWS, COLS, 0.05));

      MatrixScan found =
          GramRoute.scan(spectrum(w0), sums(w0, w), BOTH_SIDES, DType.F64, EntryChange.NONE);

      assertAgreement(w0, w, found);
      UpdateStatistics expected = UpdateStatistics.ofDense(w.copy().plusInPlace(-1, w0));
      assertThat(found.update().norm()).isCloseTo(expected.norm(), within(1e-9));
      assertThat(found.update().effectiveRank()).isCloseTo(expected.effectiveRank(), within(1e-6));
      assertThat(found.update().rank()).isEqualTo(COLS);
    }
  }

  @Test
  void anAdapterInBlocksAgreesWithTheDenseRoute() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = matrix(i -> 10 / (1 + 0.1 * i));
      Matrix b = gaussian(ROWS, 3, 0.3);
      Matrix a = gaussian(3, COLS, 0.3);
      Matrix w = w0.copy().plusProductInPlace(1, b, a);

      MatrixScan found =
          GramRoute.scan(spectrum(w0), w0.t().times(b), b, a, BOTH_SIDES).orElseThrow();

      assertAgreement(w0, w, found);
      assertThat(found.update()).isEqualTo(UpdateStatistics.ofFactors(b, a));
    }
  }

  /** The stated limit: base vectors below 1e-7 of the largest have no coordinates. */
  @Test
  void baseVectorsBelowTheResolutionTakeNoPart() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = matrix(i -> i < 40 ? 10 / (1 + 0.1 * i) : 1e-9);
      GramSpectrum base = spectrum(w0);
      double[] expected = LapackSvd.DIVIDE_AND_CONQUER.singularValues(w0);

      for (int i = 0; i < 40; i++) {
        assertThat(base.s()[i]).isCloseTo(expected[i], within(1e-9));
      }
      for (int i = 40; i < COLS; i++) {
        assertThat(base.s()[i]).isLessThan(base.resolution());
        assertThat(base.inverse()[i]).isZero();
      }
      Matrix w = w0.copy().plusInPlace(1, gaussian(ROWS, COLS, 0.01));
      assertThat(
              GramRoute.scan(base, sums(w0, w), BOTH_SIDES, DType.F64, EntryChange.NONE).vectors())
          .allSatisfy(vector -> assertThat(vector.bestSimilarity()).isBetween(0.0, 1.0));
    }
  }

  /** The same sums as for the transpose, which is tall; what is left there is right here. */
  @Test
  void aWideMatrixAgreesWithTheDenseRouteByItsTranspose() {
    try (Arena arena = Arena.open()) {
      Matrix tall = matrix(i -> 10 / (1 + 0.1 * i));
      Matrix w0 = tall.transposed();
      GramSpectrum base = GramSpectrum.of(COLS, ROWS, gram(tall));
      Matrix tuned = tall.copy().plusInPlace(1, gaussian(ROWS, COLS, 0.05));
      Matrix b = gaussian(COLS, 3, 0.3);
      Matrix a = gaussian(3, ROWS, 0.3);

      assertThat(base.wide()).isTrue();
      assertAgreement(
          w0,
          tuned.transposed(),
          GramRoute.scan(base, sums(tall, tuned), BOTH_SIDES, DType.F64, EntryChange.NONE));
      assertAgreement(
          w0,
          w0.copy().plusProductInPlace(1, b, a),
          GramRoute.scan(
                  base, tall.t().times(a.transposed()), a.transposed(), b.transposed(), BOTH_SIDES)
              .orElseThrow());
    }
  }

  private static void assertAgreement(Matrix w0, Matrix w, MatrixScan found) {
    BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
    MatrixScan expected =
        MatrixScan.of(base, new DenseRoute().solve(base, w, 10), found.update(), BOTH_SIDES);
    assertThat(found.solver()).isEqualTo("gram");
    assertThat(found.maxResidual()).isLessThan(1e-8);
    assertThat(found.vectors()).hasSameSizeAs(expected.vectors());
    for (int i = 0; i < found.vectors().size(); i++) {
      VectorScan one = found.vectors().get(i);
      VectorScan other = expected.vectors().get(i);
      assertThat(one.singularValue()).isCloseTo(other.singularValue(), within(1e-6));
      assertThat(one.bestSimilarity()).isCloseTo(other.bestSimilarity(), within(1e-5));
      assertThat(one.energyOutsideSpan()).isCloseTo(other.energyOutsideSpan(), within(1e-5));
    }
    assertThat(found.intruders()).isEqualTo(expected.intruders());
    Geometry geometry = found.geometry();
    assertThat(geometry.note()).isNull();
    assertThat(geometry.leftRotation())
        .isCloseTo(expected.geometry().leftRotation(), within(ANGLE_TOLERANCE));
    assertThat(geometry.rightRotation())
        .isCloseTo(expected.geometry().rightRotation(), within(ANGLE_TOLERANCE));
    assertThat(geometry.leftRotationMean())
        .isCloseTo(expected.geometry().leftRotationMean(), within(ANGLE_TOLERANCE));
    assertThat(geometry.rightRotationMean())
        .isCloseTo(expected.geometry().rightRotationMean(), within(ANGLE_TOLERANCE));
    assertThat(geometry.spectralShift())
        .isCloseTo(expected.geometry().spectralShift(), within(1e-8));
  }

  private static GramSpectrum spectrum(Matrix w0) {
    return GramSpectrum.of(ROWS, COLS, gram(w0));
  }

  private static Matrix gram(Matrix w0) {
    Matrix gram = Matrix.zeros(COLS, COLS, Precision.DOUBLE);
    for (int from = 0; from < ROWS; from += BLOCK) {
      gram.plusGramInPlace(w0.rowRange(from, Math.min(ROWS, from + BLOCK)));
    }
    return gram;
  }

  private static GramRoute.Sums sums(Matrix w0, Matrix w) {
    GramRoute.Sums sums = GramRoute.Sums.zeros(COLS);
    for (int from = 0; from < ROWS; from += BLOCK) {
      int to = Math.min(ROWS, from + BLOCK);
      sums.add(w0.rowRange(from, to), w.rowRange(from, to).copy());
    }
    return sums;
  }

  private Matrix matrix(IntToDoubleFunction spectrum) {
    Matrix u = OrthonormalBasis.of(gaussian(ROWS, COLS, 1)).q();
    Matrix v = OrthonormalBasis.of(gaussian(COLS, COLS, 1)).q();
    double[] s = new double[COLS];
    java.util.Arrays.setAll(s, spectrum);
    return u.scaleColumnsInPlace(s).times(v.t());
  }

  private Matrix gaussian(int rows, int cols, double scale) {
    return Gaussian.matrix(random, rows, cols, scale, Precision.DOUBLE);
  }
}
