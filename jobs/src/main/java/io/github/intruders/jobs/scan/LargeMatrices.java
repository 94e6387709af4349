package io.github.intruders.jobs.scan;

import io.github.intruders.cost.CostModel;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.ScanCost;
import io.github.intruders.jobs.ledger.Ledger;
import io.github.intruders.jobs.ledger.ScanEntry;
import io.github.intruders.jobs.progress.JobProgress;
import io.github.intruders.jobs.progress.LogContext;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.GramRoute;
import io.github.intruders.scan.MatrixBlocks;
import io.github.intruders.scan.MatrixScan;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.spectra.GramSpectrum;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.slf4j.MDC;
import scala.Tuple2;

/**
 * Scans matrices that no single task can hold, one after the other, each by all tasks: every task
 * sums over some blocks, and one task draws the conclusions from the total.
 */
final class LargeMatrices {
  private final JavaSparkContext context;
  private final JobConfig config;
  private final String runId;
  private final MemoryLimit memory;
  private final JobProgress progress;
  private final StageCounters counters;
  private final Work work;

  LargeMatrices(
      JavaSparkContext context,
      TaskStorage storage,
      JobConfig config,
      String runId,
      MemoryLimit memory,
      JobProgress progress,
      StageCounters counters) {
    this.context = context;
    this.config = config;
    this.runId = runId;
    this.memory = memory;
    this.progress = progress;
    this.counters = counters;
    this.work = new Work(storage, config.spectraUri(), config.settings(), memory.bytes() / 4);
  }

  /**
   * Scans one matrix in all plans; every plan ends in the ledger, as an entry or as a rejection.
   *
   * @param identity length and time of change of the base's file
   */
  void scan(BaseMatrix matrix, String identity, List<MatrixPlan> plans) throws IOException {
    try (MDC.MDCCloseable context = LogContext.ofMatrix(matrix.name())) {
      scanAll(matrix, identity, plans);
    }
  }

  private void scanAll(BaseMatrix matrix, String identity, List<MatrixPlan> plans)
      throws IOException {
    Ledger<ScanEntry> ledger = Ledger.ofScan(work.storage.open(), config.outUri(), runId);
    Optional<UserInputException> refusal = refusal(matrix);
    if (refusal.isPresent()) {
      reject(ledger, plans, refusal.get());
      return;
    }
    try {
      decompose(matrix, identity);
    } catch (Exception e) { // Spark throws checked exceptions without declaring them
      Optional<UserInputException> fault = inputFault(e);
      if (fault.isEmpty()) {
        throw e;
      }
      reject(ledger, plans, fault.get());
      return;
    }
    List<MatrixPlan> stack = new ArrayList<>();
    for (MatrixPlan plan : plans) {
      if (plan.update() instanceof UpdateSource.LowRank) {
        if (!stack.isEmpty() && !fits(matrix, stack, plan)) {
          scanAdapters(ledger, matrix, identity, stack);
          stack.clear();
        }
        stack.add(plan);
      } else {
        scanWhole(ledger, matrix, identity, plan);
      }
    }
    if (!stack.isEmpty()) {
      scanAdapters(ledger, matrix, identity, stack);
    }
  }

  private Optional<UserInputException> refusal(BaseMatrix matrix) {
    String reason;
    if (config.settings().solver() == SolverChoice.EXACT) {
      reason = "--solver exact decomposes a matrix in one task";
    } else if (matrix.source().scale() != null) {
      reason = "8-bit weights with scales are not read in blocks";
    } else if (!MatrixBlocks.suits(matrix)) {
      reason = "only matrices with one side at least twice the other go in blocks";
    } else if (!memory.allows(CostModel.blockwiseBytes(matrix))) {
      reason = memory.refusal(CostModel.blockwiseBytes(matrix), "a scan in blocks");
    } else {
      return Optional.empty();
    }
    return Optional.of(
        UserInputException.inTensor(
            RejectCode.TOO_LARGE,
            matrix.source().file(),
            matrix.name(),
            "%s, and %s; %s"
                .formatted(
                    memory.refusal(
                        CostModel.decomposition(matrix).nativeBytes(),
                        "the decomposition of %dx%d"
                            .formatted(matrix.source().rows(), matrix.source().cols())),
                    reason,
                    memory.remedy())));
  }

  private boolean fits(BaseMatrix matrix, List<MatrixPlan> stack, MatrixPlan next) {
    long columns = next.adapterRank();
    for (MatrixPlan plan : stack) {
      columns += plan.adapterRank();
    }
    return columns <= CostModel.blockwiseColumns(matrix, memory.bytes());
  }

