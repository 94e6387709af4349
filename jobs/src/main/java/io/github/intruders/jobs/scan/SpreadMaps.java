package io.github.intruders.jobs.scan;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.fidelity.MergeCheck;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.krylov.LinearMap;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.CoordinateUpdate;
import io.github.intruders.scan.MatrixMaps;
import io.github.intruders.scan.RowBlocks;
import io.github.intruders.spectra.CertifiedTriplets;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/**
 * A base matrix that executors hold in blocks of its stored rows, and what is tuned from it: an
 * adapter's factors lie here, a full fine-tune beside the base, one at a time.
 */
final class SpreadMaps implements MatrixMaps, AutoCloseable {
  private final JavaSparkContext context;
  private final Reading reading;
  private final SpectraStore store;
  private final String identity;
  private final SpreadMatrix base;
  private SpreadMatrix tuned;

  /** The hash of the base's tensor; null while nobody has asked for it. */
  private String content;

  /**
   * Reads the base.
   *
   * @param store has the base's leading triplets, or takes them
   * @param identity length and time of change of the base's file
   * @throws UserInputException if it can't be used
   */
  SpreadMaps(
      JavaSparkContext context,
      TaskStorage storage,
      SpectraStore store,
      BaseMatrix matrix,
      String identity,
      SpreadMatrix.Sizes sizes) {
    this.context = context;
    this.store = store;
    this.identity = identity;
    this.reading = new Reading(storage, matrix, sizes);
    int blocks = RowBlocks.countAsStored(matrix, sizes.blockBytes());
    int tasks = Math.min(blocks, Math.max(1, context.defaultParallelism()));
    List<Integer> indices = IntStream.range(0, blocks).boxed().toList();
    this.base = spread(context.parallelize(indices, tasks).map(reading::base));
  }

  /**
   * How executors read.
   *
   * @param storage where
   * @param matrix the base
   */
  private record Reading(TaskStorage storage, BaseMatrix matrix, SpreadMatrix.Sizes sizes)
      implements Serializable {
    private RowBlocks rows() {
      return RowBlocks.asStored(storage.open(), matrix, sizes.blockBytes());
    }

    /** Executor work: reads a block of the base. */
    SpreadMatrix.Block base(int index) throws IOException {
      RowBlocks rows = rows();
      try (Arena arena = Arena.open()) {
        HeapMatrix values = HeapMatrix.of(rows.base(index, Precision.SINGLE));
        return new SpreadMatrix.Block(index, rows.from(index), values);
      }
    }

    /** Executor work: reads a block of a tuned matrix. */
    SpreadMatrix.Block tuned(MatrixPlan plan, SpreadMatrix.Block of) throws IOException {
      TaskThreads.apply();
      try (Arena arena = Arena.open()) {
        Matrix w0 = of.values().matrix(Precision.DOUBLE);
        return of.with(rows().tuned(plan).read(of.index(), w0).in(RowBlocks.precision(plan)));
      }
    }

    /** Executor work: the hash of the base, which has to be read in order for it. */
    String content() throws IOException {
      return new TensorReader(storage.open()).contentHash(matrix.source());
    }

    boolean flipped() {
      return matrix.source().transposed();
    }
  }

  private SpreadMatrix spread(JavaRDD<SpreadMatrix.Block> blocks) {
    int rows = reading.matrix().source().rows();
    int cols = reading.matrix().source().cols();
    boolean flipped = reading.flipped();
    return job(
        () ->
            new SpreadMatrix(
                context, blocks, flipped ? cols : rows, flipped ? rows : cols, reading.sizes()));
  }

  /** What a Spark job brings, or the fault behind its failure. */
  private static <T> T job(Supplier<T> job) {
    try {
      return job.get();
    } catch (Exception e) { // Spark throws checked exceptions without declaring them
      Optional<RuntimeException> known = known(e);
      if (known.isPresent()) {
        throw known.get();
      }
      throw e;
    }
  }

