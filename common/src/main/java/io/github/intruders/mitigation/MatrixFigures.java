package io.github.intruders.mitigation;

import java.util.List;

/**
 * What an edit did to one matrix, measured on the matrix as it is stored, rounding included.
 *
 * @param intrudersBefore vectors of the tuned matrix that are intruders, over all sides tested
 * @param intrudersAfter the same of the edited matrix
 * @param scaledIndices places in the tuned spectrum of the triplets that were scaled, round by
 *     round; of a control: of the triplets scaled instead
 * @param rounds how many rounds scaled something
 * @param singularValuesBefore the k leading singular values of W
 * @param singularValuesAfter the k leading singular values of W'
 * @param updateNormBefore ‖W − W0‖_F
 * @param updateNormAfter ‖W' − W0‖_F
 * @param updateRankBefore rank of an adapter's factors, 0 for a whole matrix
 * @param updateRankAfter rank of the edited factors, 0 for a whole matrix
 * @param reconstructionError ‖W'stored − W'‖_F relative to ‖W' − W0‖_F, with W' in double
 *     precision: rounding, and what {@code keepRank} cuts off
 * @param editNorm ‖W' − W‖_F
 * @param updateLimit the strength that singular values of the update are held against: of a budget
 *     the most that is allowed, of a threshold the least that is kept; null for other edits, and
 *     where the base has no critical strength
 * @param valuesKept how many singular values of the update a threshold keeps; null for other edits
 * @param solver name of the route that analysed W'
 */
public record MatrixFigures(
    int intrudersBefore,
    int intrudersAfter,
    List<Integer> scaledIndices,
    int rounds,
    List<Double> singularValuesBefore,
    List<Double> singularValuesAfter,
    double updateNormBefore,
    double updateNormAfter,
    int updateRankBefore,
    int updateRankAfter,
    double reconstructionError,
    double editNorm,
    Double updateLimit,
    Integer valuesKept,
    String solver) {
  public MatrixFigures {
    scaledIndices = List.copyOf(scaledIndices);
    singularValuesBefore = List.copyOf(singularValuesBefore);
    singularValuesAfter = List.copyOf(singularValuesAfter);
  }
}
