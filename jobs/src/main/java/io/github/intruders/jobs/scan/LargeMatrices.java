package io.github.intruders.jobs.scan;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.cost.CostModel;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.cost.Outlook;
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
import io.github.intruders.scan.MatrixScanner;
import io.github.intruders.scan.ScanOutcome;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.SolverChoice;
import io.github.intruders.scan.TunedVectorStore;
import io.github.intruders.spectra.GramSpectrum;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.slf4j.MDC;
import scala.Tuple2;

/**
 * Scans matrices that no single task can hold, one after the other, each by all tasks. By bounds,
 * executors hold blocks of rows and the driver vectors ({@link SpreadMaps}). In blocks, every task
 * sums over some of them, and one task draws the conclusions from the total; sums travel as tiles.
 */
final class LargeMatrices {
  private final JavaSparkContext context;
  private final JobConfig config;
  private final String runId;
  private final MemoryLimit memory;
  private final Outlook outlook;
  private final JobProgress progress;
  private final StageCounters counters;
  private final Work work;

  LargeMatrices(
      JavaSparkContext context,
      TaskStorage storage,
      JobConfig config,
      String runId,
      Outlook outlook,
      JobProgress progress,
      StageCounters counters) {
    this.context = context;
    this.config = config;
    this.runId = runId;
    this.outlook = outlook;
    this.memory = outlook.memory();
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
    Outlook.LargeRoute route = outlook.largeRoute(matrix.name(), config.settings().solver());
    List<MatrixPlan> open =
        route == Outlook.LargeRoute.SPREAD ? scanByBounds(ledger, matrix, identity, plans) : plans;
    if (open.isEmpty()) {
      return;
    }
    Optional<UserInputException> refusal = refusal(matrix, route);
    if (refusal.isPresent()) {
      reject(ledger, open, refusal.get());
      return;
    }
    scanInBlocks(ledger, matrix, identity, open);
  }

  /**
   * Scans by bounds.
   *
   * @return the plans that bounds leave open
   */
  private List<MatrixPlan> scanByBounds(
      Ledger<ScanEntry> ledger, BaseMatrix matrix, String identity, List<MatrixPlan> plans)
      throws IOException {
    progress.describe(
        "%s of %d checkpoints by bounds, over all tasks".formatted(matrix.name(), plans.size()));
    Storage storage = work.storage.open();
    TunedVectorStore tunedVectors = Ledger.tunedVectors(storage, config.outUri());
    SpectraStore store = new SpectraStore(storage, config.spectraUri());
    MatrixScanner scanner =
        new MatrixScanner(
            storage,
            store,
            config.settings(),
            (plan, vectors) -> tunedVectors.write(ScanEntry.key(plan, config.settings()), vectors));
    Set<String> done = new HashSet<>();
    try (Arena arena = Arena.open();
        SpreadMaps maps =
            new SpreadMaps(
                context,
                work.storage,
                store,
                matrix,
                identity,
                SpreadMatrix.Sizes.of(memory.bytes()))) {
      return scanner.scanByBounds(
          matrix,
          maps,
          plans,
          outlook.largeStack(matrix.name()),
          outcome -> {
            done.add(outcome.plan().checkpointId());
            double cost = ScanCost.byBounds(outcome.plan(), config.settings());
            if (outcome instanceof ScanOutcome.Analysed analysed) {
              write(ledger, analysed, cost);
            } else if (outcome instanceof ScanOutcome.Rejected rejected) {
              reject(ledger, rejected.plan(), rejected.rejection(), cost);
            }
          });
    } catch (Exception e) { // Spark throws checked exceptions without declaring them
      Optional<UserInputException> fault = inputFault(e);
      if (fault.isEmpty() || config.onError() == JobConfig.OnError.FAIL) {
        throw e;
      }
      reject(
          ledger,
          plans.stream().filter(plan -> !done.contains(plan.checkpointId())).toList(),
          fault.get());
      return List.of();
    }
  }