  /** The fault behind a failed Spark job that costs only one matrix, if it was such a one. */
  static Optional<RuntimeException> known(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof UserInputException || cause instanceof ArithmeticException) {
        return Optional.of((RuntimeException) cause);
      }
    }
    return Optional.empty();
  }

  @Override
  public LinearMap base() {
    return base.map(reading.flipped());
  }

  @Override
  public CertifiedTriplets leading() throws IOException {
    MatrixSource source = reading.matrix().source();
    return store.findTriplets(content(), source.rows(), source.cols()).orElse(null);
  }

  @Override
  public void learn(CertifiedTriplets found) throws IOException {
    store.writeTriplets(content(), reading.matrix().source(), found);
  }

  private String content() throws IOException {
    if (content == null) {
      MatrixSource source = reading.matrix().source();
      Optional<String> known = store.knownContent(source, identity);
      if (known.isPresent()) {
        content = known.get();
      } else {
        Reading from = reading;
        content = job(() -> context.parallelize(List.of(0), 1).map(any -> from.content()).first());
        store.noteContent(source, identity, content);
      }
    }
    return content;
  }

  @Override
  public LinearMap tuned(MatrixPlan plan, Figures figures) throws IOException {
    forgetTuned();
    BaseMatrix matrix = reading.matrix();
    if (plan.update() instanceof UpdateSource.LowRank) {
      CoordinateUpdate.Factors factors =
          CoordinateUpdate.Factors.read(
              new TensorReader(reading.storage().open()),
              plan.update().adapters(),
              matrix.source().rows(),
              matrix.source().cols());
      figures.take(UpdateStatistics.ofFactors(factors.b(), factors.a()), () -> 0, null);
      return new LinearMap.Updated(base(), factors.b(), factors.a());
    }
    Reading from = reading;
    tuned = spread(base.blocks().map(block -> from.tuned(plan, block)));
    double squares = 0;
    long unchanged = 0;
    for (RowBlocks.Change of :
        base.blocks().zip(tuned.blocks()).map(SpreadMaps::change).collect()) {
      squares += of.squares();
      unchanged += of.unchanged();
    }
    long same = unchanged;
    figures.take(
        statistics(Math.sqrt(squares)), () -> same, MergeCheck.ofPieces(plan.mergedFrom()));
    return tuned.map(reading.flipped());
  }

  private UpdateStatistics statistics(double norm) {
    if (norm == 0) {
      return UpdateStatistics.NONE;
    }
    try (SpreadMatrix update =
        spread(base.blocks().zip(tuned.blocks()).map(SpreadMaps::difference))) {
      return UpdateStatistics.estimated(update, norm, reading.matrix().name())
          .orElseThrow(
              () ->
                  new ArithmeticException(
                      "Cannot take an update of norm %s in single precision".formatted(norm)));
    }
  }

  private void forgetTuned() {
    if (tuned != null) {
      tuned.close();
      tuned = null;
    }
  }

  @Override
  public void close() {
    forgetTuned();
    base.close();
  }

  /** Executor work: what an update changes in a block. */
  private static RowBlocks.Change change(Tuple2<SpreadMatrix.Block, SpreadMatrix.Block> both) {
    TaskThreads.apply();
    try (Arena arena = Arena.open()) {
      return RowBlocks.Change.of(
          both._1().values().matrix(Precision.DOUBLE), both._2().values().matrix(Precision.DOUBLE));
    }
  }

  /** Executor work: a block of an update, rounded to single precision. */
  private static SpreadMatrix.Block difference(
      Tuple2<SpreadMatrix.Block, SpreadMatrix.Block> both) {
    TaskThreads.apply();
    try (Arena arena = Arena.open()) {
      Matrix w0 = both._1().values().matrix(Precision.DOUBLE);
      Matrix update = both._2().values().matrix(Precision.DOUBLE).plusInPlace(-1, w0);
      return both._1().with(update.to(Precision.SINGLE));
    }
  }
}
