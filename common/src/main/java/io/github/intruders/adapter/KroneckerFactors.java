package io.github.intruders.adapter;

import io.github.intruders.checkpoint.MatrixSource;
import java.util.List;
import java.util.stream.Stream;

/**
 * LoKr's factors as a module's tensors hold them.
 *
 * @param parts the names of all of them
 * @param first one matrix, or the two whose product it is
 * @param second the same of the other
 */
record KroneckerFactors(List<String> parts, List<MatrixSource> first, List<MatrixSource> second) {

  /** Reads what there is of {@code lokr_w1} and {@code lokr_w2}. */
  static KroneckerFactors of(ModuleTensors tensors) {
    List<String> first = parts(tensors, "lokr_w1");
    List<String> second = parts(tensors, "lokr_w2");
    return new KroneckerFactors(
        Stream.concat(first.stream(), second.stream()).toList(),
        first.stream().map(tensors::matrix).toList(),
        second.stream().map(tensors::matrix).toList());
  }

  private static List<String> parts(ModuleTensors tensors, String factor) {
    return tensors.has(factor) ? List.of(factor) : List.of(factor + "_a", factor + "_b");
  }

  /** Those that are products, which have a rank. */
  List<List<MatrixSource>> products() {
    return Stream.of(first, second).filter(factor -> factor.size() == 2).toList();
  }
}
