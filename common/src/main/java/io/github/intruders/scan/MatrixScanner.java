package io.github.intruders.scan;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.ReadMatrix;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.fidelity.Fidelity;
import io.github.intruders.fidelity.MergeCheck;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.krylov.KrylovVerdicts;
import io.github.intruders.krylov.LinearMap;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.SideBySide;
import io.github.intruders.linalg.SvdConvergenceException;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.CertifiedTriplets;
import io.github.intruders.spectra.SpectraStore;
import io.github.intruders.spectra.SpectrumPart;
import io.github.intruders.spectra.UpdateStatistics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Scans one base matrix in all checkpoints that are asked for. One thread at a time. */
public final class MatrixScanner {
  private static final Logger LOG = LoggerFactory.getLogger(MatrixScanner.class);

  /** All steps of the route without a decomposition; what it rounds is accounted for. */
  private static final Precision KRYLOV_PRECISION = Precision.SINGLE;

  /** Leading singular values below this share of the first are left to decompositions. */
  private static final double LEAST_SHARE = 1e-4;

  private final SpectraStore store;
  private final ScanSettings settings;
  private final VectorKeeper vectorKeeper;
  private final TensorReader reader;
  private final TunedWeights weights;
  private final TunedSolver solver;
  private final Routes routes;
  private final MemoryLimit memory;

  /** A scanner whose memory is not bounded. */
  public MatrixScanner(
      Storage storage, SpectraStore store, ScanSettings settings, VectorKeeper vectorKeeper) {
    this(storage, store, settings, vectorKeeper, MemoryLimit.NONE);
  }

  /**
   * A scanner of one task.
   *
   * @param memory what the routes may use; a checkpoint that would take more is rejected
   */
  public MatrixScanner(
      Storage storage,
      SpectraStore store,
      ScanSettings settings,
      VectorKeeper vectorKeeper,
      MemoryLimit memory) {
    this.memory = memory;
    this.store = store;
    this.settings = settings;
    this.vectorKeeper = vectorKeeper;
    this.reader = new TensorReader(storage);
    this.weights = new TunedWeights(reader);
    this.solver = new TunedSolver(settings);
    this.routes = new Routes(settings);
  }

  /**
   * Takes the tuned vectors of checkpoints in sequences, before the outcome is known; several
   * threads at once. The vectors are gone when it returns.
   */
  @FunctionalInterface
  public interface VectorKeeper {
    void keep(MatrixPlan plan, TunedVectors vectors) throws IOException;
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
    List<MatrixPlan> open = plans;
    if (settings.solver() == SolverChoice.KRYLOV && routes.takesKrylov(base)) {
      try (Arena arena = Arena.open()) {
        open =
            scanByBounds(
                base,
                new WholeMaps(base, identity, plans.size()),
                plans,
                Routes.BOUNDS_STACK,
                outcomes);
      } catch (RuntimeException e) {
        for (MatrixPlan plan : plans) {
          outcomes.accept(rejected(plan, e));
        }
        return;
      }
    }
    if (!open.isEmpty()) {
      scanDecomposed(base, identity, open, outcomes);
    }
  }

  /**
   * Scans a base by bounds alone.
   *
   * @param maps the matrices
   * @param stack how many checkpoints' Lanczos runs go side by side at most
   * @return the plans that bounds can't decide, for which there is no outcome yet
   */
  public List<MatrixPlan> scanByBounds(
      BaseMatrix base, MatrixMaps maps, List<MatrixPlan> plans, int stack, Outcomes outcomes)
      throws IOException {
    return new KrylovWork(base, maps, outcomes).scan(plans, stack);
  }

  private void scanDecomposed(
      BaseMatrix base, String identity, List<MatrixPlan> plans, Outcomes outcomes)
      throws IOException {
    try (Arena arena = Arena.open()) {
      BaseSpectrum spectrum;
      try {
        SpectrumPart wanted = solver.wanted(plans, base.minDimension());
        spectrum = store.obtain(base.source(), identity, wanted).spectrum();
      } catch (RuntimeException e) {
        for (MatrixPlan plan : plans) {
          outcomes.accept(rejected(plan, e));
        }
        return;
      }
      new Work(spectrum, outcomes).scan(plans);
    }
  }

