package io.github.intruders.jobs.compare;

import io.github.intruders.input.Rejection;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Executor work: what is known of a checkpoint before it is read, by matrix of the base. A matrix
 * that was rejected is left out, not taken for one without an update; where the checkpoint lacks a
 * file, so is every matrix that was not found.
 */
final class ToPieces implements PairFlatMapFunction<CheckpointPlan, Cell, Piece> {
  private static final long serialVersionUID = 1L;

  private final Layout layout;
  private final Broadcast<BasePlan> base;

  ToPieces(Layout layout, Broadcast<BasePlan> base) {
    this.layout = layout;
    this.base = base;
  }

  @Override
  public Iterator<Tuple2<Cell, Piece>> call(CheckpointPlan plan) {
    int member = Collections.binarySearch(layout.ids(), plan.spec().id());
    List<Tuple2<Cell, Piece>> pieces = new ArrayList<>();
    if (member < 0) {
      return pieces.iterator();
    }
    int group = layout.groupOf(member);
    Set<String> planned = new HashSet<>();
    for (MatrixPlan matrix : plan.matrices()) {
      planned.add(matrix.base().name());
      pieces.add(
          new Tuple2<>(new Cell(matrix.base().name(), group), new Piece.Planned(member, matrix)));
    }
    Set<String> leftOut = new HashSet<>();
    for (Rejection rejection : plan.rejections()) {
      if (rejection.matrix() == null) {
        leftOut.addAll(base.value().matrices().keySet());
      } else if (base.value().matrices().containsKey(rejection.matrix())) {
        leftOut.add(rejection.matrix());
      }
    }
    leftOut.removeAll(planned);
    for (String matrix : leftOut) {
      pieces.add(new Tuple2<>(new Cell(matrix, group), new Piece.LeftOut(member)));
    }
    return pieces.iterator();
  }
}
