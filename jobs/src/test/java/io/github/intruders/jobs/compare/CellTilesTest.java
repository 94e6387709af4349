package io.github.intruders.jobs.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.compare.TileSums;
import io.github.intruders.compare.UpdateTriplets;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Groups of checkpoints whose updates travel between tasks. */
class CellTilesTest {
  private static final int MEMBERS = 150;

  private final List<String> ids =
      IntStream.range(0, MEMBERS).mapToObj("c%03d"::formatted).toList();

  /** The first group alone changes the matrix, and in it every tenth member. */
  @Test
  void everyPairIsThereOnceHoweverTheMembersAreGrouped() {
    Map<String, String> together = pairs(new Layout(ids, 1));

    assertThat(together).hasSize(MEMBERS * (MEMBERS - 1) / 2);
    assertThat(together.get("c000 c010")).startsWith("1 ");
    assertThat(together.get("c000 c001")).startsWith("0 ");
    assertThat(pairs(new Layout(ids, 2))).isEqualTo(together);
    assertThat(pairs(new Layout(ids, 3))).isEqualTo(together);
    assertThat(new Layout(ids, 1000).groups()).isEqualTo(3);
  }

  /** Pair → in how many matrices both have an update, and both norms. */
  private static Map<String, String> pairs(Layout layout) {
    TreeMap<MatrixTile.TileKey, TileSums> sums =
        new TreeMap<>(
            (one, other) ->
                one.chunkA() != other.chunkA()
                    ? one.chunkA() - other.chunkA()
                    : one.chunkB() - other.chunkB());
    List<PackedCell> cells = new ArrayList<>();
    for (int group = 0; group < layout.groups(); group++) {
      boolean hasUpdates = false;
      try (ReadCell cell = ReadCell.of(layout, group)) {
        for (int member = 0; member < 60; member += 10) {
          if (layout.groupOf(member) == group) {
            cell.put(member, update(member), null);
            hasUpdates = true;
          }
        }
        if (hasUpdates) {
          cells.add(cell.pack(group));
        }
      }
    }
    for (int a = 0; a < layout.groups(); a++) {
      for (int b = a; b < layout.groups(); b++) {
        Layout.GroupPair groups = new Layout.GroupPair(a, b);
        CellTiles tiles =
            CellTiles.of(
                layout,
                matrix(),
                groups,
                cells.stream()
                    .filter(cell -> cell.group() == groups.a() || cell.group() == groups.b())
                    .toList());
        while (tiles.hasNext()) {
          MatrixTile tile = tiles.next();
          sums.merge(tile.key(), new TileSums().add(tile.tile()), TileSums::add);
        }
      }
    }
    TreeMap<String, String> pairs = new TreeMap<>();
    sums.forEach(
        (key, sum) ->
            sum.forEach(
                (row, column, pair) -> {
                  String name =
                      layout.ids().get(layout.first(key.chunkA()) + row)
                          + " "
                          + layout.ids().get(layout.first(key.chunkB()) + column);
                  String figures =
                      "%d %.12f %.12f"
                          .formatted(
                              pair.matrices(), pair.figures().normA(), pair.figures().normB());
                  assertThat(pairs.put(name, figures)).as(name).isNull();
                }));
    return pairs;
  }

  private static UpdateTriplets update(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Matrix b = Matrix.allocate(6, 1, Precision.DOUBLE);
    Matrix a = Matrix.allocate(1, 5, Precision.DOUBLE);
    for (int i = 0; i < 6; i++) {
      b.set(i, 0, random.nextGaussian());
    }
    for (int i = 0; i < 5; i++) {
      a.set(0, i, random.nextGaussian());
    }
    return UpdateTriplets.ofFactors(b, a);
  }

  private static BaseMatrix matrix() {
    return BaseMatrix.of(
        MatrixSource.of(
                new TensorInfo("layers.0.q.weight", DType.F32, List.of(6L, 5L), "file", 0, 120),
                false)
            .get(0));
  }
}