  /** How a matrix relates to what it is said to be merged from; null where nothing is said. */
  private Fidelity fidelity(MatrixPlan plan, Matrix w0, Matrix w) throws IOException {
    if (plan.mergedFrom() == null) {
      return null;
    }
    try {
      memory.require(
          MergeCheck.bytes(w.rows(), w.cols(), plan.mergedFrom()),
          "the check of the merge of %dx%d".formatted(w.rows(), w.cols()),
          plan.base().source().file(),
          plan.base().name());
      return MergeCheck.of(w0, w, storedType(plan), plan.mergedFrom(), reader);
    } catch (UserInputException e) {
      return Fidelity.unknown( // the scan does not need the adapters
          Rejection.of(plan.checkpointId(), plan.base().name(), e));
    }
  }

  /** One base matrix at work, without its decomposition. */
  private final class KrylovWork {
    private final Outcomes outcomes;
    private final KrylovRoute route = new KrylovRoute(settings);
    private final int k;
    private final MatrixMaps maps;
    private final LinearMap base;

    /** The base's leading triplets, in the arena that was open; null while they are not known. */
    private CertifiedTriplets leading;

    KrylovWork(BaseMatrix base, MatrixMaps maps, Outcomes outcomes) throws IOException {
      this.outcomes = outcomes;
      this.k = settings.topK().of(base.minDimension());
      this.maps = maps;
      this.base = maps.base();
      this.leading = maps.leading();
    }

    /** Takes over what an answer adds to what is known of the base. */
    private void learn(CertifiedTriplets found, Arena arena) throws IOException {
      if (found != null) {
        arena.keep(found.left());
        arena.keep(found.right());
        leading = found;
        maps.learn(found);
      }
    }

    /**
     * Scans the base in every plan.
     *
     * @return the plans that bounds can't decide, for which there is no outcome yet
     */
    List<MatrixPlan> scan(List<MatrixPlan> plans, int stack) throws IOException {
      List<MatrixPlan> open = new ArrayList<>();
      for (int from = 0; from < plans.size(); from += stack) {
        try (Arena arena = Arena.open()) {
          scanStack(plans.subList(from, Math.min(plans.size(), from + stack)), open, arena);
        }
      }
      return open;
    }

    /** Some checkpoints, whose Lanczos runs go side by side. */
    private void scanStack(List<MatrixPlan> plans, List<MatrixPlan> open, Arena arena)
        throws IOException {
      long start = System.nanoTime();
      UpdateStatistics[] statistics = new UpdateStatistics[plans.size()];
      EntryChange[] entries = new EntryChange[plans.size()];
      Fidelity[] fidelities = new Fidelity[plans.size()];
      Set<Integer> gone = new HashSet<>();
      List<KrylovVerdicts.TunedMatrix> tuned = new ArrayList<>();
      for (int i = 0; i < plans.size(); i++) {
        int at = i;
        tuned.add(
            () -> {
              try {
                MatrixPlan plan = plans.get(at);
                return maps.tuned(
                    plan,
                    (update, unchanged, fidelity) -> {
                      statistics[at] = update;
                      entries[at] = EntryChange.of(plan, unchanged);
                      fidelities[at] = fidelity;
                    });
              } catch (ArithmeticException e) {
                return null; // too large for single precision: left to decompositions
              } catch (RuntimeException e) {
                outcomes.accept(rejected(plans.get(at), e));
                gone.add(at);
                return null;
              }
            });
      }
      KrylovVerdicts.Answer answer;
      try {
        answer = new KrylovVerdicts(KRYLOV_PRECISION).of(base, leading, tuned, route.question(k));
      } catch (SvdConvergenceException | IllegalArgumentException | ArithmeticException e) {
        LOG.warn("{} is decomposed: {}", plans.get(0).base().name(), e.getMessage());
        for (int i = 0; i < plans.size(); i++) {
          if (!gone.contains(i)) {
            open.add(plans.get(i));
          }
        }
        return;
      }
      learn(answer.leading(), arena);
      long share = (System.nanoTime() - start) / plans.size();
      for (int i = 0; i < plans.size(); i++) {
        MatrixPlan plan = plans.get(i);
        KrylovVerdicts.Tuned found = answer.tuned().get(i);
        if (gone.contains(i)) {
          continue;
        }
        if (found == null
            || !route.decides(found)
            || mayBeRounding(plan, answer, found, statistics[i])) {
          open.add(plan);
          continue;
        }
        try {
          if (plan.inSequence()) {
            vectorKeeper.keep(
                plan,
                new TunedVectors(found.u().in(Precision.SINGLE), found.v().in(Precision.SINGLE)));
          }
          MatrixScan scan =
              route.scan(answer, found, statistics[i], entries[i], base.rows(), base.cols());
          outcomes.accept(new ScanOutcome.Analysed(plan, scan, null, fidelities[i], millis(share)));
        } catch (RuntimeException e) {
          outcomes.accept(rejected(plan, e));
        }
      }
    }

