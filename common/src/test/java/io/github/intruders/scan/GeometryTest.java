package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.accumulation.SubspaceLocking;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.ScaleSource;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.UpdateStatistics;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Geometry of planted cases, and what is null because it can't be known. */
class GeometryTest {
  private static final int SIZE = 60;
  private static final int K = 5;
  private static final ScanSettings SETTINGS =
      new ScanSettings(
          TopK.parse("5"), List.of(0.5), List.of(Side.LEFT, Side.RIGHT), SolverChoice.AUTO);

  private final SplittableRandom random = new SplittableRandom(41);

  /** The first left vector is turned into an outer one by 30°, and the first value is doubled. */
  @Test
  void plantedRotationAndShiftAreFoundAgain() {
    try (Arena arena = Arena.open()) {
      Matrix u = orthonormal();
      Matrix v = orthonormal();
      double[] s = values(i -> 20 - i / 4.0);
      Matrix turned = u.copy();
      for (int i = 0; i < SIZE; i++) {
        double inner = u.get(i, 0);
        double outer = u.get(i, SIZE - 1);
        turned.set(i, 0, Math.cos(Math.PI / 6) * inner + Math.sin(Math.PI / 6) * outer);
        turned.set(i, SIZE - 1, Math.cos(Math.PI / 6) * outer - Math.sin(Math.PI / 6) * inner);
      }
      double[] shifted = s.clone();
      shifted[0] = 40;

      Geometry geometry = dense(product(u, s, v), product(turned, shifted, v));

      assertThat(geometry.leftRotation()).isCloseTo(30, within(1e-4));
      assertThat(geometry.leftRotationMean()).isCloseTo(30.0 / K, within(1e-4));
      assertThat(geometry.rightRotation()).isCloseTo(0, within(1e-4));
      double norm = Math.sqrt(Arrays.stream(s).limit(K).map(value -> value * value).sum());
      assertThat(geometry.spectralShift()).isCloseTo(20 / norm, within(1e-9));
      assertThat(geometry.unchangedShare()).isNull();
      assertThat(geometry.note()).isNull();
    }
  }

  @Test
  void withoutAnUpdateNothingIsTurnedOrShifted() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = product(orthonormal(), values(i -> 9 - i / 10.0), orthonormal());