  private void scanInBlocks(
      Ledger<ScanEntry> ledger, BaseMatrix matrix, String identity, List<MatrixPlan> plans)
      throws IOException {
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

  /** Why a matrix can't go in blocks. */
  private Optional<UserInputException> refusal(BaseMatrix matrix, Outlook.LargeRoute route) {
    String reason;
    if (config.settings().solver() == SolverChoice.EXACT) {
      reason = "--solver exact decomposes a matrix in one task";
    } else if (matrix.source().scale() != null) {
      reason = "8-bit weights with scales are not read in blocks";
    } else if (!MatrixBlocks.suits(matrix)) {
      reason =
          unspread(matrix, route)
              + ", and only matrices with one side at least twice the other are summed in blocks";
    } else if (!memory.allows(CostModel.blockwiseBytes(matrix))) {
      reason =
          unspread(matrix, route)
              + ", and "
              + memory.refusal(CostModel.blockwiseBytes(matrix), "a scan in blocks");
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

  /** Why bounds did not do. */
  private String unspread(BaseMatrix matrix, Outlook.LargeRoute route) {
    if (route == Outlook.LargeRoute.SPREAD) {
      return "bounds leave it undecided at epsilon %s".formatted(config.settings().epsilon());
    }
    return outlook.unspread(matrix.name());
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
        .foreachPartition(sum -> of.storeSpectrum(matrix, identity, sum));
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
              .mapPartitions(sum -> List.of(of.scanSums(matrix, identity, plan, sum)).iterator())
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
              .mapPartitions(
                  sum -> List.of(of.scanProjected(matrix, identity, plans, sum)).iterator())
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

  /**
   * Sums what a function makes of the blocks of rows, over all tasks: every task adds up some of
   * the tiles, which all come to one partition in the end.
   */
  private JavaRDD<Tile> total(BaseMatrix matrix, Sum sum) {
    int blocks = MatrixBlocks.count(matrix, work.blockBytes);
    int tasks = Math.min(blocks, Math.max(1, context.defaultParallelism()));
    return context
        .parallelize(IntStream.range(0, blocks).boxed().toList(), tasks)
        .mapPartitions(new SumBlocks(sum))
        .mapToPair(tile -> new Tuple2<>(tile.at(), tile.values()))
        .combineByKey(
            values -> values,
            LargeMatrices::added,
            LargeMatrices::added,
            new HashPartitioner(tasks),
            false,
            null)
        .partitionBy(new HashPartitioner(1))
        .map(pair -> new Tile(pair._1(), pair._2()));
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
    write(
        ledger, new ScanOutcome.Analysed(plan, scan, millis), ScanCost.of(plan, config.settings()));
  }

  private void write(Ledger<ScanEntry> ledger, ScanOutcome.Analysed analysed, double cost)
      throws IOException {
    ScanEntry entry = ScanEntry.of(analysed, config.settings());
    ledger.writeEntries(List.of(entry.key()), sink -> sink.write(entry));
    counters.finished(cost);
  }

  private void reject(Ledger<ScanEntry> ledger, MatrixPlan plan, Rejection rejection, double cost)
      throws IOException {
    if (config.onError() == JobConfig.OnError.FAIL) {
      throw UserInputException.of(rejection.code(), rejection.message());
    }
    ledger.writeRejects(List.of(ScanEntry.key(plan, config.settings())), List.of(rejection));
    counters.rejected(cost);
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

  /**
   * Some elements of a sum that follow each other; some megabytes.
   *
   * @param at which of the sums, and which of its tiles
   */
  private record Tile(Place at, double[] values) implements Serializable {
    private static final int ELEMENTS = 1 << 18;

    /**
     * Where a tile belongs.
     *
     * @param sum which of the matrices that are summed up
     * @param tile which of its tiles
     */
    private record Place(int sum, int tile) implements Serializable {}

    /** The tiles of some matrices without gaps. */
    static List<Tile> of(Matrix... sums) {
      List<Tile> tiles = new ArrayList<>();
      for (int i = 0; i < sums.length; i++) {
        long size = (long) sums[i].rows() * sums[i].cols();
        for (long from = 0; from < size; from += ELEMENTS) {
          double[] values = new double[(int) Math.min(ELEMENTS, size - from)];
          sums[i].copyDoubles(from, values, values.length);
          tiles.add(new Tile(new Place(i, (int) (from / ELEMENTS)), values));
        }
      }
      return tiles;
    }

    /** Puts tiles together again. */
    static void assemble(Iterator<Tile> tiles, Matrix... sums) {
      while (tiles.hasNext()) {
        Tile tile = tiles.next();
        sums[tile.at.sum].setDoubles(
            (long) tile.at.tile * ELEMENTS, tile.values, tile.values.length);
      }
    }
  }

  /** Makes sums of some blocks of rows. */
  @FunctionalInterface
  private interface Sum extends Serializable {
    List<Tile> of(List<Integer> blocks) throws IOException;
  }

  /** Executor work: the blocks of one task. */
  private record SumBlocks(Sum sum) implements FlatMapFunction<Iterator<Integer>, Tile> {
    @Override
    public Iterator<Tile> call(Iterator<Integer> blocks) throws IOException {
      TaskThreads.apply();
      List<Integer> all = new ArrayList<>();
      blocks.forEachRemaining(all::add);
      return all.isEmpty() ? List.<Tile>of().iterator() : sum.of(all).iterator();
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

    List<Tile> gram(BaseMatrix matrix, List<Integer> blocks) throws IOException {
      try (Arena arena = Arena.open()) {
        return Tile.of(blocks(matrix).gram(blocks));
      }
    }

    void storeSpectrum(BaseMatrix matrix, String identity, Iterator<Tile> sum) throws IOException {
      TaskThreads.apply();
      try (Arena arena = Arena.open()) {
        Matrix gram = square(matrix);
        Tile.assemble(sum, gram);
        new SpectraStore(storage.open(), spectraUri)
            .writeGram(
                matrix.source(),
                identity,
                GramSpectrum.of(matrix.source().rows(), matrix.source().cols(), gram));
      }
    }

    List<Tile> sums(BaseMatrix matrix, MatrixPlan plan, List<Integer> blocks) throws IOException {
      try (Arena arena = Arena.open()) {
        GramRoute.Sums sums = blocks(matrix).sums(plan, blocks);
        return Tile.of(sums.tuned(), sums.cross(), sums.update(), sums.unchanged());
      }
    }

    MatrixScan scanSums(BaseMatrix matrix, String identity, MatrixPlan plan, Iterator<Tile> sum)
        throws IOException {
      TaskThreads.apply();
      try (Arena arena = Arena.open()) {
        GramRoute.Sums sums =
            new GramRoute.Sums(
                square(matrix),
                square(matrix),
                square(matrix),
                Matrix.allocate(1, 1, Precision.DOUBLE));
        Tile.assemble(sum, sums.tuned(), sums.cross(), sums.update(), sums.unchanged());
        return blocks(matrix).scan(spectrum(matrix, identity), plan, sums, settings);
      }
    }

    List<Tile> projected(BaseMatrix matrix, List<MatrixPlan> plans, List<Integer> blocks)
        throws IOException {
      try (Arena arena = Arena.open()) {
        return Tile.of(blocks(matrix).projected(plans, blocks));
      }
    }

    /** By checkpoint; one whose certificate failed is missing. */
    Map<String, MatrixScan> scanProjected(
        BaseMatrix matrix, String identity, List<MatrixPlan> plans, Iterator<Tile> sum)
        throws IOException {
      TaskThreads.apply();
      try (Arena arena = Arena.open()) {
        GramSpectrum spectrum = spectrum(matrix, identity);
        int columns = plans.stream().mapToInt(MatrixPlan::adapterRank).sum();
        Matrix all = Matrix.allocate(matrix.minDimension(), columns, Precision.DOUBLE);
        Tile.assemble(sum, all);
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

    private static Matrix square(BaseMatrix matrix) {
      int p = matrix.minDimension();
      return Matrix.allocate(p, p, Precision.DOUBLE);
    }
  }
}
