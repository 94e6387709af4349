package io.github.intruders.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.accumulation.SharedIntruders;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import io.github.intruders.scan.TunedVectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was planted in pairs of updates is found, and what was not is not. */
class MatrixComparisonTest {
  private static final int M = 320;
  private static final int N = 300;
  private static final int R = 4;

  private final SplittableRandom random = new SplittableRandom(41);
  private Arena arena;

  @BeforeEach
  void open() {
    arena = Arena.open();
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void randomUpdatesHaveTheInterferenceOfTheNullAndNothingInCommon() {
    double[] sums = new double[2];
    List<PairSum> pairs = new ArrayList<>();
    for (int matrix = 0; matrix < 8; matrix++) {
      List<MatrixComparison.Member> members = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        members.add(member(random(M, R), random(R, N), someIntruders()));
      }
      List<PairSum> more = pairs(members);
      for (int i = 0; i < more.size(); i++) {
        if (matrix == 0) {
          pairs.add(more.get(i));
        } else {
          pairs.get(i).add(more.get(i));
        }
      }
    }

    assertThat(pairs).hasSize(24 * 23 / 2);
    for (PairSum pair : pairs) {
      PairFigures figures = pair.figures();
      assertThat(figures.duplicate()).isNull();
      assertThat(figures.sharedIntruders()).isZero();
      assertThat(figures.cosine()).isCloseTo(0, within(0.05));
      assertThat(figures.interference()).isLessThan(2 * figures.interferenceNull());
      assertThat(pair.safeToMerge(true)).isTrue();
      sums[0] += figures.interference();
      sums[1] += figures.interferenceNull();
    }
    assertThat(sums[0] / sums[1]).isCloseTo(1, within(0.01));
  }

  @Test
  void theNullOfRankOneIsTheMeanProductOfTwoCoordinates() {
    // |x| of a uniform unit vector in the plane is on average 2/π; in three dimensions 1/2.
    assertThat(RandomInterference.meanElement(new double[] {3}, 2, 3))
        .isCloseTo(3 * (2 / Math.PI) * 0.5, within(1e-13));
  }

  @Test
  void copiesAreFoundHoweverTheyAreStored() {
    Matrix b = random(M, R);
    Matrix a = random(R, N);
    Matrix mix = random(R, R);
    Matrix otherB = b.times(mix);
    Matrix otherA = inverse(mix).times(a);
    Matrix nearB = b.copy().plusInPlace(0.02, random(M, R));

    assertThat(duplicate(b, a, otherB, otherA)).isEqualTo(Duplicate.EXACT);
    assertThat(duplicate(b, a, nearB, a)).isEqualTo(Duplicate.NEAR);
    assertThat(duplicate(b, a, b.copy().scaleInPlace(2), a)).isEqualTo(Duplicate.SCALED);
    assertThat(duplicate(b, a, b.copy().scaleInPlace(-1), a)).isNull();
    assertThat(duplicate(b, a, b.copy().plusInPlace(0.2, random(M, R)), a)).isNull();
  }

  @Test
  void anUpdateOfZeroHasNoDirectionAndIsTheCopyOfAnother() {
    Matrix zero = Matrix.zeros(M, R, Precision.DOUBLE);

    PairFigures both = pair(member(zero, random(R, N), null), member(zero, random(R, N), null));
    assertThat(both.duplicate()).isEqualTo(Duplicate.EXACT);
    assertThat(both.relativeDistance()).isZero();
    assertThat(both.cosine()).isNull();
    assertThat(both.leadingCosine()).isNull();
    assertThat(both.energyShare()).isNull();
    assertThat(both.interference()).isNull();

    PairFigures one =
        pair(member(zero, random(R, N), null), member(random(M, R), random(R, N), null));
    assertThat(one.duplicate()).isNull();
    assertThat(one.relativeDistance()).isEqualTo(1);
    assertThat(one.cosine()).isNull();
  }

  @Test
  void aRankAboveTheMatrixIsThatOfItsProduct() {
    Matrix b = random(6, 9);
    Matrix a = random(9, 5);

    UpdateTriplets update = UpdateTriplets.ofFactors(b, a);

    assertThat(update.rank()).isEqualTo(5);
    assertThat(update.s())
        .usingComparatorWithPrecision(1e-12)
        .containsExactly(LapackSvd.QR_ITERATION.singularValues(b.times(a)));
  }