      assertThat(dense(w0, w0)).isEqualTo(new Geometry(0.0, 0.0, 0.0, 0.0, 0.0, null, null));
    }
  }

  @Test
  void aBaseWhoseLeadingValuesDoNotEndAtKHasNoLeadingSubspace() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = Matrix.identity(SIZE, Precision.DOUBLE);
      Matrix w = w0.copy().plusInPlace(1, noise(0.01));

      Geometry geometry = dense(w0, w);

      assertThat(geometry.leftRotation()).isNull();
      assertThat(geometry.rightRotationMean()).isNull();
      assertThat(geometry.spectralShift()).isPositive();
      assertThat(geometry.note()).isEqualTo("base singular values 4 and 5 are equal");
    }
  }

  @Test
  void aBaseOfLowerRankThanKHasNoLeadingSubspace() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = product(orthonormal(), values(i -> i < 3 ? 9 - i : 0), orthonormal());
      Matrix w = w0.copy().plusInPlace(1, noise(0.01));

      Geometry geometry = dense(w0, w);

      assertThat(geometry.leftRotation()).isNull();
      assertThat(geometry.note()).isEqualTo("the base has rank 3, less than 5");
    }
  }

  @Test
  void ofABaseOfZerosNeitherIsKnown() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = Matrix.zeros(SIZE, SIZE, Precision.DOUBLE);

      Geometry geometry = dense(w0, noise(1));

      assertThat(geometry.leftRotation()).isNull();
      assertThat(geometry.spectralShift()).isNull();
    }
  }

  /** The update lifts a vector to exactly the k-th value, so that either of two may lead. */
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void equalTunedValuesAtKLeaveTheAnglesOpen(boolean lowRank) {
    try (Arena arena = Arena.open()) {
      Matrix w0 = Matrix.zeros(SIZE, SIZE, Precision.DOUBLE);
      for (int i = 0; i < SIZE; i++) {
        w0.set(i, i, 64 - i);
      }
      Matrix b = Matrix.zeros(SIZE, 1, Precision.DOUBLE);
      Matrix a = Matrix.zeros(1, SIZE, Precision.DOUBLE);
      b.set(30, 0, 26);
      a.set(0, 30, 1);
      BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
      CoordinateUpdate update =
          CoordinateUpdate.project(base, List.of(new CoordinateUpdate.Factors(b, a))).get(0);
      Matrix w = w0.copy().plusProductInPlace(1, b, a);

      TunedSpectrum tuned =
          lowRank
              ? new LowRankRoute().solve(base, update, K).orElseThrow()
              : new DenseRoute().solve(base, w, K);
      Geometry geometry =
          MatrixScan.of(base, tuned, UpdateStatistics.ofFactors(b, a), SETTINGS).geometry();

      assertThat(geometry.leftRotation()).isNull();
      assertThat(geometry.rightRotation()).isNull();
      assertThat(geometry.spectralShift()).isNotNull();
      assertThat(geometry.note()).contains("rounding turns the leading vectors");
    }
  }

  /** Of the other side a halved store keeps the leading vectors, which is all that angles need. */
  @Test
  void aHalvedStoreTellsTheAnglesOfBothSidesAsFarAsItsVectorsGo() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = product(orthonormal(), values(i -> 9 - i / 10.0), orthonormal());
      Matrix w = w0.copy().plusInPlace(1, noise(0.01));
      BaseSpectrum whole = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
      BaseSpectrum half =
          new BaseSpectrum("", whole.u(), whole.s(), whole.vt().rowRange(0, 8).copy());
      ScanSettings left =
          new ScanSettings(TopK.parse("5"), List.of(0.5), List.of(Side.LEFT), SolverChoice.AUTO);

      Geometry expected = geometry(whole, w, K, left);

      assertThat(expected.rightRotation()).isPositive();
      assertThat(geometry(half, w, K, left)).isEqualTo(expected);
      assertThat(geometry(half, w, 9, left).leftRotation()).isNotNull();
      assertThat(geometry(half, w, 9, left).rightRotation()).isNull();
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 1", "1, 1, 1", "1, 1.0009, 1", "1, 1.002, 0", "1, -1, 0", "0, 1e-20, 0"})
  void anEntryIsUnchangedUpToAThousandth(double before, double after, long expected) {
    try (Arena arena = Arena.open()) {
      for (Precision precision : Precision.values()) {
        Matrix w0 = Matrix.of(new double[][] {{before}}).to(precision);
        Matrix w = Matrix.of(new double[][] {{after}}).to(precision);

        assertThat(EntryChange.unchanged(w0, w)).isEqualTo(expected);
        assertThat(EntryChange.unchanged(w, w0)).isEqualTo(expected);
      }
    }
  }

  @Test
  void allEntriesAreCounted() {
    try (Arena arena = Arena.open()) {
      for (Precision precision : Precision.values()) {
        Matrix w0 = Gaussian.matrix(random, 150, 171, 1, precision);
        Matrix w = w0.copy();
        w.set(0, 0, 9);
        w.set(149, 170, 9);
        w.set(75, 3, 9);

        assertThat(EntryChange.unchanged(w0, w)).isEqualTo(150 * 171 - 3);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "BF16, BF16, 0.25,",
    "F16, F16, 0.25,",
    "F32, F32, 0.25,",
    "F32, F64, 0.25,",
    "F32, BF16, , rounding from F32 to BF16 changes entries by itself",
    "BF16, F32, , rounding from BF16 to F32 changes entries by itself",
    "BF16, F16, , rounding from BF16 to F16 changes entries by itself",
  })
  void aShareOfUnchangedEntriesIsToldWhereRoundingAloneChangesNone(
      DType base, DType tuned, Double share, String note) {
    EntryChange change =
        EntryChange.of(
            plan(source(base), new UpdateSource.Full(source(tuned), List.of())), () -> 1);

    assertThat(change.unchangedShare()).isEqualTo(share);
    assertThat(change.note()).isEqualTo(note);
    assertThat(change.rounding() > 0).isEqualTo(base != tuned);
  }

  @Test
  void scaledWeightsAreNeverComparedEntryByEntry() {
    MatrixSource scaled =
        source(DType.F8_E4M3)
            .scaledBy(new ScaleSource("file:/w", "scale", DType.F32, 0, 1, 1, 2, 2, null));

    EntryChange change =
        EntryChange.of(plan(scaled, new UpdateSource.Full(scaled, List.of())), () -> 1);

    assertThat(change.unchangedShare()).isNull();
    assertThat(change.note())
        .isEqualTo(
            "rounding from F8_E4M3 with scales to F8_E4M3 with scales changes entries by itself");
  }

  @Test
  void anAdapterHasNoStoredEntries() {
    assertThat(
            EntryChange.of(plan(source(DType.BF16), new UpdateSource.LowRank(List.of())), () -> 1))
        .isEqualTo(EntryChange.NONE);
  }

  /** Rounding to BF16 turns vectors whose values are near to each other. */
  @Test
  void aTunedMatrixInAnotherTypeHasNoAnglesWhereItsRoundingMayMakeThem() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = product(orthonormal(), values(i -> 9 - i / 10.0), orthonormal());
      Matrix w = w0.copy().plusInPlace(1, noise(1e-4));
      BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
      EntryChange rounded = new EntryChange(null, "rounding", DType.BF16.unitRoundoff());

      Geometry geometry =
          Geometry.of(base, new DenseRoute().solve(base, w, K), rounded, /* isUpdated= */ true);

      assertThat(geometry)
          .isEqualTo(
              new Geometry(
                  null,
                  null,
                  null,
                  null,
                  null,
                  null,
                  "rounding; rounding turns the leading vectors by more than a quarter of a degree;"
                      + " the spectral shift is smaller than its error"));
    }
  }

  @Test
  void lockingIsNotKnownWhereAVectorHasNoDirection() {
    try (Arena arena = Arena.open()) {
      Matrix v = orthonormal().columnRange(0, K).to(Precision.SINGLE);
      TunedVectors full = new TunedVectors(v, v);
      Matrix missing = v.copy().scaleColumnsInPlace(new double[] {1, 1, 1, 1, 0});

      assertThat(new SubspaceLocking(full).of(full)).isCloseTo(1, within(1e-6));
      assertThat(new SubspaceLocking(full).of(new TunedVectors(v, missing))).isNull();
      assertThat(new SubspaceLocking(new TunedVectors(v, missing)).of(full)).isNull();
    }
  }

  private static Geometry dense(Matrix w0, Matrix w) {
    BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
    return geometry(base, w, K, SETTINGS);
  }

  private static Geometry geometry(BaseSpectrum base, Matrix w, int k, ScanSettings settings) {
    Matrix w0 =
        base.part().hasRight()
            ? base.u()
                .to(Precision.DOUBLE)
                .scaleColumnsInPlace(base.s())
                .times(base.vt().to(Precision.DOUBLE))
            : Matrix.zeros(w.rows(), w.cols(), Precision.DOUBLE);
    double change = w.copy().plusInPlace(-1, w0).frobeniusNorm();
    UpdateStatistics update =
        change < 1e-4 ? UpdateStatistics.NONE : new UpdateStatistics(1, change, 1, 1, 1, 1);
    return MatrixScan.of(base, new DenseRoute().solve(base, w, k), update, settings).geometry();
  }

  private Matrix noise(double scale) {
    return Gaussian.matrix(random, SIZE, SIZE, scale, Precision.DOUBLE);
  }

  private Matrix orthonormal() {
    return OrthonormalBasis.of(Gaussian.matrix(random, SIZE, SIZE)).q();
  }

  private static double[] values(IntToDoubleFunction spectrum) {
    double[] s = new double[SIZE];
    Arrays.setAll(s, spectrum);
    return s;
  }

  private static Matrix product(Matrix u, double[] s, Matrix v) {
    return u.copy().scaleColumnsInPlace(s).times(v.t());
  }

  private static MatrixPlan plan(MatrixSource base, UpdateSource update) {
    return new MatrixPlan("a", BaseMatrix.of(base), update, false, "inputs");
  }

  private static MatrixSource source(DType dtype) {
    return new MatrixSource("model.layers.0.q_proj.weight", "file:/w", dtype, 0, 2, 2, false);
  }
}
