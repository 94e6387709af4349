package io.github.intruders.scan;

import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SideBySide;
import io.github.intruders.linalg.SvdConvergenceException;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Scans one base matrix in all checkpoints that are asked for. One thread at a time. */
public final class MatrixScanner {
  private final SpectraStore store;
  private final ScanSettings settings;
  private final TensorReader reader;
  private final DenseRoute denseRoute = new DenseRoute();
  private final LowRankRoute lowRankRoute = new LowRankRoute();

  public MatrixScanner(Storage storage, SpectraStore store, ScanSettings settings) {
    this.store = store;
    this.settings = settings;
    this.reader = new TensorReader(storage);
  }

  /** Takes what becomes of each piece of work, as soon as it is known. */
  @FunctionalInterface
  public interface Outcomes {
    void accept(ScanOutcome outcome) throws IOException;
  }

  /**
   * Scans {@code base} in every plan, one outcome each. A fault of one checkpoint rejects that one;
   * a fault of the base's tensor rejects all.
   *
   * @param identity length and time of change of the base's file
   * @throws IOException if the storage fails
   */
  public void scan(BaseMatrix base, String identity, List<MatrixPlan> plans, Outcomes outcomes)
      throws IOException {
    try (Arena arena = Arena.open()) {
      BaseSpectrum spectrum;
      try {
        spectrum = store.obtain(base.source(), identity).spectrum();
      } catch (UserInputException | SvdConvergenceException e) {
        for (MatrixPlan plan : plans) {
          outcomes.accept(rejected(plan, e));
        }
        return;
      }
      new Work(spectrum, outcomes).scan(plans);
    }
  }

  /** One base matrix at work. */
  private final class Work {
    private final BaseSpectrum base;
    private final Outcomes outcomes;
    private final int k;

    Work(BaseSpectrum base, Outcomes outcomes) {
      this.base = base;
      this.outcomes = outcomes;
      this.k = settings.topK().of(base.minDimension());
    }

    void scan(List<MatrixPlan> plans) throws IOException {
      List<MatrixPlan> stack = new ArrayList<>();
      int columns = 0;
      for (MatrixPlan plan : plans) {
        int rank = plan.update() instanceof UpdateSource.LowRank chain ? chain.rank() : 0;
        boolean stackable =
            settings.solver() == SolverChoice.AUTO && LowRankRoute.suits(base, rank, k);
        if (!stackable) {
          scanWhole(plan);
          continue;
        }
        if (columns + rank > CoordinateUpdate.STACK_COLUMNS && !stack.isEmpty()) {
          scanStack(stack);
          stack.clear();
          columns = 0;
        }
        stack.add(plan);
        columns += rank;
      }
      if (!stack.isEmpty()) {
        scanStack(stack);
      }
    }

    /** Low-rank updates side by side; W0 is not read. */
    private void scanStack(List<MatrixPlan> plans) throws IOException {
      try (Arena arena = Arena.open()) {
        long start = System.nanoTime();
        List<MatrixPlan> readable = new ArrayList<>();
        List<CoordinateUpdate.Factors> factors = new ArrayList<>();
        for (MatrixPlan plan : plans) {
          try {
            factors.add(readFactors(plan));
            readable.add(plan);
          } catch (UserInputException e) {
            outcomes.accept(rejected(plan, e));
          }
        }
        if (readable.isEmpty()) {
          return;
        }
        List<CoordinateUpdate> updates = CoordinateUpdate.project(base, factors);
        long share = (System.nanoTime() - start) / readable.size();
        List<Callable<ScanOutcome>> problems = new ArrayList<>();
        for (int i = 0; i < readable.size(); i++) {
          int at = i;
          problems.add(
              () -> scanProjected(readable.get(at), factors.get(at), updates.get(at), share));
        }
        for (ScanOutcome outcome : SideBySide.call(problems)) {
          outcomes.accept(outcome);
        }
      }
    }