  @Test
  void leadingTripletsOfAWholeUpdateAreThoseOfADenseDecomposition() {
    Matrix update = decaying();
    Svd dense = LapackSvd.QR_ITERATION.decompose(update);

    UpdateTriplets found = UpdateTriplets.ofWhole(update, 8, "name", "content", this::refuse);

    assertThat(found.whole()).isFalse();
    assertThat(found.rank()).isEqualTo(8);
    assertThat(found.norm()).isCloseTo(update.frobeniusNorm(), within(1e-12));
    for (int i = 0; i < 8; i++) {
      assertThat(found.s()[i]).isCloseTo(dense.s()[i], within(1e-10 * dense.s()[0]));
      Matrix u = found.ut().rowRange(i, i + 1).times(dense.u().columnRange(i, i + 1));
      Matrix v = found.vt().rowRange(i, i + 1).times(dense.vt().rowRange(i, i + 1).t());
      assertThat(u.get(0, 0) * v.get(0, 0)).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void anUpdateOfLowRankIsWholeThoughItIsStoredDense() {
    Matrix b = random(M, R);
    Matrix a = random(R, N);

    UpdateTriplets dense = UpdateTriplets.ofWhole(b.times(a), 8, "name", "content", bytes -> {});

    assertThat(dense.whole()).isTrue();
    assertThat(dense.rank()).isEqualTo(R);
    PairFigures figures = pair(MatrixComparison.Member.of(dense, null), member(b, a, null));
    assertThat(figures.duplicate()).isEqualTo(Duplicate.EXACT);
    assertThat(figures.cosine()).isCloseTo(1, within(1e-12));
  }

  @Test
  void boundsHoldTheCosineThatLeadingTripletsDoNotTell() {
    Matrix one = decaying();
    Matrix noise = decaying();
    Matrix other = one.copy().plusInPlace(0.3, noise);
    double cosine = product(one, other) / one.frobeniusNorm() / other.frobeniusNorm();
    UpdateTriplets a = UpdateTriplets.ofWhole(one, 24, "one", "1", bytes -> {});
    UpdateTriplets b = UpdateTriplets.ofWhole(other, 24, "other", "2", bytes -> {});

    PairFigures figures =
        pair(MatrixComparison.Member.of(a, null), MatrixComparison.Member.of(b, null));

    assertThat(figures.cosine()).isNull();
    assertThat(figures.relativeDistance()).isNull();
    assertThat(figures.cosineLow()).isBetween(cosine - 0.5, cosine);
    assertThat(figures.cosineHigh()).isBetween(cosine, 1.0);
    assertThat(figures.energyShare()).isBetween(0.5, 0.999);
  }

  @Test
  void aWholeUpdateThatIsStoredTwiceIsAnExactCopy() {
    Matrix update = decaying();
    UpdateTriplets a = UpdateTriplets.ofWhole(update, 8, "one", "same", bytes -> {});
    UpdateTriplets b = UpdateTriplets.ofWhole(update, 8, "one", "same", bytes -> {});
    UpdateTriplets other = UpdateTriplets.ofWhole(update, 8, "one", "other", bytes -> {});

    PairFigures copy =
        pair(MatrixComparison.Member.of(a, null), MatrixComparison.Member.of(b, null));
    assertThat(copy.duplicate()).isEqualTo(Duplicate.EXACT);
    assertThat(copy.cosine()).isCloseTo(1, within(1e-12));
    assertThat(copy.energyShare()).isLessThan(1);

    PairFigures unknown =
        pair(MatrixComparison.Member.of(a, null), MatrixComparison.Member.of(other, null));
    assertThat(unknown.duplicate()).isNull();
    assertThat(unknown.cosine()).isNull();
  }

  @Test
  void anIntruderOfBothIsSharedAndAnUnknownOneMakesTheCountUnknown() {
    Matrix left = OrthonormalBasis.of(random(M, 7)).q();
    Matrix right = OrthonormalBasis.of(random(N, 7)).q();
    SharedIntruders one = intruders(left.columnRange(0, 4), right.columnRange(0, 4), 0, 2);
    SharedIntruders other = intruders(left.columnRange(2, 6), right.columnRange(2, 6), 0, 3);

    assertThat(one.sharedWith(other)).isEqualTo(1);
    assertThat(one.sharedWith(SharedIntruders.none())).isZero();
    assertThat(other.pack().unpack().sharedWith(one.pack().unpack())).isEqualTo(1);
    assertThat(SharedIntruders.none().pack().unpack().sharedWith(one)).isZero();
    MatrixComparison.Member known = member(random(M, R), random(R, N), one);
    assertThat(pair(known, member(random(M, R), random(R, N), other)).sharedIntruders())
        .isEqualTo(1);
    assertThat(pair(known, member(random(M, R), random(R, N), null)).sharedIntruders()).isNull();
  }

  @Test
  void aMatrixThatCouldNotBeReadIsLeftOutOfBothAndTheVerdictIsOpen() {
    MatrixComparison.Member one = member(random(M, R), random(R, N), null);
    MatrixComparison.Member other = member(random(M, R), random(R, N), null);
    UpdateSize a = UpdateSize.of(one.update());
    UpdateSize b = UpdateSize.of(other.update());

    PairSum sum =
        new PairSum()
            .add(a, b, part(one, other))
            .add(UpdateSize.LEFT_OUT, b, null)
            .add(a, UpdateSize.NONE, null);

    assertThat(sum.leftOut()).isEqualTo(1);
    assertThat(sum.matrices()).isEqualTo(1);
    assertThat(sum.figures().normA()).isCloseTo(Math.sqrt(2) * a.norm(), within(1e-9));
    assertThat(sum.figures().normB()).isCloseTo(b.norm(), within(1e-9));
    assertThat(sum.safeToMerge(true)).isNull();

    PairSum copies = new PairSum().add(a, a, part(one, one));
    assertThat(copies.figures().duplicate()).isEqualTo(Duplicate.EXACT);
    assertThat(copies.figures(false).duplicate()).isNull();
    assertThat(copies.add(a, UpdateSize.LEFT_OUT, null).figures().duplicate()).isNull();
    PairFigures nothing = new PairSum().add(a, UpdateSize.LEFT_OUT, null).figures();
    assertThat(nothing.duplicate()).isNull();
    assertThat(nothing.relativeDistance()).isNull();
  }

  @Test
  void membersWithoutAnUpdateArePassedOver() {
    MatrixComparison.Member one = member(random(M, R), random(R, N), null);
    List<MatrixComparison.Member> none = Arrays.asList(null, null);
    List<String> found = new ArrayList<>();
    MatrixComparison.Sink sink = (a, b, part) -> found.add(a + " " + b);

    MatrixComparison.run(none, none, sink);
    MatrixComparison.run(none, List.of(one), sink);
    assertThat(found).isEmpty();

    MatrixComparison.run(Arrays.asList(null, one, null), List.of(one), sink);
    assertThat(found).containsExactly("1 0");
  }

  @Test
  void aMemberIsTheSameAfterItTravelled() {
    MatrixComparison.Member one = member(random(M, R), random(R, N), null);
    MatrixComparison.Member other = member(random(M, R), random(R, N), null);
    PackedMember packed = PackedMember.of(other);

    PairPart found = part(one, MatrixComparison.Member.of(packed.update(), null));

    assertThat(found).usingRecursiveComparison().isEqualTo(part(one, other));
  }

  private void refuse(long bytes) {
    throw new AssertionError("decomposed as a whole, with " + bytes + " bytes");
  }

  /** Singular values that fall fast enough for a search. */
  private Matrix decaying() {
    Matrix u = OrthonormalBasis.of(random(M, N)).q();
    Matrix v = OrthonormalBasis.of(random(N, N)).q();
    double[] s = new double[N];
    for (int i = 0; i < N; i++) {
      s[i] = Math.pow(0.93, i);
    }
    return u.scaleColumnsInPlace(s).times(v.t());
  }

  private Matrix random(int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }

  private static Matrix inverse(Matrix matrix) {
    Svd svd = LapackSvd.QR_ITERATION.decompose(matrix);
    double[] inverse = new double[svd.s().length];
    for (int i = 0; i < inverse.length; i++) {
      inverse[i] = 1 / svd.s()[i];
    }
    return svd.vt().transposed().scaleColumnsInPlace(inverse).times(svd.u().t());
  }

  private static double product(Matrix one, Matrix other) {
    double product = 0;
    for (int i = 0; i < one.rows(); i++) {
      for (int j = 0; j < one.cols(); j++) {
        product += one.get(i, j) * other.get(i, j);
      }
    }
    return product;
  }

  private static MatrixComparison.Member member(Matrix b, Matrix a, SharedIntruders intruders) {
    return MatrixComparison.Member.of(UpdateTriplets.ofFactors(b, a), intruders);
  }

  private SharedIntruders someIntruders() {
    return intruders(
        OrthonormalBasis.of(random(M, 4)).q(), OrthonormalBasis.of(random(N, 4)).q(), 0, 1, 3);
  }

  private static SharedIntruders intruders(Matrix left, Matrix right, int... indices) {
    List<Intruder> intruders = new ArrayList<>();
    for (int index : indices) {
      intruders.add(new Intruder(index, 100.0 / (1 + index), 0.2));
    }
    return SharedIntruders.of(
        intruders, new TunedVectors(left.to(Precision.SINGLE), right.to(Precision.SINGLE)));
  }

  private static Duplicate duplicate(Matrix b, Matrix a, Matrix otherB, Matrix otherA) {
    return pair(member(b, a, null), member(otherB, otherA, null)).duplicate();
  }

  private static PairFigures pair(MatrixComparison.Member one, MatrixComparison.Member other) {
    return pairs(List.of(one, other)).get(0).figures();
  }

  private static PairPart part(MatrixComparison.Member one, MatrixComparison.Member other) {
    List<PairPart> parts = new ArrayList<>();
    MatrixComparison.run(List.of(one), List.of(other), (a, b, part) -> parts.add(part));
    return parts.get(0);
  }

  private static List<PairSum> pairs(List<MatrixComparison.Member> members) {
    List<PairSum> pairs = new ArrayList<>();
    MatrixComparison.run(
        members,
        members,
        (a, b, part) ->
            pairs.add(
                new PairSum()
                    .add(
                        UpdateSize.of(members.get(a).update()),
                        UpdateSize.of(members.get(b).update()),
                        part)));
    return pairs;
  }
}
