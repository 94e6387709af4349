package io.github.intruders.jobs.cli;

import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A base and the checkpoints of a sequence, with known intruders: they lie among small base
 * vectors, which leaves the leading ones alone.
 */
final class PlantedModels {
  private static final int P = 64;
  private static final int LEADING = 20;
  private static final int DIRECTIONS = 4;

  private PlantedModels() {}

  /**
   * One triplet.
   *
   * @param strength σ; below zero, the left vector has the other sign
   * @param mixture weights of the directions, of length 1
   */
  record Planted(double strength, double[] mixture) {
    static Planted of(double strength, int direction) {
      return mixed(strength, direction, 1, direction, 0);
    }

    static Planted mixed(
        double strength, int one, double weightOne, int other, double weightOther) {
      double[] mixture = new double[DIRECTIONS];
      mixture[one] = weightOne;
      mixture[other] += weightOther;
      return new Planted(strength, mixture);
    }
  }

  /**
   * Writes {@code base} and {@code s1}, {@code s2}, ….
   *
   * @param matrices name → what is planted, by step; as many steps for each
   */
  static void write(Path folder, Map<String, List<List<Planted>>> matrices) throws IOException {
    int steps = matrices.values().iterator().next().size();
    for (int step = 0; step <= steps; step++) {
      SplittableRandom random = new SplittableRandom(77);
      Path model = Files.createDirectories(folder.resolve(step == 0 ? "base" : "s" + step));
      try (Arena arena = Arena.open();
          OutputStream out = Files.newOutputStream(model.resolve("model.safetensors"))) {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (Map.Entry<String, List<List<Planted>>> matrix : new TreeMap<>(matrices).entrySet()) {
          List<Planted> planted = step == 0 ? List.of() : matrix.getValue().get(step - 1);
          writer.add(matrix.getKey(), matrix(random, planted).to(Precision.SINGLE));
        }
        writer.writeTo(out);
      }
    }
  }

  private static Matrix matrix(SplittableRandom random, List<Planted> planted) {
    Matrix u = OrthonormalBasis.of(gaussian(random, P, P)).q();
    Matrix v = OrthonormalBasis.of(gaussian(random, P, P)).q();
    double[] s = new double[P];
    for (int i = 0; i < P; i++) {
      s[i] = i < LEADING ? 20 - 0.5 * i : 1 - 0.01 * i;
    }
    Matrix w = u.copy().scaleColumnsInPlace(s).times(v.t());
    Matrix tail = OrthonormalBasis.of(gaussian(random, P - LEADING, DIRECTIONS)).q();
    Matrix left = u.columnRange(LEADING, P).times(tail);
    Matrix right = v.columnRange(LEADING, P).times(tail);
    for (Planted one : planted) {
      Matrix mixture = Matrix.allocate(DIRECTIONS, 1, Precision.DOUBLE);
      for (int i = 0; i < DIRECTIONS; i++) {
        mixture.set(i, 0, one.mixture()[i]);
      }
      w.plusInPlace(one.strength(), left.times(mixture).times(right.times(mixture).t()));
    }
    return w;
  }

  private static Matrix gaussian(SplittableRandom random, int rows, int cols) {
    Matrix matrix = Matrix.allocate(rows, cols, Precision.DOUBLE);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix.set(i, j, random.nextGaussian());
      }
    }
    return matrix;
  }
}