  private void decompose(BaseMatrix matrix, String identity) throws IOException {
    SpectraStore store = new SpectraStore(work.storage.open(), config.spectraUri());
    try (Arena arena = Arena.open()) {
      if (store.findGram(matrix.source(), identity).isPresent()) {
        return;
      }
    }
    progress.describe("decomposing %s in blocks".formatted(matrix.name()));
    Work of = work;
    total(matrix, blocks -> of.gram(matrix, blocks))
        .foreach(sum -> of.storeSpectrum(matrix, identity, sum._2()));
  }

  private void scanWhole(
      Ledger<ScanEntry> ledger, BaseMatrix matrix, String identity, MatrixPlan plan)
      throws IOException {
    long start = System.nanoTime();
    progress.describe("%s of %s in blocks".formatted(matrix.name(), plan.checkpointId()));
    Work of = work;
    try {
      MatrixScan scan =
          total(matrix, blocks -> of.sums(matrix, plan, blocks))
              .map(sum -> of.scanSums(matrix, identity, plan, sum._2()))
              .first();
      write(ledger, plan, scan, start, 1);
    } catch (Exception e) {
      Optional<UserInputException> fault = inputFault(e);
      if (fault.isEmpty()) {
        throw e;
      }
      reject(ledger, List.of(plan), fault.get());
    }
  }

  private void scanAdapters(
      Ledger<ScanEntry> ledger, BaseMatrix matrix, String identity, List<MatrixPlan> stack)
      throws IOException {
    long start = System.nanoTime();
    progress.describe("%s of %d adapters in blocks".formatted(matrix.name(), stack.size()));
    Work of = work;
    List<MatrixPlan> plans = List.copyOf(stack);
    Map<String, MatrixScan> scans;
    try {
      scans =
          total(matrix, blocks -> of.projected(matrix, plans, blocks))
              .map(sum -> of.scanProjected(matrix, identity, plans, sum._2()))
              .first();
    } catch (Exception e) {
      Optional<UserInputException> fault = inputFault(e);
      if (fault.isEmpty()) {
        throw e;
      }
      if (plans.size() == 1) {
        reject(ledger, plans, fault.get());
        return;
      }
      for (MatrixPlan plan : plans) { // one of them is at fault
        scanAdapters(ledger, matrix, identity, List.of(plan));
      }
      return;
    }
    for (MatrixPlan plan : plans) {
      MatrixScan scan = scans.get(plan.checkpointId());
      if (scan == null) {
        scanWhole(ledger, matrix, identity, plan);
      } else {
        write(ledger, plan, scan, start, plans.size());
      }
    }
  }

  /** Sums what a function makes of the blocks of rows, over all tasks; one pair comes out. */
  private JavaPairRDD<Integer, double[]> total(BaseMatrix matrix, Sum sum) {
    int blocks = MatrixBlocks.count(matrix, work.blockBytes);
    int tasks = Math.min(blocks, Math.max(1, context.defaultParallelism()));
    return context
        .parallelize(IntStream.range(0, blocks).boxed().toList(), tasks)
        .mapPartitions(new SumBlocks(sum))
        .mapToPair(part -> new Tuple2<>(0, part))
        .reduceByKey(LargeMatrices::added, 1);
  }

  private static double[] added(double[] total, double[] part) {
    for (int i = 0; i < total.length; i++) {
      total[i] += part[i];
    }
    return total;
  }

  private void write(
      Ledger<ScanEntry> ledger, MatrixPlan plan, MatrixScan scan, long start, int shares)
      throws IOException {
    long millis = (System.nanoTime() - start) / 1_000_000 / shares;
    ScanEntry entry = ScanEntry.of(new ScanOutcome.Analysed(plan, scan, millis), config.settings());
    ledger.writeEntries(List.of(entry.key()), sink -> sink.write(entry));
    counters.finished(ScanCost.of(plan, config.settings()));
  }

  private void reject(Ledger<ScanEntry> ledger, List<MatrixPlan> plans, UserInputException fault)
      throws IOException {
    if (config.onError() == JobConfig.OnError.FAIL) {
      throw fault;
    }
    ledger.writeRejects(
        plans.stream().map(plan -> ScanEntry.key(plan, config.settings())).toList(),
        plans.stream()
            .map(plan -> Rejection.of(plan.checkpointId(), plan.base().name(), fault))
            .toList());
    plans.forEach(plan -> counters.rejected(ScanCost.of(plan, config.settings())));
  }

