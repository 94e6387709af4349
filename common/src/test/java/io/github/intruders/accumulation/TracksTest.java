package io.github.intruders.accumulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.accumulation.TrackPoint.State;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.scan.TunedVectors;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Planted sequences, whose births, lives and ends are known. */
class TracksTest {
  private static final int ROWS = 60;
  private static final int COLS = 40;

  private final SplittableRandom random = new SplittableRandom(31);
  private final Tracks tracks = new Tracks();
  private Arena arena;
  private Matrix u;
  private Matrix v;
  private int step;

  @BeforeEach
  void makeDirections() {
    arena = Arena.open();
    u = OrthonormalBasis.of(gaussian(ROWS, 12)).q();
    v = OrthonormalBasis.of(gaussian(COLS, 12)).q();
  }

  @AfterEach
  void free() {
    tracks.close();
    arena.close();
  }

  /** One planted triplet: a mixture of the known directions. */
  private record Planted(double sigma, double[] mixture, double sign) {
    static Planted of(double sigma, int direction) {
      return mixed(sigma, direction, 1, direction, 0);
    }

    static Planted mixed(double sigma, int one, double weightOne, int other, double weightOther) {
      double[] mixture = new double[12];
      mixture[one] = weightOne;
      mixture[other] += weightOther;
      return new Planted(sigma, mixture, 1);
    }

    Planted flipped() {
      return new Planted(sigma, mixture, -sign);
    }
  }

  /** Adds a step whose intruders are these triplets, in this order. */
  private void addStep(Planted... triplets) {
    step++;
    Matrix left = Matrix.allocate(12, triplets.length, Precision.DOUBLE);
    Matrix right = Matrix.allocate(12, triplets.length, Precision.DOUBLE);
    List<Intruder> intruders = new ArrayList<>();
    for (int j = 0; j < triplets.length; j++) {
      for (int i = 0; i < 12; i++) {
        left.set(i, j, triplets[j].sign * triplets[j].mixture[i]);
        right.set(i, j, triplets[j].sign * triplets[j].mixture[i]);
      }
      intruders.add(new Intruder(j, triplets[j].sigma, 0.1));
    }
    tracks.add(
        new StepIntruders(
            step,
            "task-" + step,
            intruders,
            new TunedVectors(
                u.times(left).to(Precision.SINGLE), v.times(right).to(Precision.SINGLE))));
  }

  /** The points of a step as {@code track:state}. */
  private List<String> at(int wanted) {
    return tracks.points().stream()
        .filter(point -> point.step() == wanted)
        .map(point -> point.track() + ":" + point.state())
        .toList();
  }

  @Test
  void birthsPersistenceAndFadingAreRecovered() {
    addStep(Planted.of(9, 0), Planted.of(7, 1));
    addStep(Planted.of(9, 0), Planted.of(8, 2), Planted.of(7, 1));
    addStep(Planted.of(8, 2), Planted.of(7, 3));

    assertThat(at(1)).containsExactly("0:BORN", "1:BORN");
    assertThat(at(2)).containsExactly("0:PERSISTED", "2:BORN", "1:PERSISTED");
    assertThat(at(3)).containsExactly("2:PERSISTED", "3:BORN", "0:FADED", "1:FADED");
    TrackPoint born = tracks.points().get(0);
    assertThat(born.previousStep()).isNull();
    assertThat(born.similarityLeft()).isNull();
    TrackPoint last =
        tracks.points().stream().filter(point -> point.step() == 3).findFirst().orElseThrow();
    assertThat(last.bornAtStep()).isEqualTo(2);
    assertThat(last.bornByTask()).isEqualTo("task-2");
    assertThat(last.similarityLeft()).isCloseTo(1, within(1e-6));
    assertThat(last.similarityRight()).isCloseTo(1, within(1e-6));
  }

  @Test
  void signsDoNotCount() {
    addStep(Planted.of(9, 0), Planted.of(7, 1));
    addStep(Planted.of(9, 0).flipped(), Planted.of(7, 1).flipped());

    assertThat(at(2)).containsExactly("0:PERSISTED", "1:PERSISTED");
  }

  @Test
  void tracksFollowVectorsThatSwapPlaces() {
    addStep(Planted.of(9, 0), Planted.of(7, 1), Planted.of(5, 2));
    addStep(Planted.of(9, 2), Planted.of(7, 0), Planted.of(5, 1));

    assertThat(at(2)).containsExactly("2:PERSISTED", "0:PERSISTED", "1:PERSISTED");
  }

  @Test
  void aTurnOfMoreThanSixtyDegreesIsANewDirection() {
    addStep(Planted.of(9, 0), Planted.of(5, 1));
    addStep(Planted.mixed(9, 0, Math.cos(1), 5, Math.sin(1)), Planted.of(5, 1)); // 57 degrees
    assertThat(at(2)).containsExactly("0:PERSISTED", "1:PERSISTED");

    addStep(Planted.mixed(9, 0, 0.1, 7, Math.sqrt(0.99)), Planted.of(5, 1));
    assertThat(at(3)).containsExactly("2:BORN", "1:PERSISTED", "0:FADED");
  }

