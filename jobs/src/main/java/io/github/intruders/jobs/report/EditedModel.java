package io.github.intruders.jobs.report;

import io.github.intruders.jobs.ledger.MitigationEntry;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * One edited model: a variant of a checkpoint, over its matrices.
 *
 * @param lambda factor of the intruders; null where the edit has none
 * @param matrices how many were looked at
 * @param touched how many an edit changes
 * @param updateNormBefore ‖ΔW‖_F over all matrices
 * @param updateNormAfter the same of the edited model
 * @param maxReconstructionError the largest of the matrices' errors
 * @param maxReconstructionMatrix the matrix it lies in
 */
record EditedModel(
    String checkpointId,
    String variant,
    Double lambda,
    int matrices,
    int touched,
    long intrudersBefore,
    long intrudersScaled,
    long intrudersAfter,
    double updateNormBefore,
    double updateNormAfter,
    double maxReconstructionError,
    String maxReconstructionMatrix)
    implements Serializable {

  /** All of them, by one Spark job, in no order. */
  static List<EditedModel> of(JavaRDD<MitigationEntry> entries) {
    return entries
        .mapToPair(entry -> new Tuple2<>(Key.of(entry), Matrix.of(entry)))
        .aggregateByKey(new ArrayList<Matrix>(), EditedModel::with, EditedModel::with)
        .map(model -> of(model._1(), model._2()))
        .collect();
  }

  private record Key(String checkpointId, String variant, Double lambda) implements Serializable {
    private static Key of(MitigationEntry entry) {
      return new Key(entry.checkpointId(), entry.variant(), entry.lambda());
    }
  }

  /** What counts of one matrix. */
  private record Matrix(
      String name,
      boolean isTouched,
      int intrudersBefore,
      int intrudersScaled,
      int intrudersAfter,
      double updateNormBefore,
      double updateNormAfter,
      double reconstructionError)
      implements Serializable {
    private static Matrix of(MitigationEntry entry) {
      return new Matrix(
          entry.matrix(),
          entry.rounds() > 0,
          entry.intrudersBefore(),
          entry.intrudersScaled(),
          entry.intrudersAfter(),
          entry.updateNormBefore(),
          entry.updateNormAfter(),
          entry.reconstructionError());
    }
  }

  private static ArrayList<Matrix> with(ArrayList<Matrix> matrices, Matrix one) {
    matrices.add(one);
    return matrices;
  }

  private static ArrayList<Matrix> with(ArrayList<Matrix> matrices, ArrayList<Matrix> others) {
    matrices.addAll(others);
    return matrices;
  }

  private static EditedModel of(Key key, List<Matrix> unordered) {
    // Sums of fractions depend on their order.
    List<Matrix> matrices = unordered.stream().sorted(Comparator.comparing(Matrix::name)).toList();
    Matrix worst =
        matrices.stream()
            .max(
                Comparator.comparingDouble(Matrix::reconstructionError).thenComparing(Matrix::name))
            .orElseThrow();
    return new EditedModel(
        key.checkpointId,
        key.variant,
        key.lambda,
        matrices.size(),
        (int) matrices.stream().filter(Matrix::isTouched).count(),
        matrices.stream().mapToLong(Matrix::intrudersBefore).sum(),
        matrices.stream().mapToLong(Matrix::intrudersScaled).sum(),
        matrices.stream().mapToLong(Matrix::intrudersAfter).sum(),
        norm(matrices, Matrix::updateNormBefore),
        norm(matrices, Matrix::updateNormAfter),
        worst.reconstructionError,
        worst.name);
  }

  private static double norm(List<Matrix> matrices, ToDoubleFunction<Matrix> ofMatrix) {
    double squares = 0; // one after the other, as a stream's sum would not
    for (Matrix matrix : matrices) {
      double norm = ofMatrix.applyAsDouble(matrix);
      squares += norm * norm;
    }
    return Math.sqrt(squares);
  }
}
