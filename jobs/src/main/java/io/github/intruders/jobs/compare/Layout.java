package io.github.intruders.jobs.compare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the pairs of the checkpoints stand. Each checkpoint is a member, by its place among the
 * ids; so many members that follow each other are a chunk, and two chunks make a tile of pairs.
 * Chunks that follow each other are a group, whose updates of one matrix fit into a task's memory.
 *
 * @param ids of the checkpoints, ascending
 * @param groups how many, at least one; where there is one, a task holds all updates of a matrix
 */
record Layout(List<String> ids, int groups) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Members of a chunk: a tile is an object of a megabyte or less. */
  static final int CHUNK = 64;

  Layout {
    ids = List.copyOf(ids);
    groups = Math.max(1, Math.min(groups, chunks(ids.size())));
  }

  /** A pair of groups of one matrix, or a group with itself. */
  record GroupPair(int a, int b) implements Serializable {}

  private static int chunks(int members) {
    return (members + CHUNK - 1) / CHUNK;
  }

  int chunks() {
    return chunks(ids.size());
  }

  long pairs() {
    return ids.size() * (ids.size() - 1L) / 2;
  }

  int chunkOf(int member) {
    return member / CHUNK;
  }

  int groupOf(int member) {
    return (int) ((long) chunkOf(member) * groups / chunks());
  }

  /** The first member of a chunk. */
  int first(int chunk) {
    return chunk * CHUNK;
  }

  /** One behind the last member of a chunk. */
  int end(int chunk) {
    return Math.min(ids.size(), first(chunk) + CHUNK);
  }

  /** The chunks of a group, ascending. */
  List<Integer> chunksOf(int group) {
    List<Integer> chunks = new ArrayList<>();
    for (int chunk = 0; chunk < chunks(); chunk++) {
      if (groupOf(first(chunk)) == group) {
        chunks.add(chunk);
      }
    }
    return chunks;
  }

  /** All pairs of groups that a group is one of. */
  List<GroupPair> pairsOf(int group) {
    List<GroupPair> pairs = new ArrayList<>();
    for (int other = 0; other < groups; other++) {
      pairs.add(new GroupPair(Math.min(group, other), Math.max(group, other)));
    }
    return pairs;
  }
}
