package io.github.intruders.krylov;

import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.LinearOperator;
import io.github.intruders.linalg.Matrix;
import java.util.ArrayList;
import java.util.List;

/**
 * Searches for the leading triplets of M + B · A for several low-rank updates side by side. M is
 * read once for all of them, and a product with many columns runs several times faster for each of
 * them than one with few: what BLAS does to lay out M is done once.
 */
final class JointSearch {
  /** How many columns go through M at once: more make a product no faster. */
  static final int COLUMNS = 256;

  private final LinearOperator m;

  JointSearch(LinearOperator m) {
    this.m = m;
  }

  /** One of the searches. */
  static final class Member {
    private final LeadingSearch search;
    private final Convergence convergence;
    private final LanczosRuns.LowRank update;
    private boolean failed;

    /**
     * @param search of the sum, without a step yet
     * @param update in the search's precision
     */
    Member(LeadingSearch search, Convergence convergence, LanczosRuns.LowRank update) {
      this.search = search;
      this.convergence = convergence;
      this.update = update;
    }

    LeadingSearch search() {
      return search;
    }

    Convergence convergence() {
      return convergence;
    }

    /** Whether the precision does not hold the numbers. */
    boolean failed() {
      return failed;
    }

    private boolean isOpen() {
      return !failed && !convergence.isOver();
    }
  }

  /** Takes all of them to their ends. */
  void run(List<Member> members) {
    List<Member> open = open(members);
    while (!open.isEmpty()) {
      step(open);
      open.stream()
          .filter(member -> !member.failed)
          .forEach(member -> member.convergence.stepped());
      open = open(open);
    }
  }

  private static List<Member> open(List<Member> members) {
    return members.stream().filter(Member::isOpen).toList();
  }

  private void step(List<Member> members) {
    List<Member> turning = new ArrayList<>();
    try (Arena arena = Arena.open()) {
      List<Matrix> through = new ArrayList<>();
      for (Member member : members) {
        Matrix begun = member.search.begin();
        member.failed = begun == null;
        if (!member.failed) {
          turning.add(member);
          through.add(begun);
        }
      }
      if (turning.isEmpty()) {
        return;
      }
      List<Matrix> images = apart(m.forth(beside(m.cols(), through)), through);
      List<Member> ending = new ArrayList<>();
      List<Matrix> back = new ArrayList<>();
      for (int i = 0; i < turning.size(); i++) {
        Member member = turning.get(i);
        LanczosRuns.LowRank update = member.update;
        Matrix image = images.get(i);
        image.plusProductInPlace(1, update.b(), update.a().times(through.get(i)));
        Matrix turned = member.search.turn(image);
        member.failed = turned == null;
        if (!member.failed) {
          ending.add(member);
          back.add(turned);
        }
      }
      if (ending.isEmpty()) {
        return;
      }
      List<Matrix> backwards = apart(m.back(beside(m.rows(), back)), back);
      for (int i = 0; i < ending.size(); i++) {
        LanczosRuns.LowRank update = ending.get(i).update;
        Matrix image = backwards.get(i);
        image.plusProductInPlace(1, update.a().t(), update.b().t().times(back.get(i)));
        ending.get(i).search.end(image);
      }
    }
  }

  /** Blocks of columns side by side, (rows, Σ columns). */
  private Matrix beside(int rows, List<Matrix> blocks) {
    if (blocks.size() == 1) {
      return blocks.get(0);
    }
    int cols = blocks.stream().mapToInt(Matrix::cols).sum();
    Matrix all = Matrix.allocate(rows, cols, m.precision());
    int from = 0;
    for (Matrix block : blocks) {
      int to = from + block.cols();
      all.columnRange(from, to).assign(block);
      from = to;
    }
    return all;
  }

  /** The columns that belong to each of the blocks: views. */
  private static List<Matrix> apart(Matrix all, List<Matrix> blocks) {
    List<Matrix> parts = new ArrayList<>();
    int from = 0;
    for (Matrix block : blocks) {
      int to = from + block.cols();
      parts.add(all.columnRange(from, to));
      from = to;
    }
    return parts;
  }
}
