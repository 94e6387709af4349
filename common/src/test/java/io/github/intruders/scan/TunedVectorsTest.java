package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import io.github.intruders.spectra.BaseSpectrum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tuned vectors in full, from coordinates, against those of a dense decomposition. */
class TunedVectorsTest {
  private static final int K = 6;
  private static final double TOLERANCE = 1e-4;

  private final SplittableRandom random = new SplittableRandom(5);

  @ParameterizedTest
  @CsvSource({"120,120", "200,80", "80,200"})
  void areThoseOfTheDenseDecomposition(int rows, int cols) {
    try (Arena arena = Arena.open()) {
      Matrix w0 = gaussian(rows, cols);
      BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));
      CoordinateUpdate.Factors factors =
          new CoordinateUpdate.Factors(
              gaussian(rows, 3), gaussian(3, cols).scaleRowsInPlace(new double[] {1, 0.8, 0.6}));
      Matrix w = w0.copy().plusProductInPlace(1, factors.b(), factors.a());
      Svd dense = LapackSvd.DIVIDE_AND_CONQUER.decompose(w);
      TunedSpectrum tuned =
          new LowRankRoute()
              .solve(base, CoordinateUpdate.project(base, List.of(factors)).get(0), K)
              .orElseThrow();

      for (TunedVectors vectors :
          List.of(
              TunedVectors.of(base, tuned, factors),
              TunedVectors.of(base, tuned, w.to(Precision.SINGLE)))) {
        for (int j = 0; j < K; j++) {
          double sign = Math.signum(dot(vectors.u().column(j), dense.u().column(j)));
          assertThat(sign * dot(vectors.u().column(j), dense.u().column(j)))
              .isCloseTo(1, within(TOLERANCE));
          assertThat(sign * dot(vectors.v().column(j), dense.vt().row(j)))
              .isCloseTo(1, within(TOLERANCE));
        }
      }
    }
  }

  @Test
  void aTripletWithoutDirectionHasNoVectors() {
    try (Arena arena = Arena.open()) {
      Matrix w0 = gaussian(30, 2).times(gaussian(2, 30));
      BaseSpectrum base = BaseSpectrum.of("", LapackSvd.DIVIDE_AND_CONQUER.decompose(w0));

      TunedVectors vectors =
          TunedVectors.of(base, new DenseRoute().solve(base, w0, 4), w0.to(Precision.SINGLE));

      assertThat(dot(vectors.u().column(1), vectors.u().column(1))).isCloseTo(1, within(1e-6));
      assertThat(vectors.u().columnRange(2, 4).maxAbsolute()).isZero();
      assertThat(vectors.v().columnRange(2, 4).maxAbsolute()).isZero();
    }
  }

  @Test
  void areReadAsTheyWereWritten(@TempDir Path folder) throws IOException {
    Storage storage = new HadoopStorage(new Configuration());
    TunedVectorStore store = new TunedVectorStore(storage, storage.qualify(folder.toString()));
    try (Arena arena = Arena.open()) {
      Matrix u = gaussian(7, 3).to(Precision.SINGLE);
      Matrix v = gaussian(5, 3).to(Precision.SINGLE);

      store.write("a", new TunedVectors(u, v));
      TunedVectors read = store.read("a");

      assertThat(read.u().copy().plusInPlace(-1, u).maxAbsolute()).isZero();
      assertThat(read.v().copy().plusInPlace(-1, v).maxAbsolute()).isZero();
      assertThatThrownBy(() -> store.read("b"))
          .isInstanceOf(UserInputException.class)
          .hasMessageContaining("b.safetensors");
    }
  }

  private Matrix gaussian(int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