  @Test
  void aRotationInsideADegeneratePairIsNoBirth() {
    double half = Math.sqrt(0.5);
    addStep(Planted.of(9, 0), Planted.of(5.01, 1), Planted.of(5, 2));
    addStep(
        Planted.of(9, 0),
        Planted.mixed(5.01, 1, half, 2, half),
        Planted.mixed(5, 1, half, 2, -half));

    assertThat(at(2)).hasSize(3).allMatch(point -> point.endsWith("PERSISTED"));
    assertThat(tracks.points().get(4).similarityLeft()).isCloseTo(1, within(1e-6));
  }

  @Test
  void threeEqualVectorsMayTurnIntoAnyMixtureOfThemselves() {
    double third = Math.sqrt(1 / 3.0);
    addStep(Planted.of(5.02, 1), Planted.of(5.01, 2), Planted.of(5, 3));
    double[] all = new double[12];
    all[1] = all[2] = all[3] = third;
    double half = Math.sqrt(0.5);
    double[] rest = new double[12];
    rest[1] = third * half;
    rest[2] = third * half;
    rest[3] = -2 * third * half;
    addStep(
        new Planted(5.02, all, 1),
        Planted.mixed(5.01, 1, half, 2, -half),
        new Planted(5, rest, -1));

    assertThat(at(2)).hasSize(3).allMatch(point -> point.endsWith("PERSISTED"));
  }

  /**
   * Every new vector has 1/√8 = 0.35 of each old one, so that no single pair reaches the threshold.
   */
  @Test
  void eightEqualVectorsThatTurnSoFarThatNoneResemblesAnotherPersistTogether() {
    addStep(
        IntStream.range(0, 8).mapToObj(j -> Planted.of(5 - 0.01 * j, j)).toArray(Planted[]::new));
    Planted[] turned = new Planted[8];
    for (int j = 0; j < 8; j++) {
      double[] mixture = new double[12];
      for (int i = 0; i < 8; i++) {
        mixture[i] = (Integer.bitCount(i & j) % 2 == 0 ? 1 : -1) / Math.sqrt(8); // Hadamard
      }
      turned[j] = new Planted(5 - 0.01 * j, mixture, 1);
    }
    addStep(turned);

    assertThat(at(2)).hasSize(8).allMatch(point -> point.endsWith("PERSISTED"));
    assertThat(at(2).stream().distinct()).as("each track once").hasSize(8);
  }

  @Test
  void aClusterThatLosesAMemberKeepsAsManyTracksAsItHasVectorsLeft() {
    double half = Math.sqrt(0.5);
    addStep(Planted.of(5.01, 1), Planted.of(5, 2));
    addStep(Planted.mixed(5, 1, half, 2, half), Planted.of(4, 3));

    assertThat(statesAt(2)).containsExactly("PERSISTED", "BORN", "FADED");
  }

  @Test
  void aNewDirectionBesideADegeneratePairIsABirth() {
    addStep(Planted.of(5.01, 1), Planted.of(5, 2));
    addStep(Planted.of(5.02, 3), Planted.of(5.01, 1), Planted.of(5, 2));

    assertThat(at(2)).containsExactly("2:BORN", "0:PERSISTED", "1:PERSISTED");
  }

  @Test
  void aReplacementInsideAClusterIsABirthAndAFading() {
    addStep(Planted.of(5.01, 1), Planted.of(5, 2));
    addStep(Planted.of(5.01, 1), Planted.of(5, 3));

    assertThat(at(2)).containsExactly("0:PERSISTED", "2:BORN", "1:FADED");
  }

  @Test
  void aReplacementInsideAClusterThatTurnsIsStillOneBirthAndOneFading() {
    double half = Math.sqrt(0.5);
    addStep(Planted.of(5.01, 1), Planted.of(5, 2));
    addStep(Planted.mixed(5.01, 1, half, 3, half), Planted.mixed(5, 1, half, 3, -half));

    assertThat(statesAt(2)).containsExactlyInAnyOrder("PERSISTED", "BORN", "FADED");
  }

  /** Directions 1 to 4, turned; then 1, 2 and 5, 6 turned in another way: two stay. */
  @Test
  void asManyTracksPersistAsTurnedClustersShareDirections() {
    addStep(hadamard(1, 2, 3, 4));
    addStep(hadamard(5, 1, 6, 2));

    assertThat(statesAt(2))
        .containsExactlyInAnyOrder("PERSISTED", "PERSISTED", "BORN", "BORN", "FADED", "FADED");
  }

