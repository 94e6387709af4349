package io.github.intruders.mitigation;

import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.ElementEncoder;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.util.List;

/**
 * The factors of one module as an adapter stores them: ΔW = scale · b · a. A chain of adapters is
 * one of all its links side by side. Both who measures an edit and who writes it take the factors
 * from here.
 *
 * @param b (m, R) in double precision
 * @param a (R, n) in double precision
 * @param scale what PEFT multiplies the product by
 * @param typeB element type of b in the file
 * @param typeA element type of a in the file
 */
record StoredFactors(Matrix b, Matrix a, double scale, DType typeB, DType typeA) {

  /** The factors of a chain, in the scale of its first link that has one. */
  static StoredFactors read(TensorReader reader, List<LowRankSource> chain) throws IOException {
    double scale =
        chain.stream().mapToDouble(LowRankSource::scale).filter(s -> s != 0).findFirst().orElse(0);
    int rank = chain.stream().mapToInt(LowRankSource::rank).sum();
    Matrix b = Matrix.allocate(chain.get(0).b().rows(), rank, Precision.DOUBLE);
    Matrix a = Matrix.allocate(rank, chain.get(0).a().cols(), Precision.DOUBLE);
    int from = 0;
    for (LowRankSource link : chain) {
      for (MatrixSource factor : link.sources()) {
        ElementEncoder.requireWritable(factor.dtype(), factor.file(), factor.matrix());
      }
      int to = from + link.rank();
      b.columnRange(from, to).assign(reader.read(link.b(), Precision.DOUBLE));
      if (link.scale() != scale) {
        b.columnRange(from, to).scaleInPlace(link.scale() / scale);
      }
      a.rowRange(from, to).assign(reader.read(link.a(), Precision.DOUBLE));
      from = to;
    }
    DType typeB = chain.get(0).b().dtype();
    DType typeA = chain.get(0).a().dtype();
    for (LowRankSource link : chain) {
      typeB = wider(typeB, link.b().dtype());
      typeA = wider(typeA, link.a().dtype());
    }
    return new StoredFactors(b, a, scale, typeB, typeA);
  }

  /** The narrower of the types that hold every value of both. */
  private static DType wider(DType one, DType other) {
    if (one == other) {
      return one;
    }
    return one == DType.F64 || other == DType.F64 ? DType.F64 : DType.F32;
  }

  int rank() {
    return b.cols();
  }

  /** ΔW, the scale folded in. */
  LowRankProduct update() {
    return new LowRankProduct(b, a).scaled(scale);
  }

  /** The factors after an edit. Those there were stay as they are where the edit adds to them. */
  StoredFactors edited(MatrixEdit edit) {
    if (edit instanceof MatrixEdit.Added added) {
      LowRankProduct more = unscaled(added.p(), added.q().transposed());
      LowRankProduct whole =
          new LowRankProduct(scale == 0 ? b.copy().scaleInPlace(0) : b, a).plus(1, more);
      return new StoredFactors(whole.b(), whole.a(), usableScale(), typeB, typeA);
    } else if (edit instanceof MatrixEdit.Scaled scaled) {
      return new StoredFactors(b, a, scale * scaled.factor(), typeB, typeA);
    } else if (edit instanceof MatrixEdit.Outside outside) {
      LowRankProduct part = update().outside(outside.u(), outside.v()).scaled(outside.factor());
      return edited(new MatrixEdit.Added(part.b(), part.a().transposed()));
    } else if (edit instanceof MatrixEdit.Replaced replaced) {
      LowRankProduct whole = unscaled(replaced.b(), replaced.a());
      return new StoredFactors(whole.b(), whole.a(), usableScale(), typeB, typeA);
    }
    return this;
  }

  private double usableScale() {
    return scale == 0 ? 1 : scale;
  }

  /** The scale taken off both factors alike, so that they stay in the range of half precision. */
  private LowRankProduct unscaled(Matrix left, Matrix right) {
    double root = Math.sqrt(Math.abs(usableScale()));
    return new LowRankProduct(
        left.copy().scaleInPlace(Math.signum(usableScale()) / root),
        right.copy().scaleInPlace(1 / root));
  }

  /** The factors rounded to what the file can hold. */
  StoredFactors rounded(String module) {
    return new StoredFactors(
        ElementEncoder.roundInPlace(b.copy(), typeB, module + " lora_B"),
        ElementEncoder.roundInPlace(a.copy(), typeA, module + " lora_A"),
        scale,
        typeB,
        typeA);
  }
}
