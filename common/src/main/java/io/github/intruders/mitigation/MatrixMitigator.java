package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.mitigation.MitigationOutcome.EditedVariant;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.MatrixFault;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedMatrixAnalyser;
import io.github.intruders.scan.TunedMatrixAnalyser.Analysis;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Edits one base matrix in all checkpoints that are asked for: W' = W + (λ − 1) Σ σᵢ uᵢ vᵢᵀ over
 * the intruders i (section 5 of the paper), all λ from one decomposition of W, and the controls.
 * Each result is analysed once more as it will be stored. One thread at a time.
 */
public final class MatrixMitigator {
  private final SpectraStore store;
  private final MitigationSettings settings;
  private final TensorReader reader;
  private final TunedMatrixAnalyser analyser;

  public MatrixMitigator(
      Storage storage, SpectraStore store, ScanSettings scan, MitigationSettings settings) {
    this.store = store;
    this.settings = settings;
    this.reader = new TensorReader(storage);
    this.analyser = new TunedMatrixAnalyser(scan);
  }

  /** Takes what becomes of each piece of work, as soon as it is known. */
  @FunctionalInterface
  public interface Outcomes {
    void accept(MitigationOutcome outcome) throws IOException;
  }

  /**
   * Edits {@code matrix} in every plan, one outcome each.
   *
   * @param identity length and time of change of the base's file
   * @throws IOException if the storage fails
   */
  public void mitigate(
      BaseMatrix matrix, String identity, List<MatrixPlan> plans, Outcomes outcomes)
      throws IOException {
    try (Arena arena = Arena.open()) {
      BaseSpectrum base;
      try {
        base = store.obtain(matrix.source(), identity).spectrum();
      } catch (RuntimeException e) {
        for (MatrixPlan plan : plans) {
          outcomes.accept(rejected(plan, e));
        }
        return;
      }
      for (MatrixPlan plan : plans) {
        mitigate(base, plan, outcomes);
      }
    }
  }

  private void mitigate(BaseSpectrum base, MatrixPlan plan, Outcomes outcomes) throws IOException {
    try (Arena arena = Arena.open()) {
      MitigationOutcome outcome;
      try {
        outcome = new MitigationOutcome.Edited(plan, new Work(base, plan).variants());
      } catch (RuntimeException e) {
        outcome = rejected(plan, e);
      }
      outcomes.accept(outcome);
    }
  }

  private static MitigationOutcome rejected(MatrixPlan plan, RuntimeException fault) {
    return new MitigationOutcome.Rejected(plan, MatrixFault.rejection(plan, fault));
  }

  /**
   * What is to be scaled, found in one or more rounds.
   *
   * @param edit p · qᵀ of it
   * @param indices which triplets, round by round
   */
  private record Scaling(LowRankProduct edit, List<Integer> indices, int rounds) {}

  /** One matrix of one checkpoint at work. */
  private final class Work {
    private final BaseSpectrum base;
    private final MatrixPlan plan;
    private final TunedMatrix tuned;
    private final double updateNorm;
    private final Analysis analysis;
    private final Map<Double, Scaling> scalings = new HashMap<>();

    Work(BaseSpectrum base, MatrixPlan plan) throws IOException {
      this.base = base;
      this.plan = plan;
      this.tuned = TunedMatrix.read(reader, plan);
      this.updateNorm = tuned.updateNorm();
      this.analysis = tuned.analyse(analyser, base);
    }

    List<EditedVariant> variants() throws IOException {
      for (double lambda : settings.lambdas()) {
        scalings.put(lambda, find(lambda));
      }
      List<EditedVariant> variants = new ArrayList<>();
      for (Variant variant : settings.variants()) {
        try (Arena arena = Arena.open()) {
          EditedVariant edited = edited(variant);
          keep(arena, edited.edit());
          variants.add(edited);
        }
      }
      return variants;
    }

    private void keep(Arena arena, MatrixEdit edit) {
      if (edit instanceof MatrixEdit.Added added) {
        arena.keep(added.p());
        arena.keep(added.q());
      } else if (edit instanceof MatrixEdit.Replaced replaced) {
        arena.keep(replaced.b());
        arena.keep(replaced.a());
      }
    }

    private EditedVariant edited(Variant variant) throws IOException {
      Scaling mitigation = scalings.get(variant.lambda());
      if (mitigation.indices().isEmpty()) {
        return measured(variant, new MatrixEdit.Kept(), tuned, mitigation);
      }
      return switch (variant.kind()) {
        case TOP, ALL -> added(variant, mitigation);
        case NEIGHBOUR -> added(variant, neighbours(variant.lambda(), mitigation));
        case RANDOM -> added(variant, random(mitigation));
        case SHRINK -> {
          double factor = tuned.plus(mitigation.edit()).updateNorm() / updateNorm;
          yield measured(
              variant,
              new MatrixEdit.Scaled(factor),
              tuned.scaled(factor),
              new Scaling(mitigation.edit(), List.of(), 1));
        }
      };
    }

    private EditedVariant added(Variant variant, Scaling scaling) throws IOException {
      if (scaling.indices().isEmpty() && variant.kind() == Variant.Kind.NEIGHBOUR) {
        return measured(variant, new MatrixEdit.Kept(), tuned, scaling);
      }
      TunedMatrix intended = tuned.plus(scaling.edit());
      return measured(variant, edit(scaling.edit(), intended), intended, scaling);
    }

