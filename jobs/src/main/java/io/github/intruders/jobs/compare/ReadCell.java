package io.github.intruders.jobs.compare;

import io.github.intruders.accumulation.SharedIntruders;
import io.github.intruders.compare.MatrixComparison;
import io.github.intruders.compare.MatrixComparison.Member;
import io.github.intruders.compare.PackedMember;
import io.github.intruders.compare.PairPart;
import io.github.intruders.compare.PairTile;
import io.github.intruders.compare.UpdateSize;
import io.github.intruders.compare.UpdateTriplets;
import io.github.intruders.input.Rejection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The updates of one matrix in a group of members. Holds native memory until it is closed. */
final class ReadCell implements AutoCloseable {
  private final int first;
  private final UpdateSize[] sizes;
  private final Member[] members;
  private final List<Rejection> rejections = new ArrayList<>();

  /** A cell of a group in which no member has an update yet. */
  static ReadCell of(Layout layout, int group) {
    List<Integer> chunks = layout.chunksOf(group);
    return new ReadCell(layout.first(chunks.get(0)), layout.end(chunks.get(chunks.size() - 1)));
  }

  private ReadCell(int first, int end) {
    this.first = first;
    this.sizes = new UpdateSize[end - first];
    this.members = new Member[end - first];
    Arrays.fill(sizes, UpdateSize.NONE);
  }

  /** Takes an update over, and the intruders, which may be null. */
  void put(int member, UpdateTriplets update, SharedIntruders intruders) {
    sizes[member - first] = UpdateSize.of(update);
    members[member - first] = Member.of(update, intruders);
  }

  /** A member may have an update, but none that can be read. */
  void leaveOut(int member) {
    sizes[member - first] = UpdateSize.LEFT_OUT;
  }

  void reject(int member, Rejection rejection) {
    leaveOut(member);
    rejections.add(rejection);
  }

  List<Rejection> rejections() {
    return List.copyOf(rejections);
  }

  /** A copy that can travel. */
  PackedCell pack(int group) {
    PackedMember[] packed = new PackedMember[members.length];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = members[i] == null ? null : PackedMember.of(members[i]);
    }
    return new PackedCell(group, first, List.of(sizes), packed, rejections());
  }

  /** A cell that has travelled. */
  static ReadCell unpacked(PackedCell packed) {
    ReadCell cell = new ReadCell(packed.first(), packed.first() + packed.members().length);
    for (int i = 0; i < packed.members().length; i++) {
      cell.sizes[i] = packed.sizes().get(i);
      PackedMember member = packed.members()[i];
      if (member != null) {
        cell.members[i] =
            Member.of(
                member.update(), member.intruders() == null ? null : member.intruders().unpack());
      }
    }
    return cell;
  }

  /** The pairs of two chunks. */
  static PairTile tile(Layout layout, ReadCell a, int chunkA, ReadCell b, int chunkB) {
    List<UpdateSize> sizesA = a.sizes(layout, chunkA);
    List<UpdateSize> sizesB = chunkA == chunkB ? sizesA : b.sizes(layout, chunkB);
    List<Member> membersA = a.members(layout, chunkA);
    List<Member> membersB = chunkA == chunkB ? membersA : b.members(layout, chunkB);
    PairPart[][] parts = new PairPart[membersA.size()][membersB.size()];
    MatrixComparison.run(membersA, membersB, (i, j, part) -> parts[i][j] = part);
    return new PairTile(chunkA, chunkB, sizesA, sizesB, parts);
  }

  private List<UpdateSize> sizes(Layout layout, int chunk) {
    return new ArrayList<>(
        List.of(sizes).subList(layout.first(chunk) - first, layout.end(chunk) - first));
  }

  private List<Member> members(Layout layout, int chunk) {
    return Arrays.asList(members).subList(layout.first(chunk) - first, layout.end(chunk) - first);
  }

  @Override
  public void close() {
    for (Member member : members) {
      if (member != null) {
        member.update().free();
        if (member.intruders() != null) {
          member.intruders().close();
        }
      }
    }
  }
}
