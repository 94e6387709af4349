package io.github.intruders.jobs.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.jobs.TableRows;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.krylov.LinearMap;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.spectra.CertifiedTriplets;
import io.github.intruders.spectra.SpectraStore;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpreadMatrixTest {
  private static final int ROWS = 47;
  private static final int COLS = 20;
  private static final int PER_BLOCK = 4;

  /** Three columns of a product at once, so that seven take three jobs. */
  private static final SpreadMatrix.Sizes SIZES =
      new SpreadMatrix.Sizes(1, 3 * Float.BYTES * ROWS, 1 << 20);

  private final SplittableRandom random = new SplittableRandom(3);

  @Test
  void productsOfSpreadRowsAreThoseOfTheWholeMatrix() {
    JavaSparkContext context = new JavaSparkContext(TableRows.session().sparkContext());
    try (Arena arena = Arena.open()) {
      Matrix whole = gaussian(ROWS, COLS).to(Precision.SINGLE);
      Matrix exact = whole.to(Precision.DOUBLE);
      Matrix right = gaussian(COLS, 7);
      Matrix left = gaussian(ROWS, 7);
      List<SpreadMatrix.Block> blocks = blocks(whole);
      try (SpreadMatrix spread =
          new SpreadMatrix(
              context, context.parallelize(blocks, blocks.size()), ROWS, COLS, SIZES)) {
        assertThat(SIZES.columns(ROWS, COLS)).isEqualTo(3);
        assertThat(spread.norm()).isCloseTo(exact.frobeniusNorm(), within(1e-12));
        for (boolean flipped : new boolean[] {false, true}) {
          LinearMap map = spread.map(flipped);
          LinearOperator working = map.working();
          Matrix expectedForth = flipped ? exact.t().times(left) : exact.times(right);
          Matrix expectedBack = flipped ? exact.times(right) : exact.t().times(left);
          Matrix x = flipped ? left : right;
          Matrix y = flipped ? right : left;

          assertNear(working.forth(x.to(Precision.SINGLE)), expectedForth, 1e-4);
          assertNear(working.back(y.to(Precision.SINGLE)), expectedBack, 1e-4);
          LinearMap.Products products = map.exact(x.transposed(), y.transposed());
          assertNear(products.forth().transposed(), expectedForth, 1e-12);
          assertNear(products.back().transposed(), expectedBack, 1e-12);
        }
      }
    }
  }

  /** They lie in the store as those of a matrix that a task holds, under the same content. */
  @Test
  void leadingTripletsComeFromTheStoreUnlessTheyAreDamaged(@TempDir Path folder) throws Exception {
    JavaSparkContext context = new JavaSparkContext(TableRows.session().sparkContext());
    TaskStorage tasks = TaskStorage.of(context);
    Storage storage = tasks.open();
    SpectraStore store =
        new SpectraStore(storage, storage.qualify(folder.resolve("store").toString()));
    Path file = folder.resolve("base/model.safetensors");
    String name = "model.layers.0.mlp.up_proj.weight";
    try (Arena arena = Arena.open()) {
      Files.createDirectories(file.getParent());
      try (OutputStream out = Files.newOutputStream(file)) {
        new SafetensorsWriter().add(name, gaussian(ROWS, COLS).to(Precision.SINGLE)).writeTo(out);
      }
      BasePlan base =
          BasePlan.of(storage, "base", file.getParent().toString(), MatrixSelection.of(null, null));
      BaseMatrix matrix = base.matrices().get(name);
      Callable<SpreadMaps> opened =
          () -> new SpreadMaps(context, tasks, store, matrix, base.identity(matrix), SIZES);
      CertifiedTriplets triplets =
          new CertifiedTriplets(
              1,
              new double[] {2},
              gaussian(1, ROWS).to(Precision.SINGLE),
              gaussian(1, COLS).to(Precision.SINGLE),
              new double[] {1e-6},
              1.5,
              1,
              1.7,
              0);

      try (SpreadMaps maps = opened.call()) {
        assertThat(maps.leading()).isNull();
        maps.learn(triplets);
      }
      String content = new TensorReader(storage).contentHash(matrix.source());
      Path stored = folder.resolve("store/" + content + ".triplets.safetensors");
      try (SpreadMaps maps = opened.call()) {
        assertThat(maps.leading())
            .usingRecursiveComparison()
            .ignoringFields("left", "right")
            .isEqualTo(triplets);
        byte[] damaged = Files.readAllBytes(stored);
        damaged[damaged.length - 1] ^= 1;
        Files.write(stored, damaged);
        assertThat(maps.leading()).isNull();
        maps.learn(triplets);
        assertThat(maps.leading()).isNotNull();
      }
    }
  }

  private static List<SpreadMatrix.Block> blocks(Matrix whole) {
    List<SpreadMatrix.Block> blocks = new ArrayList<>();
    for (int from = 0; from < ROWS; from += PER_BLOCK) {
      Matrix rows = whole.rowRange(from, Math.min(ROWS, from + PER_BLOCK));
      blocks.add(new SpreadMatrix.Block(blocks.size(), from, HeapMatrix.of(rows)));
    }
    return blocks;
  }

  private static void assertNear(Matrix found, Matrix expected, double tolerance) {
    assertThat(found.to(Precision.DOUBLE).plusInPlace(-1, expected).frobeniusNorm())
        .isCloseTo(0, within(tolerance));
  }

  private Matrix gaussian(int rows, int cols) {
    return Gaussian.matrix(random, rows, cols);
  }
}
