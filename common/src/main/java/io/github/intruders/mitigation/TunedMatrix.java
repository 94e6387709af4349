package io.github.intruders.mitigation;

import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.adapter.LowRankUpdate;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.LapackSvd;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.linalg.Svd;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.plan.UpdateSource;
import io.github.intruders.scan.TunedMatrixAnalyser;
import io.github.intruders.scan.TunedMatrixAnalyser.Analysis;
import io.github.intruders.spectra.BaseSpectrum;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A tuned matrix W = W0 + ΔW that can be edited and analysed; values don't change. */
sealed interface TunedMatrix {

  /** Reads the tuned matrix of a plan. */
  static TunedMatrix read(TensorReader reader, MatrixPlan plan) throws IOException {
    TunedMatrixAnalyser.WholeBase base = () -> reader.read(plan.base().source(), Precision.DOUBLE);
    if (plan.update() instanceof UpdateSource.LowRank lowRank) {
      List<LowRankSource> chain = new ArrayList<>();
      for (LowRankUpdate link : lowRank.chain()) {
        chain.add(plain(link));
      }
      StoredFactors factors = StoredFactors.read(reader, chain);
      return new Adapted(base, factors, factors.update(), chain.size() == 1);
    }
    MatrixSource place = place(plan);
    return new Whole(base.read(), reader.read(place, Precision.DOUBLE), place.dtype());
  }

  /**
   * A whole tuned matrix W', edited and not rounded yet, in double precision. The base is read only
   * where the edit starts from it.
   *
   * @throws UserInputException as {@link #place} does
   */
  static Matrix edited(TensorReader reader, MatrixPlan plan, MatrixEdit edit) throws IOException {
    MatrixSource place = place(plan);
    Matrix w0 = edit.startsFromBase() ? reader.read(plan.base().source(), Precision.DOUBLE) : null;
    return new Whole(w0, reader.read(place, Precision.DOUBLE), place.dtype()).edited(edit);
  }

  /**
   * Where a whole tuned matrix lies, which an edit replaces in its place.
   *
   * @throws UserInputException if there is none, or if new numbers can't be put there
   */
  static MatrixSource place(MatrixPlan plan) {
    if (!(plan.update() instanceof UpdateSource.Full full)) {
      throw unsupported(plan.update().adapters().get(0));
    }
    MatrixSource place = full.tuned();
    if (!full.adapters().isEmpty()) {
      throw unsupported(full.adapters().get(0));
    }
    if (place.scale() != null) {
      throw UserInputException.inTensor(
          RejectCode.DTYPE_UNSUPPORTED,
          place.file(),
          place.matrix(),
          "8-bit weights with scales can't be edited; convert the checkpoint to BF16 first");
    }
    ElementEncoder.requireWritable(place.dtype(), place.file(), place.matrix());
    if (!place.isContiguous()) {
      throw UserInputException.inTensor(
          RejectCode.FORMAT_UNSUPPORTED,
          place.file(),
          place.matrix(),
          "parts of a fused weight whose rows lie apart in the file can't be edited; leave"
              + " --split-fused out");
    }
    return place;
  }

  /** Whether it is LoRA on a linear layer, the only kind that can be extended and written back. */
  static boolean isPlain(AdapterUpdate update) {
    return update instanceof LowRankSource lora
        && lora.a().matrix().contains(".lora_A")
        && lora.b().matrix().contains(".lora_B");
  }

  /**
   * The factors of a plain update.
   *
   * @throws UserInputException if it is of another kind
   */
  static LowRankSource plain(AdapterUpdate update) {
    if (isPlain(update)) {
      return (LowRankSource) update;
    }
    throw unsupported(update);
  }

  /** Why an update of this kind is refused. */
  static UserInputException unsupported(AdapterUpdate update) {
    return UserInputException.inTensor(
        RejectCode.ADAPTER_UNSUPPORTED,
        update.sources().get(0).file(),
        update.sources().get(0).matrix(),
        "%s can't be edited as an adapter; merge it into the base and edit the checkpoint"
            .formatted(update.kind()));
  }

  /** The k leading triplets. */
  Analysis analyse(TunedMatrixAnalyser analyser, BaseSpectrum base) throws IOException;

  /** ‖ΔW‖_F. */
  double updateNorm();

  /** Rank of the factors of ΔW, 0 if there are none. */
  int rank();

  /** W + edit. */
  TunedMatrix plus(LowRankProduct edit);

  /** W0 + factor · ΔW. */
  TunedMatrix scaled(double factor);

  /** What of ΔW lies outside these directions, ‖(1 − u uᵀ) ΔW (1 − v vᵀ)‖_F. */
  double outsideNorm(Matrix u, Matrix v);

  /** W + factor · (1 − u uᵀ) ΔW (1 − v vᵀ). */
  TunedMatrix outside(double factor, Matrix u, Matrix v);

  /** The min(m, n) singular values of ΔW, descending. */
  double[] updateValues();

  /**
   * The nearest update of so many singular values: in the rank of an adapter's factors, or in just
   * that rank.
   */
  LowRankProduct nearestUpdate(int values);

  /** W0 + update. */
  TunedMatrix with(LowRankProduct update);

  /** What is read back after the edit has been written; this, if the bytes stay the same. */
  TunedMatrix stored(MatrixEdit edit, String name);

  /** ‖W − other‖_F, of one kind. */
  double distance(TunedMatrix other);