  /** One direction of a pair is found in two single vectors, but can go on in one only. */
  @Test
  void aDirectionThatTwoVectorsShareGoesOnInOne() {
    double half = Math.sqrt(0.5);
    addStep(Planted.of(5.01, 1), Planted.of(5, 2));
    addStep(Planted.mixed(7, 1, half, 3, half), Planted.mixed(4, 1, half, 3, -half));

    assertThat(statesAt(2)).containsExactlyInAnyOrder("PERSISTED", "BORN", "FADED");
  }

  @Test
  void aClusterThatComesApartKeepsItsTracks() {
    double half = Math.sqrt(0.5);
    addStep(Planted.mixed(5.01, 1, half, 2, half), Planted.mixed(5, 1, half, 2, -half));
    addStep(Planted.of(9, 2), Planted.of(4, 1));

    assertThat(at(2)).hasSize(2).allMatch(point -> point.endsWith("PERSISTED"));
  }

  private static Planted[] hadamard(int... directions) {
    return IntStream.range(0, 4)
        .mapToObj(
            j -> {
              double[] mixture = new double[12];
              for (int i = 0; i < 4; i++) {
                mixture[directions[i]] = Integer.bitCount(i & j) % 2 == 0 ? 0.5 : -0.5;
              }
              return new Planted(5 - 0.01 * j, mixture, 1);
            })
        .toArray(Planted[]::new);
  }

  private List<String> statesAt(int step) {
    return at(step).stream().map(point -> point.substring(2)).toList();
  }

  @Test
  void whatFadesAndComesBackIsBornAgain() {
    addStep(Planted.of(9, 0));
    addStep();
    addStep(Planted.of(9, 0));

    assertThat(at(2)).containsExactly("0:FADED");
    assertThat(at(3)).containsExactly("1:BORN");
    assertThat(tracks.points())
        .allMatch(point -> point.intruder() != null || point.state() == State.FADED);
  }

  @Test
  void afterAGapEveryIntruderIsBornAndNothingIsSaidOfTheGap() {
    addStep(Planted.of(9, 0), Planted.of(7, 1));
    step++;
    tracks.interrupt();
    addStep(Planted.of(9, 0));

    assertThat(at(2)).isEmpty();
    assertThat(at(3)).containsExactly("2:BORN");
    TrackPoint born = tracks.points().get(2);
    assertThat(born.bornAtStep()).isEqualTo(3);
    assertThat(born.previousStep()).isNull();
    assertThat(born.similarityLeft()).isNull();
  }

  @Test
  void aGapDoesNotLetStepsRunBackwards() {
    addStep(Planted.of(9, 0));
    tracks.interrupt();
    step = 0;

    assertThatThrownBy(() -> addStep(Planted.of(9, 0)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void oneSideAloneDoesNotMakeAPair() {
    addStep(Planted.of(9, 0));
    step++;
    tracks.add(
        new StepIntruders(
            step,
            null,
            List.of(new Intruder(0, 9, 0.1)),
            new TunedVectors(
                u.columnRange(0, 1).to(Precision.SINGLE),
                v.columnRange(3, 4).to(Precision.SINGLE))));

    assertThat(at(2)).containsExactly("1:BORN", "0:FADED");
    TrackPoint born = tracks.points().get(1);
    assertThat(born.similarityLeft()).isCloseTo(1, within(1e-6));
    assertThat(born.similarityRight()).isCloseTo(0, within(1e-6));
  }

  @Test
  void pairsThatCountAreNeverGivenUpForASumOfPairsThatDoNot() {
    // Greedy by single best and a plain sum of similarities both fail here.
    addStep(Planted.of(9, 0), Planted.of(5, 1));
    addStep(
        Planted.mixed(9, 0, 0.6, 1, 0.8), Planted.mixed(5, 1, 0.45, 5, Math.sqrt(1 - 0.45 * 0.45)));

    assertThat(at(2)).containsExactly("1:PERSISTED", "2:BORN", "0:FADED");
  }

  @Test
  void everyStepAddsUp() {
    for (int i = 0; i < 30; i++) {
      List<Planted> planted = new ArrayList<>();
      for (int direction = 0; direction < 12; direction++) {
        if (random.nextBoolean()) {
          planted.add(Planted.of(20 - direction, direction));
        }
      }
      addStep(planted.toArray(Planted[]::new));
    }
    for (int i = 2; i <= 30; i++) {
      int now = i;
      long before = present(now - 1).count();
      long persisted = present(now).filter(point -> point.state() == State.PERSISTED).count();
      long faded =
          tracks.points().stream()
              .filter(point -> point.step() == now && point.state() == State.FADED)
              .count();
      assertThat(persisted + faded).isEqualTo(before);
    }
  }

  private Stream<TrackPoint> present(int wanted) {
    return tracks.points().stream()
        .filter(point -> point.step() == wanted && point.intruder() != null);
  }

  @Test
  void stepsComeInOrder() {
    addStep(Planted.of(9, 0));
    step = 0;

    assertThatThrownBy(() -> addStep(Planted.of(9, 0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Step 1 can't follow step 1");
  }

  private Matrix gaussian(int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }
}
