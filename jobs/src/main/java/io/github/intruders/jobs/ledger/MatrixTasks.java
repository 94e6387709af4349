package io.github.intruders.jobs.ledger;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.MatrixPlan;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.MDC;
import scala.Tuple2;

/**
 * Executor work: one base matrix after the other, each in all its checkpoints. What comes of them
 * is in the ledger when the matrix is done, as a whole or not at all.
 *
 * @param <K> what the matrices of a task are grouped by
 * @param <E> what comes of each
 */
public final class MatrixTasks<K, E extends LedgerEntry>
    implements VoidFunction<Iterator<Tuple2<K, Iterable<MatrixPlan>>>> {
  private static final long serialVersionUID = 1L;

  private final TaskStorage storage;
  private final Broadcast<BasePlan> base;
  private final Work<E> work;

  public MatrixTasks(TaskStorage storage, Broadcast<BasePlan> base, Work<E> work) {
    this.storage = storage;
    this.base = base;
    this.work = work;
  }

  /** What is done with the matrices. */
  public interface Work<E extends LedgerEntry> extends Serializable {
    /** Where it is recorded. */
    Ledger<E> ledger(Storage storage);

    /** Names a piece of work. */
    String key(MatrixPlan plan);

    /** Gets ready what serves all matrices of one task. */
    OnMatrix<E> begin(Storage storage);
  }

  /** What is done with one matrix. */
  @FunctionalInterface
  public interface OnMatrix<E extends LedgerEntry> {
    /**
     * Does it.
     *
     * @param identity length and time of change of the base's file
     * @param plans of this matrix, by checkpoint
     * @param sink takes what comes of each
     * @param rejections takes what could not be done
     */
    void run(
        BaseMatrix matrix,
        String identity,
        List<MatrixPlan> plans,
        Ledger.Sink<E> sink,
        Consumer<Rejection> rejections)
        throws IOException;
  }

  @Override
  public void call(Iterator<Tuple2<K, Iterable<MatrixPlan>>> matrices) throws IOException {
    TaskThreads.apply();
    Storage opened = storage.open();
    Ledger<E> ledger = work.ledger(opened);
    OnMatrix<E> onMatrix = work.begin(opened);
    while (matrices.hasNext()) {
      List<MatrixPlan> plans = new ArrayList<>();
      matrices.next()._2().forEach(plans::add);
      plans.sort(Comparator.comparing(MatrixPlan::checkpointId));
      try (MDC.MDCCloseable context = LogContext.ofMatrix(plans.get(0).base().name())) {
        run(ledger, onMatrix, plans);
      }
    }
  }

  private void run(Ledger<E> ledger, OnMatrix<E> onMatrix, List<MatrixPlan> plans)
      throws IOException {
    BaseMatrix matrix = plans.get(0).base();
    List<String> keys = plans.stream().map(work::key).toList();
    List<Rejection> rejections = new ArrayList<>();
    ledger.writeEntries(
        keys,
        sink -> onMatrix.run(matrix, base.value().identity(matrix), plans, sink, rejections::add));
    if (!rejections.isEmpty()) {
      ledger.writeRejects(keys, rejections);
    }
  }
}