  /**
   * A base with an adapter or a chain of them.
   *
   * @param factors as they are stored before the edit
   * @param update ΔW, which may be edited
   * @param single whether one adapter holds the factors, so that they can stay as they are
   */
  record Adapted(
      TunedMatrixAnalyser.WholeBase base,
      StoredFactors factors,
      LowRankProduct update,
      boolean single)
      implements TunedMatrix {
    @Override
    public Analysis analyse(TunedMatrixAnalyser analyser, BaseSpectrum spectrum)
        throws IOException {
      return analyser.ofLowRank(spectrum, update.b(), update.a(), base);
    }

    @Override
    public double updateNorm() {
      return update.norm();
    }

    @Override
    public int rank() {
      return update.rank();
    }

    @Override
    public TunedMatrix plus(LowRankProduct edit) {
      return new Adapted(base, factors, update.plus(1, edit), single);
    }

    @Override
    public TunedMatrix scaled(double factor) {
      return new Adapted(base, factors, update.scaled(factor), single);
    }

    @Override
    public double outsideNorm(Matrix u, Matrix v) {
      return update.outside(u, v).norm();
    }

    @Override
    public TunedMatrix outside(double factor, Matrix u, Matrix v) {
      return plus(update.outside(u, v).scaled(factor));
    }

    @Override
    public double[] updateValues() {
      return update.singularValues();
    }

    @Override
    public LowRankProduct nearestUpdate(int values) {
      return update.best(values, update.rank());
    }

    @Override
    public TunedMatrix with(LowRankProduct other) {
      return new Adapted(base, factors, other, single);
    }

    @Override
    public TunedMatrix stored(MatrixEdit edit, String name) {
      if (single && edit instanceof MatrixEdit.Kept) {
        return this;
      }
      StoredFactors edited = factors.edited(edit).rounded(name);
      return new Adapted(base, edited, edited.update(), single);
    }

    @Override
    public double distance(TunedMatrix other) {
      return update.plus(-1, ((Adapted) other).update).norm();
    }
  }

  /**
   * A whole matrix.
   *
   * @param w0 (m, n) in double precision; null where nothing starts from it
   * @param w (m, n) in double precision
   * @param dtype of the stored elements
   */
  record Whole(Matrix w0, Matrix w, DType dtype) implements TunedMatrix {
    @Override
    public Analysis analyse(TunedMatrixAnalyser analyser, BaseSpectrum spectrum) {
      return analyser.ofWhole(spectrum, w, dtype);
    }

    @Override
    public double updateNorm() {
      return w.copy().plusInPlace(-1, w0).frobeniusNorm();
    }

    @Override
    public int rank() {
      return 0;
    }

    @Override
    public TunedMatrix plus(LowRankProduct edit) {
      return new Whole(w0, w.copy().plusProductInPlace(1, edit.b(), edit.a()), dtype);
    }

    @Override
    public TunedMatrix scaled(double factor) {
      Matrix scaled = w.copy().plusInPlace(-1, w0).scaleInPlace(factor).plusInPlace(1, w0);
      return new Whole(w0, scaled, dtype);
    }

    private Matrix update() {
      return w.copy().plusInPlace(-1, w0);
    }

    private Matrix outsidePart(Matrix u, Matrix v) {
      Matrix part = update();
      part.plusProductInPlace(-1, u, u.t().times(part));
      return part.plusProductInPlace(-1, part.times(v), v.t());
    }

    @Override
    public double outsideNorm(Matrix u, Matrix v) {
      return outsidePart(u, v).frobeniusNorm();
    }

    @Override
    public TunedMatrix outside(double factor, Matrix u, Matrix v) {
      return new Whole(w0, w.copy().plusInPlace(factor, outsidePart(u, v)), dtype);
    }

    @Override
    public double[] updateValues() {
      return LapackSvd.DIVIDE_AND_CONQUER.singularValues(update());
    }

    @Override
    public LowRankProduct nearestUpdate(int values) {
      Svd svd = LapackSvd.DIVIDE_AND_CONQUER.decompose(update());
      double[] kept = Arrays.copyOf(svd.s(), values);
      return new LowRankProduct(
          svd.u().columnRange(0, values).copy().scaleColumnsInPlace(kept),
          svd.vt().rowRange(0, values).copy());
    }

    @Override
    public TunedMatrix with(LowRankProduct other) {
      return new Whole(w0, w0.copy().plusProductInPlace(1, other.b(), other.a()), dtype);
    }

    @Override
    public TunedMatrix stored(MatrixEdit edit, String name) {
      if (edit instanceof MatrixEdit.Kept) {
        return this;
      }
      return new Whole(w0, ElementEncoder.roundInPlace(edited(edit), dtype, name), dtype);
    }

    /** W' in double precision. */
    Matrix edited(MatrixEdit edit) {
      if (edit instanceof MatrixEdit.Added added) {
        return ((Whole) plus(LowRankProduct.outer(added.p(), added.q()))).w;
      } else if (edit instanceof MatrixEdit.Scaled scaled) {
        return ((Whole) scaled(scaled.factor())).w;
      } else if (edit instanceof MatrixEdit.Outside outside) {
        return ((Whole) outside(outside.factor(), outside.u(), outside.v())).w;
      } else if (edit instanceof MatrixEdit.Replaced replaced) {
        return w0.copy().plusProductInPlace(1, replaced.b(), replaced.a());
      }
      return w.copy();
    }

    @Override
    public double distance(TunedMatrix other) {
      return w.copy().plusInPlace(-1, ((Whole) other).w).frobeniusNorm();
    }
  }
}
