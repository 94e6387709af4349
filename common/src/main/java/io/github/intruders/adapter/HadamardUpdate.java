package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Products by element. LoHa: {@code tuned = w + (b1 · a1) ⊙ (b2 · a2)} (PEFT's {@code
 * tuners/loha/layer.py}); HiRA: {@code tuned = w + w ⊙ (b1 · a1)} ({@code tuners/hira/layer.py}).
 * Not of low rank.
 *
 * @param first b1 · a1, with LoHa's scale
 * @param second b2 · a2; null for HiRA, where w stands in its place
 */
public record HadamardUpdate(LowRankUpdate first, LowRankSource second) implements WholeUpdate {
  private static final long serialVersionUID = 1L;

  @Override
  public String baseTensor() {
    return first.baseTensor();
  }

  @Override
  public String kind() {
    return second == null ? "HiRA" : "LoHa";
  }

  @Override
  public List<MatrixSource> sources() {
    List<MatrixSource> sources = new ArrayList<>(first.sources());
    if (second != null) {
      sources.addAll(second.sources());
    }
    return sources;
  }

  @Override
  public HadamardUpdate fittedTo(MatrixSource weight) {
    return new HadamardUpdate(
        first.fittedTo(weight), second == null ? null : second.fittedTo(weight));
  }

  @Override
  public Matrix applyTo(Matrix w, TensorReader reader) throws IOException {
    try (Arena scratch = Arena.open()) {
      Matrix left = first.readB(reader).times(first.readA(reader));
      Matrix right = second == null ? w : second.readB(reader).times(second.readA(reader));
      for (int i = 0; i < w.rows(); i++) {
        for (int j = 0; j < w.cols(); j++) {
          w.set(i, j, w.get(i, j) + left.get(i, j) * right.get(i, j));
        }
      }
      return w;
    }
  }
}
