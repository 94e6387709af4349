package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every backend has to do in every precision; a further backend is one more line. */
class SvdSolverConformanceTest {
  /** Errors are allowed in units of the precision's epsilon times the larger dimension. */
  private static final double UNITS = 20;

  private static final int RANDOM_SHAPES = 50;

  private static Stream<SvdSolver> backends() {
    return Arrays.stream(LapackSvd.values()).map(backend -> backend);
  }

  private static Stream<Arguments> cases() {
    return backends()
        .flatMap(
            backend ->
                Arrays.stream(Precision.values())
                    .flatMap(
                        precision ->
                            shapes(precision).stream()
                                .map(
                                    shape -> Arguments.of(backend, precision, shape.name, shape))));
  }

  /** A named matrix to decompose, by rows. */
  private record Shape(String name, double[][] rows) {
    @Override
    public String toString() {
      return "%dx%d".formatted(rows.length, rows[0].length);
    }
  }

  private static List<Shape> shapes(Precision precision) {
    boolean single = precision == Precision.SINGLE;
    SplittableRandom random = new SplittableRandom(7);
    List<Shape> shapes = new ArrayList<>();
    shapes.add(new Shape("square", gaussian(random, 30, 30, 1)));
    shapes.add(new Shape("tall", gaussian(random, 300, 7, 1)));
    shapes.add(new Shape("far taller than wide", gaussian(random, 2000, 3, 1)));
    shapes.add(new Shape("wide", gaussian(random, 5, 400, 1)));
    shapes.add(new Shape("one element", new double[][] {{-3}}));
    shapes.add(new Shape("one row", gaussian(random, 1, 50, 1)));
    shapes.add(new Shape("one column", gaussian(random, 50, 1, 1)));
    shapes.add(new Shape("zero", new double[12][9]));
    shapes.add(new Shape("zero element", new double[1][1]));
    shapes.add(new Shape("identity", diagonal(10, i -> 1)));
    shapes.add(new Shape("repeated values", diagonal(12, i -> i < 6 ? 5 : 2)));
    shapes.add(new Shape("rank deficient", rankTwo(random, 40, 25)));
    shapes.add(new Shape("ill-conditioned", hilbert(12)));
    shapes.add(new Shape("tiny", gaussian(random, 20, 15, single ? 1e-30 : 1e-200)));
    shapes.add(new Shape("huge", gaussian(random, 15, 20, single ? 1e30 : 1e200)));
    for (int i = 0; i < RANDOM_SHAPES; i++) {
      shapes.add(
          new Shape(
              "random " + i, gaussian(random, 1 + random.nextInt(60), 1 + random.nextInt(60), 1)));
    }
    return shapes;
  }

  @ParameterizedTest(name = "{0} {1} {2} {3}")
  @MethodSource("cases")
  void decomposes(SvdSolver backend, Precision precision, String name, Shape shape) {
    try (Arena arena = Arena.open()) {
      Matrix a = Matrix.of(shape.rows).to(precision);
      Matrix before = a.copy();
      double tolerance = UNITS * precision.epsilon() * Math.max(a.rows(), a.cols());

      Svd svd = backend.decompose(a);

      assertThat(before.copy().plusInPlace(-1, a).maxAbsolute()).as("input stays").isZero();
      assertThat(svd.u().rows()).isEqualTo(a.rows());
      assertThat(svd.vt().cols()).isEqualTo(a.cols());
      assertThat(svd.s()).hasSize(a.minDimension());
      assertDescending(svd.s());
      assertOrthonormal(svd.u(), tolerance);
      assertOrthonormal(svd.vt().transposed(), tolerance);
      Matrix rebuilt = svd.u().copy().scaleColumnsInPlace(svd.s()).times(svd.vt());
      assertThat(rebuilt.plusInPlace(-1, a).maxAbsolute())
          .as("reconstruction")
          .isLessThanOrEqualTo(tolerance * svd.s()[0]);
      assertThat(svd.u().precision()).isEqualTo(precision);
      assertThat(svd.vt().precision()).isEqualTo(precision);
      double[] valuesAlone = backend.singularValues(a);
      assertThat(before.copy().plusInPlace(-1, a).maxAbsolute()).as("input stays").isZero();
      assertThat(valuesAlone).hasSize(a.minDimension());
      assertDescending(valuesAlone);
      for (int i = 0; i < valuesAlone.length; i++) {
        assertThat(valuesAlone[i]).isCloseTo(svd.s()[i], within(tolerance * svd.s()[0]));
      }
    }
  }

