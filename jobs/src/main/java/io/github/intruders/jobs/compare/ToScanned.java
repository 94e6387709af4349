package io.github.intruders.jobs.compare;

import io.github.intruders.accumulation.Intruder;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import io.github.intruders.scan.VectorScan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import scala.Tuple2;

/** Executor work: what a scan found in one matrix of one checkpoint, by matrix of the base. */
final class ToScanned implements PairFlatMapFunction<ScanEntry, Cell, Piece> {
  private static final long serialVersionUID = 1L;

  private final Layout layout;
  private final Side side;
  private final Set<String> matrices;

  /**
   * @param matrices that are compared; others are passed over
   */
  ToScanned(Layout layout, ScanSettings settings, Set<String> matrices) {
    this.layout = layout;
    this.side = settings.sides().get(0);
    this.matrices = matrices;
  }

  @Override
  public Iterator<Tuple2<Cell, Piece>> call(ScanEntry entry) {
    int member = Collections.binarySearch(layout.ids(), entry.checkpointId());
    if (member < 0 || !matrices.contains(entry.matrix())) {
      return Collections.emptyIterator();
    }
    List<Intruder> intruders = new ArrayList<>();
    for (VectorScan vector : entry.vectors()) {
      if (vector.side() == side && vector.isIntruder()) {
        intruders.add(
            new Intruder(vector.singularIndex(), vector.singularValue(), vector.bestSimilarity()));
      }
    }
    Tuple2<Cell, Piece> piece =
        new Tuple2<>(
            new Cell(entry.matrix(), layout.groupOf(member)),
            new Piece.Scanned(member, entry.key(), intruders));
    return List.of(piece).iterator();
  }
}
