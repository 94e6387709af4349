package io.github.intruders.accumulation;

import io.github.intruders.accumulation.StepMatching.Pair;
import io.github.intruders.accumulation.StepMatching.Similarity;
import io.github.intruders.accumulation.TrackPoint.State;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Follows the intruders of one matrix from step to step. An intruder that fades and comes back
 * starts a new track. What a step that could not be analysed did is not known, so tracks end before
 * it: see {@link #interrupt}.
 *
 * <p>Holds the vectors of the last step's intruders in native memory, until the next step has been
 * compared, {@link #interrupt} or {@link #close}. Points stay after that.
 */
public final class Tracks implements AutoCloseable {
  private final List<TrackPoint> points = new ArrayList<>();
  private IntruderVectors before;
  private int lastStep = Integer.MIN_VALUE;
  private List<Birth> active = List.of();
  private int tracks;

  /** Where the track of an intruder of the last step began. */
  private record Birth(int track, int step, String task) {}

  /**
   * Adds the next step. Its vectors stay the caller's, who may free them as soon as this returns.
   *
   * @throws IllegalArgumentException if it does not follow the last one
   */
  public void add(StepIntruders now) {
    if (now.step() <= lastStep) {
      throw new IllegalArgumentException(
          "Step %d can't follow step %d".formatted(now.step(), lastStep));
    }
    IntruderVectors vectors = IntruderVectors.of(now);
    Map<Integer, Pair> partners = new HashMap<>();
    StepMatching matching;
    try {
      matching = before == null ? null : StepMatching.of(before, vectors);
    } catch (RuntimeException | Error e) {
      vectors.free();
      throw e;
    }
    if (matching != null) {
      matching.pairs().forEach(pair -> partners.put(pair.now(), pair));
    }
    List<Birth> births = new ArrayList<>();
    for (int j = 0; j < now.intruders().size(); j++) {
      Pair pair = partners.get(j);
      Birth birth =
          pair == null ? new Birth(tracks++, now.step(), now.task()) : active.get(pair.before());
      births.add(birth);
      Similarity similarity =
          pair != null ? pair.similarity() : matching != null ? matching.nearest(j) : null;
      add(
          now.step(),
          now.intruders().get(j),
          similarity,
          birth,
          pair == null ? State.BORN : State.PERSISTED);
    }
    addFaded(now.step(), partners);
    forget();
    before = vectors;
    lastStep = now.step();
    active = births;
  }

  /**
   * Leaves out a step that could not be analysed. Every track ends without a row, since nothing is
   * known of it; the intruders of the next step all count as born.
   */
  public void interrupt() {
    forget();
    active = List.of();
  }

  /** Frees the vectors of the last step; a step that follows has nothing before it. */
  @Override
  public void close() {
    interrupt();
  }

  private void forget() {
    if (before != null) {
      before.free();
      before = null;
    }
  }

  private void addFaded(int step, Map<Integer, Pair> partners) {
    Set<Integer> found = new HashSet<>();
    partners.values().forEach(pair -> found.add(pair.before()));
    for (int i = 0; i < active.size(); i++) {
      if (!found.contains(i)) {
        add(step, null, null, active.get(i), State.FADED);
      }
    }
  }

  private void add(int step, Intruder intruder, Similarity similarity, Birth birth, State state) {
    points.add(
        new TrackPoint(
            birth.track(),
            step,
            intruder,
            before == null ? null : before.step(),
            similarity == null ? null : similarity.left(),
            similarity == null ? null : similarity.right(),
            birth.step(),
            birth.task(),
            state));
  }

  /** Every point so far, by step; within one by singular index, those that faded last. */
  public List<TrackPoint> points() {
    return List.copyOf(points);
  }
}