  private static Stream<Arguments> backendsAndPrecisions() {
    return backends()
        .flatMap(
            backend ->
                Arrays.stream(Precision.values())
                    .map(precision -> Arguments.of(backend, precision)));
  }

  @ParameterizedTest
  @MethodSource("backendsAndPrecisions")
  void knownSingularValuesAreFound(SvdSolver backend, Precision precision) {
    // Rotations on both sides of diag(5, 3, 0).
    Matrix a = Matrix.of(new double[][] {{0, 0, -3}, {4, -3, 0}, {0, 0, 0}}).to(precision);
    double[] expected = {5, 3, 0};

    double[] s = backend.singularValues(a);

    for (int i = 0; i < 3; i++) {
      assertThat(s[i]).isCloseTo(expected[i], within(UNITS * precision.epsilon()));
    }
  }

  @ParameterizedTest
  @MethodSource("backendsAndPrecisions")
  void aViewIsDecomposedLikeItsCopy(SvdSolver backend, Precision precision) {
    try (Arena arena = Arena.open()) {
      Matrix whole = Matrix.of(gaussian(new SplittableRandom(3), 20, 30, 1)).to(precision);
      Matrix view = whole.rowRange(2, 14).columnRange(5, 25);

      assertThat(backend.decompose(view).s()).containsExactly(backend.decompose(view.copy()).s());
    }
  }

  @ParameterizedTest
  @MethodSource("backendsAndPrecisions")
  void anEmptyMatrixIsRefused(SvdSolver backend, Precision precision) {
    Matrix empty = Matrix.allocate(3, 0, precision);

    assertThatThrownBy(() -> backend.decompose(empty)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> backend.singularValues(empty))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @MethodSource("backendsAndPrecisions")
  void aMatrixWithNaNIsRefused(SvdSolver backend, Precision precision) {
    Matrix a = Matrix.identity(4, precision);
    a.set(1, 2, Double.NaN);

    assertThatThrownBy(() -> backend.decompose(a)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> backend.singularValues(a))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void assertDescending(double[] s) {
    for (int i = 0; i < s.length; i++) {
      assertThat(s[i]).isNotNegative().isFinite();
      assertThat(i == 0 || s[i - 1] >= s[i]).isTrue();
    }
  }

  private static void assertOrthonormal(Matrix columns, double tolerance) {
    Matrix gram = columns.t().times(columns);
    gram.plusInPlace(-1, Matrix.identity(gram.rows(), gram.precision()));
    assertThat(gram.maxAbsolute()).as("orthonormality").isLessThanOrEqualTo(tolerance);
  }

  private static double[][] gaussian(SplittableRandom random, int rows, int cols, double scale) {
    double[][] values = new double[rows][cols];
    for (double[] row : values) {
      Arrays.setAll(row, j -> scale * random.nextGaussian());
    }
    return values;
  }

  private static double[][] diagonal(int order, java.util.function.IntToDoubleFunction value) {
    double[][] values = new double[order][order];
    for (int i = 0; i < order; i++) {
      values[i][i] = value.applyAsDouble(i);
    }
    return values;
  }

  private static double[][] rankTwo(SplittableRandom random, int rows, int cols) {
    double[][] u = gaussian(random, rows, 2, 1);
    double[][] v = gaussian(random, 2, cols, 1);
    double[][] values = new double[rows][cols];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        values[i][j] = u[i][0] * v[0][j] + u[i][1] * v[1][j];
      }
    }
    return values;
  }

  private static double[][] hilbert(int order) {
    double[][] values = new double[order][order];
    for (int i = 0; i < order; i++) {
      for (int j = 0; j < order; j++) {
        values[i][j] = 1.0 / (i + j + 1);
      }
    }
    return values;
  }
}
