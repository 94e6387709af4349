package io.github.intruders.jobs.compare;

import io.github.intruders.compare.PairPart;
import io.github.intruders.compare.PairSum;
import io.github.intruders.compare.PairTile;
import io.github.intruders.jobs.figures.MatrixPair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.FlatMapFunction;

/** Executor work: the pairs of a tile in its matrix. */
final class ToMatrixPairs implements FlatMapFunction<MatrixTile, MatrixPair> {
  private static final long serialVersionUID = 1L;

  private final Layout layout;
  private final Map<String, String> familyOf;

  ToMatrixPairs(Layout layout, Map<String, String> familyOf) {
    this.layout = layout;
    this.familyOf = familyOf;
  }

  @Override
  public Iterator<MatrixPair> call(MatrixTile of) {
    PairTile tile = of.tile();
    List<MatrixPair> pairs = new ArrayList<>();
    for (int row = 0; row < tile.sizesA().size(); row++) {
      for (int column = tile.firstColumn(row); column < tile.sizesB().size(); column++) {
        PairPart part = tile.parts()[row][column];
        if (part != null) {
          String a = layout.ids().get(layout.first(tile.chunkA()) + row);
          String b = layout.ids().get(layout.first(tile.chunkB()) + column);
          pairs.add(
              new MatrixPair(
                  a,
                  b,
                  of.matrix(),
                  of.layer(),
                  of.module(),
                  new PairSum()
                      .add(tile.sizesA().get(row), tile.sizesB().get(column), part)
                      .figures(),
                  Arrays.stream(part.leftCosines()).boxed().toList(),
                  Arrays.stream(part.rightCosines()).boxed().toList(),
                  Families.ofBoth(familyOf, a, b)));
        }
      }
    }
    return pairs.iterator();
  }
}
