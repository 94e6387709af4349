package io.github.intruders.jobs.figures;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The singular indices at which curves are drawn: all the first ones, then so many an octave. */
public final class CurveIndices {
  private static final int OCTAVES = 14;
  private static final Set<Integer> FINE = indices(32, 4);
  private static final Set<Integer> COARSE = indices(12, 2);
  private static final Set<Integer> EITHER =
      Stream.of(FINE, COARSE).flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());

  private CurveIndices() {}

  /** Whether the index is drawn, beside the last one. */
  public static boolean isDrawn(int index, boolean fine) {
    return (fine ? FINE : COARSE).contains(index);
  }

  static boolean mayBeDrawn(int index) {
    return EITHER.contains(index);
  }

  private static Set<Integer> indices(int dense, int anOctave) {
    return IntStream.concat(
            IntStream.range(0, dense),
            IntStream.range(0, anOctave * OCTAVES)
                .map(step -> (int) Math.round(dense * Math.pow(2, (double) step / anOctave))))
        .boxed()
        .collect(Collectors.toUnmodifiableSet());
  }
}
