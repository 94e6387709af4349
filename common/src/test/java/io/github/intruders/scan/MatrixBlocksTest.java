package io.github.intruders.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsHeader;
import io.github.intruders.checkpoint.SafetensorsWriter;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tall and wide, stored by rows and by columns: all four are sums over blocks of the long side. */
class MatrixBlocksTest {
  private static final int LONG = 6000;
  private static final int SHORT = 20;
  private static final long BLOCK_BYTES = 2L * Double.BYTES * SHORT * 1500;

  private final CountingStorage storage =
      new CountingStorage(new HadoopStorage(new Configuration()));

  @TempDir private Path folder;

  @Test
  void everyShapeAndOrderGivesTheGramMatrixOfItsShortSide() throws Exception {
    for (boolean wide : new boolean[] {false, true}) {
      for (boolean transposed : new boolean[] {false, true}) {
        try (Arena arena = Arena.open()) {
          Matrix w = gaussian(wide ? SHORT : LONG, wide ? LONG : SHORT);
          BaseMatrix base = stored(transposed ? w.transposed() : w, transposed);
          Matrix tall = wide ? w.transposed() : w;
          Matrix expected =
              Matrix.zeros(SHORT, SHORT, Precision.DOUBLE)
                  .plusGramInPlace(tall.to(Precision.DOUBLE));
          long before = storage.bytesRead();

          int count = MatrixBlocks.count(base, BLOCK_BYTES);
          Matrix gram =
              new MatrixBlocks(storage, base, BLOCK_BYTES)
                  .gram(IntStream.range(0, count).boxed().toList());

          assertThat(MatrixBlocks.suits(base)).isTrue();
          assertThat(count).isEqualTo(4);
          for (int i = 0; i < SHORT; i++) {
            for (int j = i; j < SHORT; j++) {
              assertThat(gram.get(i, j))
                  .as("wide %s, transposed %s", wide, transposed)
                  .isCloseTo(expected.get(i, j), within(1e-9));
            }
          }
          // Blocks are pieces of the stored rows or whole ones; what lies between is not read.
          assertThat(storage.bytesRead() - before).isEqualTo(base.source().lengthBytes());
        }
      }
    }
  }

  private BaseMatrix stored(Matrix matrix, boolean transposed) throws Exception {
    String file = storage.qualify(folder.resolve("w.safetensors").toString());
    SafetensorsWriter writer = new SafetensorsWriter().add("w.weight", matrix);
    storage.write(file, writer::writeTo);
    List<MatrixSource> sources = new ArrayList<>();
    try (var source = storage.open(file)) {
      sources.addAll(
          MatrixSource.of(SafetensorsHeader.parse(source).tensors().get("w.weight"), transposed));
    }
    return BaseMatrix.of(sources.get(0));
  }

  private static Matrix gaussian(int rows, int cols) {
    return Gaussian.matrix(new SplittableRandom(5), rows, cols, 1, Precision.SINGLE);
  }
}