    /** Whether rounding of the stored elements alone may have made the last of the vectors. */
    private boolean mayBeRounding(
        MatrixPlan plan,
        KrylovVerdicts.Answer answer,
        KrylovVerdicts.Tuned found,
        UpdateStatistics update) {
      double last = found.values()[k - 1];
      double noise =
          storedType(plan).unitRoundoff()
              * (answer.baseNorm() + update.norm())
              * (1 / Math.sqrt(base.rows()) + 1 / Math.sqrt(base.cols()));
      return answer.baseLowest() == 0
          && !(last > 2 * TunedSpectrum.ROUNDING_MARGIN * noise
              && last > LEAST_SHARE * found.values()[0]);
    }
  }

  /** Matrices that this task holds. */
  private final class WholeMaps implements MatrixMaps {
    private final MatrixSource source;
    private final LinearMap.Whole base;
    private final String content;
    private final int stack;

    /**
     * @param identity length and time of change of the base's file
     * @param checkpoints how many there are to do
     */
    WholeMaps(BaseMatrix base, String identity, int checkpoints) throws IOException {
      this.source = base.source();
      this.stack = Math.min(checkpoints, Routes.BOUNDS_STACK);
      Optional<String> known = store.knownContent(source, identity);
      if (known.isPresent()) {
        content = known.get();
        this.base = new LinearMap.Whole(reader.read(source, KRYLOV_PRECISION));
      } else {
        ReadMatrix read = reader.readWithHash(source, KRYLOV_PRECISION);
        content = read.contentHash();
        this.base = new LinearMap.Whole(read.matrix());
        store.noteContent(source, identity, content);
      }
    }

    @Override
    public LinearMap base() {
      return base;
    }

    @Override
    public CertifiedTriplets leading() throws IOException {
      return store.findTriplets(content, source.rows(), source.cols()).orElse(null);
    }

    @Override
    public void learn(CertifiedTriplets found) throws IOException {
      store.writeTriplets(content, source, found);
    }

    @Override
    public LinearMap tuned(MatrixPlan plan, Figures figures) throws IOException {
      boolean whole = !(plan.update() instanceof UpdateSource.LowRank);
      memory.require(
          routes.boundsBytes(plan.base(), stack, whole),
          "the search of %dx%d".formatted(base.rows(), base.cols()),
          plan.base().source().file(),
          plan.base().name());
      if (!whole) {
        CoordinateUpdate.Factors factors =
            CoordinateUpdate.Factors.read(
                reader, plan.update().adapters(), base.rows(), base.cols());
        figures.take(UpdateStatistics.ofFactors(factors.b(), factors.a()), () -> 0, null);
        return new LinearMap.Updated(base, factors.b(), factors.a());
      }
      Matrix w = weights.tuned(plan, Precision.DOUBLE);
      try (Arena arena = Arena.open()) {
        Matrix w0 = base.working().in(Precision.DOUBLE);
        Matrix update = w.copy().plusInPlace(-1, w0);
        figures.take(
            routes.statistics(update, plan.base().name()),
            () -> EntryChange.unchanged(w0, w),
            fidelity(plan, w0, w));
      }
      Matrix working = w.to(KRYLOV_PRECISION);
      return Routes.isExactInSingle(plan)
          ? new LinearMap.Whole(working)
          : new LinearMap.Whole(working, w);
    }
  }

  /** One base matrix at work. */
  private final class Work {
    private final BaseSpectrum base;
    private final Outcomes outcomes;

    Work(BaseSpectrum base, Outcomes outcomes) {
      this.base = base;
      this.outcomes = outcomes;
    }

