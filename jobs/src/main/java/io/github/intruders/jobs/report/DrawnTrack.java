package io.github.intruders.jobs.report;

import io.github.intruders.accumulation.TrackPoint;
import io.github.intruders.jobs.figures.TrackedIntruder;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A track that may be drawn; those that live longest come first.
 *
 * @param lived at how many steps it was there
 * @param strongest singular value of them
 * @param points at the steps that are shown, in no order
 */
record DrawnTrack(
    String sequence, int track, int lived, Double strongest, List<TrackedIntruder> points)
    implements Comparable<DrawnTrack>, Serializable {
  private static final Comparator<DrawnTrack> LONGEST_FIRST =
      Comparator.comparingInt(DrawnTrack::lived)
          .reversed()
          .thenComparing(
              DrawnTrack::strongest, Comparator.nullsLast(Comparator.<Double>reverseOrder()))
          .thenComparingInt(DrawnTrack::track);

  static DrawnTrack of(TrackedIntruder tracked, boolean isShown) {
    TrackPoint point = tracked.point();
    return new DrawnTrack(
        tracked.sequence(),
        point.track(),
        point.state() == TrackPoint.State.FADED ? 0 : 1,
        point.intruder() == null ? null : point.intruder().singularValue(),
        isShown ? List.of(tracked) : List.of());
  }

  /** The same track with the other's points. */
  DrawnTrack plus(DrawnTrack other) {
    List<TrackedIntruder> all = new ArrayList<>(points);
    all.addAll(other.points);
    return new DrawnTrack(
        sequence, track, lived + other.lived, stronger(strongest, other.strongest), all);
  }

  private static Double stronger(Double one, Double other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return Math.max(one, other);
  }

  /** The first of two lists' tracks. */
  static List<DrawnTrack> first(int most, List<DrawnTrack> one, List<DrawnTrack> other) {
    return Stream.concat(one.stream(), other.stream()).sorted().limit(most).toList();
  }

  @Override
  public int compareTo(DrawnTrack other) {
    return LONGEST_FIRST.compare(this, other);
  }
}
