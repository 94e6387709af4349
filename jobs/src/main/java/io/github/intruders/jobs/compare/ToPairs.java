package io.github.intruders.jobs.compare;

import io.github.intruders.compare.TileSums;
import io.github.intruders.jobs.figures.AdapterPair;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.FlatMapFunction;
import scala.Tuple2;

/** Executor work: the pairs of a tile from their sums. */
final class ToPairs implements FlatMapFunction<Tuple2<MatrixTile.TileKey, TileSums>, AdapterPair> {
  private static final long serialVersionUID = 1L;

  private final Layout layout;
  private final String baseId;
  private final Map<String, Integer> others;

  /**
   * @param others what else was rejected of checkpoints than matrices of the base
   */
  ToPairs(Layout layout, String baseId, Map<String, Integer> others) {
    this.layout = layout;
    this.baseId = baseId;
    this.others = others;
  }

  @Override
  public Iterator<AdapterPair> call(Tuple2<MatrixTile.TileKey, TileSums> tile) {
    List<AdapterPair> pairs = new ArrayList<>();
    tile._2()
        .forEach(
            (row, column, sum) -> {
              String a = layout.ids().get(layout.first(tile._1().chunkA()) + row);
              String b = layout.ids().get(layout.first(tile._1().chunkB()) + column);
              int more = others.getOrDefault(a, 0) + others.getOrDefault(b, 0);
              pairs.add(
                  new AdapterPair(
                      a,
                      b,
                      baseId,
                      sum.matrices(),
                      sum.leftOut() + more,
                      sum.figures(more == 0),
                      sum.maxLeftCosine(),
                      sum.maxRightCosine(),
                      sum.safeToMerge(more == 0),
                      null));
            });
    return pairs.iterator();
  }
}