    void scan(List<MatrixPlan> plans) throws IOException {
      List<MatrixPlan> stack = new ArrayList<>();
      int columns = 0;
      for (MatrixPlan plan : plans) {
        int rank = plan.update() instanceof UpdateSource.LowRank chain ? chain.rank() : 0;
        if (!solver.takesLowRank(base, rank)) {
          scanWhole(plan);
          continue;
        }
        if (columns + rank > Routes.STACK_COLUMNS && !stack.isEmpty()) {
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

    /** Low-rank updates side by side; W0 is read only for factors that depend on it. */
    private void scanStack(List<MatrixPlan> plans) throws IOException {
      try (Arena arena = Arena.open()) {
        long start = System.nanoTime();
        List<MatrixPlan> readable = new ArrayList<>();
        List<CoordinateUpdate.Factors> factors = new ArrayList<>();
        for (MatrixPlan plan : plans) {
          try {
            factors.add(readFactors(plan));
            readable.add(plan);
          } catch (RuntimeException e) {
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
        TunedSpectrum tuned =
            solver.solve(
                base,
                update,
                precision -> {
                  requireMemory(plan, precision);
                  return readAlone(plan, precision);
                });
        if (plan.inSequence()) {
          vectorKeeper.keep(plan, TunedVectors.of(base, tuned, factors));
        }
        UpdateStatistics statistics = UpdateStatistics.ofFactors(factors.b(), factors.a());
        MatrixScan scan = MatrixScan.of(base, tuned, statistics, settings);
        return new ScanOutcome.Analysed(
            plan,
            scan,
            FrozenInput.of((UpdateSource.LowRank) plan.update(), factors.a()),
            null,
            millis(System.nanoTime() - start + share));
      } catch (RuntimeException e) {
        return rejected(plan, e);
      }
    }

    /** Any update, by the whole tuned matrix. */
    private void scanWhole(MatrixPlan plan) throws IOException {
      long start = System.nanoTime();
      try (Arena arena = Arena.open()) {
        Precision read = solver.precision(base, plan.base().source().dtype());
        requireMemory(plan, read);
        Matrix w = weights.tuned(plan, read);
        TunedSpectrum tuned =
            solver.solve(
                base,
                precision -> {
                  requireMemory(plan, precision);
                  return w.in(precision);
                });
        if (plan.inSequence()) {
          vectorKeeper.keep(plan, TunedVectors.of(base, tuned, w.in(Precision.SINGLE)));
        }
        UpdateStatistics statistics;
        EntryChange entries = EntryChange.NONE;
        FrozenInput frozen = null;
        Fidelity fidelity = null;
        if (plan.update() instanceof UpdateSource.LowRank chain) {
          CoordinateUpdate.Factors factors = readFactors(plan);
          frozen = FrozenInput.of(chain, factors.a());
          statistics = UpdateStatistics.ofFactors(factors.b(), factors.a());
        } else {
          Matrix w0 = weights.base(plan, w.precision());
          entries = EntryChange.of(plan, () -> EntryChange.unchanged(w0, w));
          fidelity = fidelity(plan, w0, w);
          w.plusInPlace(-1, w0);
          statistics = routes.statistics(w, plan.base().name());
        }
        MatrixScan scan =
            MatrixScan.of(
                base, tuned.roundedTo(storedType(plan), base), statistics, settings, entries);
        outcomes.accept(
            new ScanOutcome.Analysed(
                plan, scan, frozen, fidelity, millis(System.nanoTime() - start)));
      } catch (RuntimeException e) {
        outcomes.accept(rejected(plan, e));
      }
    }

    /** Double precision is what the dense route works in, be it asked for or fallen back to. */
    private void requireMemory(MatrixPlan plan, Precision precision) {
      if (precision == Precision.DOUBLE) {
        MatrixSource source = plan.base().source();
        memory.require(
            Routes.denseBytes(source.rows(), source.cols()),
            "the dense decomposition of %dx%d".formatted(source.rows(), source.cols()),
            source.file(),
            plan.base().name());
      }
    }

    /** The tuned matrix, read by one of the problems that run side by side at a time. */
    private Matrix readAlone(MatrixPlan plan, Precision precision) throws IOException {
      synchronized (reader) {
        return weights.tuned(plan, precision);
      }
    }

    private CoordinateUpdate.Factors readFactors(MatrixPlan plan) throws IOException {
      return CoordinateUpdate.Factors.read(
          reader, plan.update().adapters(), base.rows(), base.cols());
    }
  }

  /** The type that a tuned matrix was rounded to when it was stored; F64 if it is computed. */
  static DType storedType(MatrixPlan plan) {
    return plan.update() instanceof UpdateSource.Full full ? full.tuned().dtype() : DType.F64;
  }

  private static long millis(long nanos) {
    return nanos / 1_000_000;
  }

  private static ScanOutcome rejected(MatrixPlan plan, RuntimeException fault) {
    return new ScanOutcome.Rejected(plan, MatrixFault.rejection(plan, fault));
  }
}