  /** The fault of the input behind a failed Spark job, if it was one. */
  private static Optional<UserInputException> inputFault(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof UserInputException fault) {
        return Optional.of(fault);
      }
    }
    return Optional.empty();
  }

  /** Makes numbers of some blocks of rows. */
  @FunctionalInterface
  private interface Sum extends Serializable {
    double[] of(List<Integer> blocks) throws IOException;
  }

  /** Executor work: the blocks of one task. */
  private record SumBlocks(Sum sum) implements FlatMapFunction<Iterator<Integer>, double[]> {
    @Override
    public Iterator<double[]> call(Iterator<Integer> blocks) throws IOException {
      TaskThreads.apply();
      List<Integer> all = new ArrayList<>();
      blocks.forEachRemaining(all::add);
      return all.isEmpty() ? List.<double[]>of().iterator() : List.of(sum.of(all)).iterator();
    }
  }

  /** What tasks do, with all they need. */
  private record Work(
      TaskStorage storage, String spectraUri, ScanSettings settings, long blockBytes)
      implements Serializable {
    private MatrixBlocks blocks(BaseMatrix matrix) {
      return new MatrixBlocks(storage.open(), matrix, blockBytes);
    }

    private GramSpectrum spectrum(BaseMatrix matrix, String identity) throws IOException {
      return new SpectraStore(storage.open(), spectraUri)
          .findGram(matrix.source(), identity)
          .orElseThrow(
              () -> new IOException("The decomposition of %s is gone".formatted(matrix.name())));
    }

    double[] gram(BaseMatrix matrix, List<Integer> blocks) throws IOException {
      try (Arena arena = Arena.open()) {
        return values(blocks(matrix).gram(blocks));
      }
    }

    void storeSpectrum(BaseMatrix matrix, String identity, double[] sum) throws IOException {
      TaskThreads.apply();
      int n = matrix.minDimension();
      try (Arena arena = Arena.open()) {
        new SpectraStore(storage.open(), spectraUri)
            .writeGram(
                matrix.source(),
                identity,
                GramSpectrum.of(
                    matrix.source().rows(), matrix.source().cols(), matrix(sum, 0, n, n)));
      }
    }

    double[] sums(BaseMatrix matrix, MatrixPlan plan, List<Integer> blocks) throws IOException {
      try (Arena arena = Arena.open()) {
        GramRoute.Sums sums = blocks(matrix).sums(plan, blocks);
        return values(sums.tuned(), sums.cross(), sums.update(), sums.unchanged());
      }
    }

    MatrixScan scanSums(BaseMatrix matrix, String identity, MatrixPlan plan, double[] sum)
        throws IOException {
      TaskThreads.apply();
      int n = matrix.minDimension();
      try (Arena arena = Arena.open()) {
        GramRoute.Sums sums =
            new GramRoute.Sums(
                matrix(sum, 0, n, n),
                matrix(sum, n * n, n, n),
                matrix(sum, 2 * n * n, n, n),
                matrix(sum, 3 * n * n, 1, 1));
        return blocks(matrix).scan(spectrum(matrix, identity), plan, sums, settings);
      }
    }

    double[] projected(BaseMatrix matrix, List<MatrixPlan> plans, List<Integer> blocks)
        throws IOException {
      try (Arena arena = Arena.open()) {
        return values(blocks(matrix).projected(plans, blocks));
      }
    }

    /** By checkpoint; one whose certificate failed is missing. */
    Map<String, MatrixScan> scanProjected(
        BaseMatrix matrix, String identity, List<MatrixPlan> plans, double[] sum)
        throws IOException {
      TaskThreads.apply();
      try (Arena arena = Arena.open()) {
        GramSpectrum spectrum = spectrum(matrix, identity);
        int n = matrix.minDimension();
        Matrix all = matrix(sum, 0, n, sum.length / n);
        Map<String, MatrixScan> scans = new HashMap<>();
        int column = 0;
        for (MatrixPlan plan : plans) {
          Matrix own = all.columnRange(column, column + plan.adapterRank()).copy();
          blocks(matrix)
              .scan(spectrum, plan, own, settings)
              .ifPresent(scan -> scans.put(plan.checkpointId(), scan));
          column += plan.adapterRank();
        }
        return scans;
      }
    }

    private static double[] values(Matrix... matrices) {
      int total = 0;
      for (Matrix matrix : matrices) {
        total = Math.addExact(total, Math.multiplyExact(matrix.rows(), matrix.cols()));
      }
      double[] values = new double[total];
      int at = 0;
      for (Matrix matrix : matrices) {
        for (int i = 0; i < matrix.rows(); i++) {
          System.arraycopy(matrix.row(i), 0, values, at, matrix.cols());
          at += matrix.cols();
        }
      }
      return values;
    }

    private static Matrix matrix(double[] values, int from, int rows, int cols) {
      Matrix matrix = Matrix.allocate(rows, cols, Precision.DOUBLE);
      double[] row = new double[cols];
      for (int i = 0; i < rows; i++) {
        System.arraycopy(values, from + i * cols, row, 0, cols);
        matrix.setRow(i, row);
      }
      return matrix;
    }
  }
}