    private MatrixEdit edit(LowRankProduct edit, TunedMatrix intended) {
      if (settings.keepRank() && intended instanceof TunedMatrix.Adapted adapted) {
        LowRankProduct best = adapted.update().best(tuned.rank());
        return new MatrixEdit.Replaced(best.b(), best.a());
      }
      return new MatrixEdit.Added(edit.b().copy(), edit.a().transposed());
    }

    /** Analyses the matrix as it will be stored. */
    private EditedVariant measured(
        Variant variant, MatrixEdit edit, TunedMatrix intended, Scaling scaling)
        throws IOException {
      TunedMatrix stored = tuned.stored(edit, plan.base().name());
      boolean same = stored == tuned;
      Analysis after = same ? analysis : stored.analyse(analyser, base);
      double norm = same ? updateNorm : stored.updateNorm();
      double intendedNorm = same ? updateNorm : intended.updateNorm();
      double error = same ? 0 : stored.distance(intended);
      return new EditedVariant(
          variant,
          edit,
          new MatrixFigures(
              analysis.intruderCount(),
              after.intruderCount(),
              scaling.indices(),
              scaling.rounds(),
              Arrays.stream(analysis.s()).boxed().toList(),
              Arrays.stream(after.s()).boxed().toList(),
              updateNorm,
              norm,
              tuned.rank(),
              stored.rank(),
              error == 0 ? 0 : error / Math.max(intendedNorm, Double.MIN_NORMAL),
              after.solver()));
    }

    /** The intruders to scale at this λ, in as many rounds as it takes. */
    private Scaling find(double lambda) throws IOException {
      LowRankProduct edit = LowRankProduct.zero(base.rows(), base.cols());
      List<Integer> indices = new ArrayList<>();
      Analysis current = analysis;
      int rounds = 0;
      while (lambda != 1 && rounds < settings.rounds()) {
        List<Integer> chosen = intruders(current);
        if (chosen.isEmpty()) {
          break;
        }
        edit = edit.plus(1, triplets(current, chosen, lambda - 1));
        indices.addAll(chosen);
        rounds++;
        if (rounds < settings.rounds()) {
          current = tuned.plus(edit).analyse(analyser, base);
        }
      }
      return new Scaling(edit, indices, rounds);
    }

    private List<Integer> intruders(Analysis found) {
      List<Integer> intruders = new ArrayList<>();
      for (int j = 0; j < found.s().length; j++) {
        if (found.isIntruder(j)) {
          intruders.add(j);
        }
      }
      return settings.selection() == Selection.TOP && intruders.size() > 1
          ? intruders.subList(0, 1)
          : intruders;
    }

    /** factor · Σ σᵢ uᵢ vᵢᵀ, σ shared equally between both factors. */
    private LowRankProduct triplets(Analysis found, List<Integer> indices, double factor) {
      Matrix p = Matrix.allocate(base.rows(), indices.size(), Precision.DOUBLE);
      Matrix q = Matrix.allocate(base.cols(), indices.size(), Precision.DOUBLE);
      for (int c = 0; c < indices.size(); c++) {
        int j = indices.get(c);
        double root = Math.sqrt(Math.abs(factor) * found.s()[j]);
        p.columnRange(c, c + 1)
            .assign(found.u().columnRange(j, j + 1))
            .scaleInPlace(Math.signum(factor) * root);
        q.columnRange(c, c + 1).assign(found.v().columnRange(j, j + 1)).scaleInPlace(root);
      }
      return LowRankProduct.outer(p, q);
    }

    /**
     * As many triplets that are no intruders: for each that was scaled the nearest by singular
     * index, the weaker one first, each once. Fewer where the tested triplets have no more.
     */
    private Scaling neighbours(double lambda, Scaling mitigation) {
      List<Integer> free = new ArrayList<>();
      for (int j = 0; j < analysis.s().length; j++) {
        if (!analysis.isIntruder(j) && analysis.s()[j] > 0) {
          free.add(j);
        }
      }
      List<Integer> chosen = new ArrayList<>();
      for (int scaled : mitigation.indices()) {
        Integer nearest = null;
        for (Integer candidate : free) {
          if (nearest == null || Math.abs(candidate - scaled) <= Math.abs(nearest - scaled)) {
            nearest = candidate;
          }
        }
        if (nearest != null) {
          chosen.add(nearest);
          free.remove(nearest);
        }
      }
      return new Scaling(triplets(analysis, chosen, lambda - 1), chosen, chosen.isEmpty() ? 0 : 1);
    }

    /**
     * Random orthonormal directions, as many and together as strong as the edit. The seed is the
     * matrix's name, so that every checkpoint and every run gets the same ones.
     */
    private Scaling random(Scaling mitigation) {
      int count = Math.min(mitigation.edit().rank(), Math.min(base.rows(), base.cols()));
      long seed = Long.parseUnsignedLong(Fingerprint.of(plan.base().name()).substring(0, 16), 16);
      SplittableRandom random = new SplittableRandom(seed);
      Matrix p = directions(random, base.rows(), count);
      Matrix q = directions(random, base.cols(), count);
      double root = Math.sqrt(mitigation.edit().norm() / Math.sqrt(count));
      return new Scaling(
          LowRankProduct.outer(p.scaleInPlace(root), q.scaleInPlace(root)), List.of(), 1);
    }

    private Matrix directions(SplittableRandom random, int dimension, int count) {
      Matrix gaussian = Matrix.allocate(dimension, count, Precision.DOUBLE);
      for (int i = 0; i < dimension; i++) {
        for (int j = 0; j < count; j++) {
          gaussian.set(i, j, random.nextGaussian());
        }
      }
      return OrthonormalBasis.of(gaussian).q();
    }
  }
}
