package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Principal angles against SciPy (src/test/python/golden_geometry.py). */
class PrincipalAnglesTest {
  @Test
  void smallRightAndMixedAnglesAreThoseOfScipy() throws Exception {
    JsonNode planted;
    try (InputStream in = PrincipalAnglesTest.class.getResourceAsStream("/golden/geometry.json")) {
      planted = new ObjectMapper().readTree(in).path("planted");
    }
    assertThat(planted).hasSize(7);
    for (JsonNode one : planted) {
      try (Arena arena = Arena.open()) {
        double[] angles = PrincipalAngles.between(matrix(one.path("a")), matrix(one.path("b")));
        assertThat(angles).hasSameSizeAs(one.path("radians"));
        for (int i = 0; i < angles.length; i++) {
          double expected = one.path("radians").path(i).asDouble();
          assertThat(angles[i]).isCloseTo(expected, within(1e-14 + 1e-7 * expected));
        }
      }
    }
  }

  @Test
  void anglesWithTheLeadingAxesAreThoseWithTheirSpan() {
    try (Arena arena = Arena.open()) {
      Matrix basis = Gaussian.matrix(new SplittableRandom(3), 12, 4);
      Matrix vectors = OrthonormalBasis.of(basis).q();
      Matrix axes = Matrix.identity(12, Precision.DOUBLE).columnRange(0, 4).copy();

      double[] expected = PrincipalAngles.between(axes, vectors);

      assertThat(PrincipalAngles.fromAxes(vectors.transposed()))
          .containsExactly(expected, within(1e-12));
    }
  }

  @Test
  void cosinesAloneTellLargeAnglesAndLoseSmallOnes() {
    try (Arena arena = Arena.open()) {
      Matrix cosines = Matrix.of(new double[][] {{0, Math.cos(0.5)}, {1, 0}});

      assertThat(PrincipalAngles.fromCosines(cosines))
          .containsExactly(new double[] {0.5, 0}, within(1e-12));
    }
  }

  private static Matrix matrix(JsonNode rows) {
    double[][] values = new double[rows.size()][rows.path(0).size()];
    for (int i = 0; i < values.length; i++) {
      for (int j = 0; j < values[i].length; j++) {
        values[i][j] = rows.path(i).path(j).asDouble();
      }
    }
    return Matrix.of(values);
  }
}
