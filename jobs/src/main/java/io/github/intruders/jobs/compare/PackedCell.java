package io.github.intruders.jobs.compare;

import io.github.intruders.compare.PackedMember;
import io.github.intruders.compare.UpdateSize;
import io.github.intruders.input.Rejection;
import java.io.Serializable;
import java.util.List;

/**
 * A cell on its way from the task that read it to those that compare it.
 *
 * @param first the group's first member
 * @param members null in places that have no update
 */
record PackedCell(
    int group,
    int first,
    List<UpdateSize> sizes,
    PackedMember[] members,
    List<Rejection> rejections)
    implements Serializable {
  /**
   * Where cells meet.
   *
   * @param groups those of the cells
   */
  record Place(String matrix, Layout.GroupPair groups) implements Serializable {}

  /** The same cell; its rejections are told elsewhere. */
  PackedCell withoutRejections() {
    return new PackedCell(group, first, sizes, members, List.of());
  }
}