    private ScanOutcome scanProjected(
        MatrixPlan plan, CoordinateUpdate.Factors factors, CoordinateUpdate update, long share)
        throws IOException {
      long start = System.nanoTime();
      try (Arena arena = Arena.open()) {
        Optional<TunedSpectrum> tuned = lowRankRoute.solve(base, update, k, settings.sides());
        UpdateStatistics statistics = UpdateStatistics.ofFactors(factors.b(), factors.a());
        TunedSpectrum certified =
            tuned.isPresent()
                ? tuned.get()
                : denseRoute.solve(base, tuned(plan, factors), k, settings.sides());
        MatrixScan scan = MatrixScan.of(base, certified, statistics, settings);
        return new ScanOutcome.Analysed(plan, scan, millis(System.nanoTime() - start + share));
      } catch (UserInputException | SvdConvergenceException e) {
        return rejected(plan, e);
      }
    }

    /** Any update, by the whole tuned matrix. */
    private void scanWhole(MatrixPlan plan) throws IOException {
      long start = System.nanoTime();
      try (Arena arena = Arena.open()) {
        Matrix w;
        UpdateStatistics statistics;
        if (plan.update() instanceof UpdateSource.LowRank) {
          CoordinateUpdate.Factors factors = readFactors(plan);
          w = tuned(plan, factors);
          statistics = UpdateStatistics.ofFactors(factors.b(), factors.a());
        } else {
          w = tuned(plan);
          statistics = UpdateStatistics.ofDense(w.copy().plusInPlace(-1, readBase(plan)));
        }
        TunedSpectrum tuned = denseRoute.solve(base, w, k, settings.sides());
        MatrixScan scan = MatrixScan.of(base, tuned, statistics, settings);
        outcomes.accept(new ScanOutcome.Analysed(plan, scan, millis(System.nanoTime() - start)));
      } catch (UserInputException | SvdConvergenceException e) {
        outcomes.accept(rejected(plan, e));
      }
    }

    /** The tuned matrix in double precision, by low-rank updates of the base. */
    private Matrix tuned(MatrixPlan plan, CoordinateUpdate.Factors factors) throws IOException {
      return readBase(plan).plusProductInPlace(1, factors.b(), factors.a());
    }

    /** The tuned matrix in double precision, by any updates, one after the other. */
    private Matrix tuned(MatrixPlan plan) throws IOException {
      Matrix w =
          plan.update() instanceof UpdateSource.Full full
              ? reader.read(full.tuned(), Precision.DOUBLE)
              : readBase(plan);
      for (AdapterUpdate adapter : plan.update().adapters()) {
        w = adapter.applyTo(w, reader);
        if (!Double.isFinite(w.maxAbsolute())) {
          throw UserInputException.inTensor(
              RejectCode.NOT_FINITE,
              adapter.sources().get(0).file(),
              adapter.sources().get(0).matrix(),
              "%s makes %s NaN or infinite".formatted(adapter.kind(), plan.base().name()));
        }
      }
      return w;
    }

    private Matrix readBase(MatrixPlan plan) throws IOException {
      return reader.read(plan.base().source(), Precision.DOUBLE);
    }

    /** The factors of a chain of adapters side by side, scales folded into b. */
    private CoordinateUpdate.Factors readFactors(MatrixPlan plan) throws IOException {
      UpdateSource.LowRank update = (UpdateSource.LowRank) plan.update();
      int rank = update.rank();
      Matrix b = Matrix.allocate(base.rows(), rank, Precision.DOUBLE);
      Matrix a = Matrix.allocate(rank, base.cols(), Precision.DOUBLE);
      int from = 0;
      for (LowRankUpdate adapter : update.chain()) {
        int to = from + adapter.rank();
        b.columnRange(from, to).assign(adapter.readB(reader));
        a.rowRange(from, to).assign(adapter.readA(reader));
        from = to;
      }
      return new CoordinateUpdate.Factors(b, a);
    }
  }

  private static long millis(long nanos) {
    return nanos / 1_000_000;
  }

  private static ScanOutcome rejected(MatrixPlan plan, RuntimeException fault) {
    UserInputException reason =
        fault instanceof UserInputException input
            ? input
            : UserInputException.inTensor(
                RejectCode.NOT_CONVERGED,
                plan.base().source().file(),
                plan.base().name(),
                fault.getMessage());
    return new ScanOutcome.Rejected(
        plan, Rejection.of(plan.checkpointId(), plan.base().name(), reason));
  }
}
