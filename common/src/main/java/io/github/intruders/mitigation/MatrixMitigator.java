package io.github.intruders.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Gaussian;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.OrthonormalBasis;
import io.github.intruders.linalg.Precision;
import io.github.intruders.mitigation.MitigationOutcome.EditedVariant;
import io.github.intruders.mitigation.Variant.Kind;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.CriticalStrength;
import io.github.intruders.scan.MatrixFault;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.TunedMatrixAnalyser;
import io.github.intruders.scan.TunedMatrixAnalyser.Analysis;
import io.github.intruders.spectra.BaseSpectrum;
import io.github.intruders.spectra.MarchenkoPastur;
import io.github.intruders.spectra.SpectraStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Edits one base matrix in all checkpoints that are asked for: W' = W + (λ − 1) Σ σᵢ uᵢ vᵢᵀ over
 * the intruders i (section 5 of the paper), all λ from one decomposition of W; the update scaled
 * down to a budget, or without the singular values that noise could have; and the controls. Each
 * result is analysed once more as it will be stored. One thread at a time.
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
  private record Scaling(LowRankProduct edit, List<Integer> indices, int rounds) {
    /** An edit that scales no triplet of the tuned matrix. */
    static Scaling ofNoTriplets(LowRankProduct edit) {
      return new Scaling(edit, List.of(), 1);
    }
  }

  /**
   * What a mitigation does, which its controls do in other ways.
   *
   * @param scaling what is scaled of the intruders; null where it is something else
   * @param taken ‖W' − W‖_F; 0 where nothing changes
   * @param grows whether it makes the update larger
   * @param directions in how many directions it acts
   * @param left ‖W' − W0‖_F; null where that is still to be found
   * @param limit see {@link MatrixFigures#updateLimit}
   * @param kept see {@link MatrixFigures#valuesKept}
   */
  private record Reference(
      Scaling scaling,
      double taken,
      boolean grows,
      int directions,
      Double left,
      Double limit,
      Integer kept) {
    boolean changes() {
      return taken > 0;
    }
  }

  /** One matrix of one checkpoint at work. */
  private final class Work {
    private final BaseSpectrum base;
    private final MatrixPlan plan;
    private final TunedMatrix tuned;
    private final double updateNorm;
    private final Analysis analysis;
    private final Map<Variant.Dose, Reference> references = new HashMap<>();

    Work(BaseSpectrum base, MatrixPlan plan) throws IOException {
      this.base = base;
      this.plan = plan;
      this.tuned = TunedMatrix.read(reader, plan);
      this.updateNorm = tuned.updateNorm();
      this.analysis = tuned.analyse(analyser, base);
    }

    List<EditedVariant> variants() throws IOException {
      for (double lambda : settings.lambdas()) {
        references.put(new Variant.Lambda(lambda), ofScaling(find(lambda), lambda));
      }
      if (!settings.budgets().isEmpty() || settings.hardThreshold()) {
        double[] values = tuned.updateValues();
        for (double budget : settings.budgets()) {
          references.put(new Variant.Budget(budget), ofBudget(values[0], budget));
        }
        if (settings.hardThreshold()) {
          references.put(new Variant.HardThreshold(), ofThreshold(values));
        }
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

    private Reference ofScaling(Scaling scaling, double lambda) {
      return new Reference(
          scaling,
          scaling.indices().isEmpty() ? 0 : scaling.edit().norm(),
          lambda > 1,
          scaling.edit().rank(),
          null,
          null,
          null);
    }

    /** No singular value of the update is to exceed a multiple of the critical strength. */
    private Reference ofBudget(double strongest, double multiple) {
      Double critical = CriticalStrength.atEdge(base);
      Double limit = critical == null ? null : (Double) (multiple * critical);
      double factor = limit == null || strongest <= limit ? 1 : limit / strongest;
      return new Reference(
          null,
          (1 - factor) * updateNorm,
          false,
          analysis.s().length,
          factor * updateNorm,
          limit,
          null);
    }

    /**
     * Singular values of the update go where noise of its median could have them. An update of low
     * rank has a median of 0 and keeps all.
     */
    private Reference ofThreshold(double[] values) {
      double limit =
          MarchenkoPastur.hardThreshold(MarchenkoPastur.medianOf(values), base.rows(), base.cols());
      int kept = 0;
      double left = 0;
      double taken = 0;
      for (double value : values) {
        if (value >= limit) {
          kept += value > 0 ? 1 : 0;
          left = Math.hypot(left, value);
        } else {
          taken = Math.hypot(taken, value);
        }
      }
      return new Reference(null, taken, false, analysis.s().length, left, limit, kept);
    }

    private void keep(Arena arena, MatrixEdit edit) {
      if (edit instanceof MatrixEdit.Added added) {
        arena.keep(added.p());
        arena.keep(added.q());
      } else if (edit instanceof MatrixEdit.Replaced replaced) {
        arena.keep(replaced.b());
        arena.keep(replaced.a());
      } else if (edit instanceof MatrixEdit.Outside outside) {
        arena.keep(outside.u());
        arena.keep(outside.v());
      }
    }

    private EditedVariant edited(Variant variant) throws IOException {
      Reference reference = references.get(variant.dose());
      if (!reference.changes()) {
        return kept(variant);
      }
      return switch (variant.kind()) {
        case TOP, ALL -> added(variant, reference.scaling());
        case NEIGHBOUR -> {
          Scaling neighbours = neighbours(variant.lambda(), reference.scaling());
          yield neighbours.indices().isEmpty() ? kept(variant) : added(variant, neighbours);
        }
        case RANDOM -> added(variant, random(reference));
        case SHRINK, BUDGET -> scaled(variant, left(reference) / updateNorm);
        case THRESHOLD -> thresholded(variant, reference.kept());
        case OUTSIDE -> outside(variant, reference);
      };
    }

    private EditedVariant kept(Variant variant) throws IOException {
      return measured(variant, new MatrixEdit.Kept(), tuned, List.of(), 0);
    }

    private double left(Reference reference) {
      return reference.left() == null
          ? tuned.plus(reference.scaling().edit()).updateNorm()
          : reference.left();
    }

    private EditedVariant scaled(Variant variant, double factor) throws IOException {
      return measured(variant, new MatrixEdit.Scaled(factor), tuned.scaled(factor), List.of(), 1);
    }

    private EditedVariant thresholded(Variant variant, int kept) throws IOException {
      if (kept == 0) {
        return scaled(variant, 0);
      }
      LowRankProduct update = tuned.nearestUpdate(kept);
      MatrixEdit edit = new MatrixEdit.Replaced(update.b(), update.a());
      return measured(variant, edit, tuned.with(update), List.of(), 1);
    }

    /**
     * As much as the mitigation takes, or all there is, of the update outside the directions of all
     * intruders that were found.
     */
    private EditedVariant outside(Variant variant, Reference reference) throws IOException {
      int[] intruders =
          IntStream.range(0, analysis.s().length).filter(analysis::isIntruder).toArray();
      Matrix u = columns(analysis.u(), intruders);
      Matrix v = columns(analysis.v(), intruders);
      double norm = intruders.length == 0 ? updateNorm : tuned.outsideNorm(u, v);
      if (norm == 0) {
        return kept(variant);
      }
      double factor = reference.taken() / norm;
      factor = reference.grows() ? factor : -Math.min(1, factor);
      if (intruders.length == 0) {
        return scaled(variant, 1 + factor);
      }
      TunedMatrix intended = tuned.outside(factor, u, v);
      MatrixEdit edit = inRank(new MatrixEdit.Outside(factor, u, v), intended);
      return measured(variant, edit, intended, List.of(), 1);
    }

    private Matrix columns(Matrix from, int[] indices) {
      Matrix columns = Matrix.allocate(from.rows(), indices.length, Precision.DOUBLE);
      for (int c = 0; c < indices.length; c++) {
        columns.columnRange(c, c + 1).assign(from.columnRange(indices[c], indices[c] + 1));
      }
      return columns;
    }

    private EditedVariant added(Variant variant, Scaling scaling) throws IOException {
      TunedMatrix intended = tuned.plus(scaling.edit());
      MatrixEdit edit =
          new MatrixEdit.Added(scaling.edit().b().copy(), scaling.edit().a().transposed());
      return measured(
          variant, inRank(edit, intended), intended, scaling.indices(), scaling.rounds());
    }

    /** The edit, or the nearest one that leaves an adapter its rank where that is asked for. */
    private MatrixEdit inRank(MatrixEdit edit, TunedMatrix intended) {
      if (settings.keepRank() && intended instanceof TunedMatrix.Adapted adapted) {
        LowRankProduct best = adapted.update().best(tuned.rank());
        return new MatrixEdit.Replaced(best.b(), best.a());
      }
      return edit;
    }

    /** Analyses the matrix as it will be stored. */
    private EditedVariant measured(
        Variant variant,
        MatrixEdit edit,
        TunedMatrix intended,
        List<Integer> scaledIndices,
        int rounds)
        throws IOException {
      TunedMatrix stored = tuned.stored(edit, plan.base().name());
      boolean same = stored == tuned;
      Analysis after = same ? analysis : stored.analyse(analyser, base);
      double norm = same ? updateNorm : stored.updateNorm();
      double intendedNorm = same ? updateNorm : intended.updateNorm();
      double error = same ? 0 : stored.distance(intended);
      boolean told = variant.kind() == Kind.BUDGET || variant.kind() == Kind.THRESHOLD;
      Reference reference = references.get(variant.dose());
      return new EditedVariant(
          variant,
          edit,
          new MatrixFigures(
              analysis.intruderCount(),
              after.intruderCount(),
              scaledIndices,
              rounds,
              Arrays.stream(analysis.s()).boxed().toList(),
              Arrays.stream(after.s()).boxed().toList(),
              updateNorm,
              norm,
              tuned.rank(),
              stored.rank(),
              error == 0 ? 0 : error / Math.max(intendedNorm, Double.MIN_NORMAL),
              same ? 0 : stored.distance(tuned),
              told ? reference.limit() : null,
              told ? reference.kept() : null,
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
     * Random orthonormal directions, as many as the edit has, of an edit of the whole update as
     * many as are tested, and together as strong. The seed is the matrix's name, so that every
     * checkpoint and every run gets the same ones.
     */
    private Scaling random(Reference mitigation) {
      int count = Math.min(mitigation.directions(), Math.min(base.rows(), base.cols()));
      long seed = Long.parseUnsignedLong(Fingerprint.of(plan.base().name()).substring(0, 16), 16);
      SplittableRandom random = new SplittableRandom(seed);
      Matrix p = directions(random, base.rows(), count);
      Matrix q = directions(random, base.cols(), count);
      double root = Math.sqrt(mitigation.taken() / Math.sqrt(count));
      return Scaling.ofNoTriplets(LowRankProduct.outer(p.scaleInPlace(root), q.scaleInPlace(root)));
    }

    private Matrix directions(SplittableRandom random, int dimension, int count) {
      return OrthonormalBasis.of(Gaussian.matrix(random, dimension, count)).q();
    }
  }
}
