package io.github.intruders.jobs.compare;

import io.github.intruders.input.Rejection;
import io.github.intruders.linalg.Arena;
import io.github.intruders.plan.BaseMatrix;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * The tiles of two groups of one matrix, each made when it is asked for, so that a task holds one
 * at a time. The cells are closed behind the last one.
 */
final class CellTiles implements Iterator<MatrixTile>, AutoCloseable {
  private final Layout layout;
  private final BaseMatrix matrix;
  private final ReadCell a;
  private final ReadCell b;
  private final Iterator<MatrixTile.TileKey> keys;
  private List<Rejection> rejections;
  private boolean closed;

  /**
   * @param a of the group {@code groups.a()}; closed by this
   * @param b of the group {@code groups.b()}, the same where that is the same group; closed by this
   * @param rejections to be told with the first tile
   */
  CellTiles(
      Layout layout,
      BaseMatrix matrix,
      Layout.GroupPair groups,
      ReadCell a,
      ReadCell b,
      List<Rejection> rejections) {
    this.layout = layout;
    this.matrix = matrix;
    this.a = a;
    this.b = b;
    this.rejections = rejections;
    List<MatrixTile.TileKey> tiles = new ArrayList<>();
    for (int chunkA : layout.chunksOf(groups.a())) {
      for (int chunkB : layout.chunksOf(groups.b())) {
        if (chunkA <= chunkB) {
          tiles.add(new MatrixTile.TileKey(chunkA, chunkB));
        }
      }
    }
    this.keys = tiles.iterator();
  }

  /**
   * The tiles of groups whose cells have travelled.
   *
   * @param cells of the two groups; one is not there where no member of it changes the matrix
   */
  static CellTiles of(
      Layout layout, BaseMatrix matrix, Layout.GroupPair groups, Iterable<PackedCell> cells) {
    ReadCell a = null;
    ReadCell b = null;
    List<Rejection> rejections = new ArrayList<>();
    for (PackedCell packed : cells) {
      ReadCell cell = ReadCell.unpacked(packed);
      rejections.addAll(packed.rejections());
      a = packed.group() == groups.a() ? cell : a;
      b = packed.group() == groups.b() ? cell : b;
    }
    return new CellTiles(
        layout,
        matrix,
        groups,
        a == null ? ReadCell.of(layout, groups.a()) : a,
        b == null ? ReadCell.of(layout, groups.b()) : b,
        List.copyOf(rejections));
  }

  @Override
  public boolean hasNext() {
    if (!keys.hasNext()) {
      close();
    }
    return keys.hasNext();
  }

  @Override
  public MatrixTile next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    MatrixTile.TileKey key = keys.next();
    List<Rejection> told = rejections;
    rejections = List.of();
    try (Arena arena = Arena.open()) {
      return new MatrixTile(
          matrix.name(),
          matrix.layer() < 0 ? null : matrix.layer(),
          matrix.module(),
          ReadCell.tile(layout, a, key.chunkA(), b, key.chunkB()),
          told);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      a.close();
      if (b != a) {
        b.close();
      }
    }
  }
}
