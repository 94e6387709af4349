package io.github.intruders.jobs.report;

import io.github.intruders.jobs.figures.CheckpointFigures;
import io.github.intruders.jobs.figures.CheckpointFigures.CurvePoint;
import io.github.intruders.jobs.figures.CheckpointFigures.HeatCell;
import io.github.intruders.jobs.figures.CheckpointFigures.ShareCounts;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.CurveIndices;
import io.github.intruders.jobs.table.SideNames;
import io.github.intruders.scan.Side;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What the report shows of all vectors: curves over the spectrum, and maps over the model. */
final class VectorFigures {
  /** Up to so many checkpoints, curves over the singular index have all their points. */
  private static final int FINE_CURVES = 100;

  /** Points of a curve over the share of the spectrum. */
  private static final int SHARE_STEPS = 24;

  /** So that a share that is a whole number of steps is taken for one. */
  private static final int STEP_DIGITS = 6;

  /** Cells of the heat maps of single checkpoints, and how many of those there are at most. */
  private static final int HEAT_CELLS = 10_000;

  private static final int HEAT_CHECKPOINTS = 40;

  private static final Columns<Point> VECTORS =
      new Columns<Point>()
          .text("checkpoint_id", Point::checkpointId)
          .text("side", of -> SideNames.toColumn(of.point.side()))
          .number("singular_index", of -> of.point.singularIndex())
          .number("intruders", of -> of.point.intruders())
          .number("tested", of -> of.point.tested())
          .number("lowest", of -> of.point.lowest())
          .number("lower", of -> of.point.lower())
          .number("median", of -> of.point.median())
          .number("upper", of -> of.point.upper())
          .number("chance", of -> of.point.chance());

  private static final Columns<Share> SHARES =
      new Columns<Share>()
          .text("checkpoint_id", Share::checkpointId)
          .text("side", of -> SideNames.toColumn(of.side))
          .number("share", Share::share)
          .number("intruders", of -> of.counts[0])
          .number("tested", of -> of.counts[1]);

  private static final Columns<Cell> HEAT =
      new Columns<Cell>()
          .text("of", of -> of.place.of)
          .number("layer", of -> of.place.layer)
          .text("module", of -> of.place.module)
          .number("intruders", of -> of.intruders)
          .number("tested", of -> of.tested)
          .number("energy_share", of -> of.energy > 0 ? of.intruderEnergy / of.energy : 0.0);

  private final EmbeddedTables page;

  VectorFigures(EmbeddedTables page) {
    this.page = page;
  }

  private record Point(String checkpointId, CurvePoint point) {}

  /**
   * One point of a curve.
   *
   * @param counts of intruders and of tested vectors
   */
  private record Share(String checkpointId, Side side, double share, long[] counts) {}

  /** A module of a layer in one of the maps. */
  private record CellPlace(String of, Integer layer, String module)
      implements Comparable<CellPlace> {
    private static final Comparator<CellPlace> ORDER =
        Comparator.comparing(CellPlace::of)
            .thenComparing(
                CellPlace::layer, Comparator.nullsFirst(Comparator.<Integer>naturalOrder()))
            .thenComparing(
                CellPlace::module, Comparator.nullsFirst(Comparator.<String>naturalOrder()));

    @Override
    public int compareTo(CellPlace other) {
      return ORDER.compare(this, other);
    }
  }

  private record Cell(
      CellPlace place, long intruders, long tested, double intruderEnergy, double energy) {
    private static Cell of(String of, HeatCell cell) {
      return new Cell(
          new CellPlace(of, cell.layer(), cell.module()),
          cell.intruders(),
          cell.tested(),
          cell.intruderEnergy(),
          cell.energy());
    }

    private Cell plus(Cell other) {
      return new Cell(
          place,
          intruders + other.intruders,
          tested + other.tested,
          intruderEnergy + other.intruderEnergy,
          energy + other.energy);
    }
  }

  /**
   * Puts the tables.
   *
   * @param figures of all checkpoints, by id
   * @param drawn those that are drawn
   */
  void put(List<CheckpointFigures> figures, List<CheckpointResult> drawn) {
    Set<String> ids = new HashSet<>();
    drawn.forEach(checkpoint -> ids.add(checkpoint.checkpointId()));
    List<CheckpointFigures> ofDrawn =
        figures.stream().filter(of -> ids.contains(of.checkpointId())).toList();
    putByIndex(ofDrawn, drawn.size() <= FINE_CURVES);
    putByShare(ofDrawn);
    putHeat(figures, drawn);
  }

  /**
   * By checkpoint and singular index: how best similarities spread over the matrices, and how many
   * vectors up to there are intruders.
   */
  private void putByIndex(List<CheckpointFigures> figures, boolean fine) {
    page.put(
        "vectors",
        VECTORS,
        figures.stream()
            .flatMap(
                of ->
                    of.curves().stream()
                        .filter(
                            point ->
                                point.isLast() || CurveIndices.isDrawn(point.singularIndex(), fine))
                        .sorted(
                            Comparator.comparing(CurvePoint::side)
                                .thenComparingInt(CurvePoint::singularIndex))
                        .map(point -> new Point(of.checkpointId(), point)))
            .toList());
  }

  /**
   * By checkpoint and share of the spectrum: how many vectors lie there, and how many of them are
   * intruders. A vector's share is (its index + 1) / min(rows, cols) of its matrix.
   */
  private void putByShare(List<CheckpointFigures> figures) {
    double largest =
        figures.stream()
            .flatMap(of -> of.shares().stream())
            .mapToDouble(counts -> (double) counts.tested().length / counts.size())
            .max()
            .orElse(0);
    if (largest == 0) {
      return;
    }
    List<Share> shares = new ArrayList<>();
    for (CheckpointFigures of : figures) {
      Map<Side, Map<Long, long[]>> bySide = new TreeMap<>();
      for (ShareCounts counts : of.shares()) {
        addUp(counts, largest, bySide.computeIfAbsent(counts.side(), unseen -> new TreeMap<>()));
      }
      bySide.forEach(
          (side, bySteps) ->
              bySteps.forEach(
                  (steps, counts) ->
                      shares.add(
                          new Share(
                              of.checkpointId(), side, steps * (largest / SHARE_STEPS), counts))));
    }
    page.put("shares", SHARES, shares);
  }

  private static void addUp(ShareCounts counts, double largest, Map<Long, long[]> bySteps) {
    for (int index = 0; index < counts.tested().length; index++) {
      if (counts.tested()[index] > 0) {
        double share = (index + 1.0) / counts.size();
        long[] sums = bySteps.computeIfAbsent(steps(share / largest), unseen -> new long[2]);
        sums[0] += counts.intruders()[index];
        sums[1] += counts.tested()[index];
      }
    }
  }

  /** How many steps it takes to come at least so far. */
  private static long steps(double part) {
    return BigDecimal.valueOf(part * SHARE_STEPS)
        .setScale(STEP_DIGITS, RoundingMode.HALF_UP)
        .setScale(0, RoundingMode.CEILING)
        .longValueExact();
  }

  /** Of all checkpoints together, of each method, and of those with most intruders. */
  private void putHeat(List<CheckpointFigures> figures, List<CheckpointResult> drawn) {
    List<Cell> whole = heat(figures, id -> "all checkpoints");
    page.put("heat", HEAT, whole);
    Map<String, String> methods = new HashMap<>();
    drawn.forEach(checkpoint -> methods.put(checkpoint.checkpointId(), checkpoint.method()));
    page.put("heat_of_methods", HEAT, heat(figures, methods::get));
    Set<String> most =
        drawn.stream()
            .filter(CheckpointResult::isAnalysed)
            .sorted(ReportData.MOST_INTRUDERS_FIRST)
            .limit(Math.min(HEAT_CHECKPOINTS, HEAT_CELLS / Math.max(1, whole.size())))
            .map(CheckpointResult::checkpointId)
            .collect(Collectors.toSet());
    page.put("heat_of_checkpoints", HEAT, heat(figures, id -> most.contains(id) ? id : null));
  }

  /** The maps; {@code mapOf} names the one that a checkpoint belongs to, or is null. */
  private static List<Cell> heat(List<CheckpointFigures> figures, Function<String, String> mapOf) {
    Map<CellPlace, Cell> cells = new TreeMap<>();
    for (CheckpointFigures of : figures) {
      String map = mapOf.apply(of.checkpointId());
      if (map != null) {
        of.heat().stream()
            .map(cell -> Cell.of(map, cell))
            .forEach(cell -> cells.merge(cell.place(), cell, Cell::plus));
      }
    }
    return cells.values().stream().limit(HEAT_CELLS).toList();
  }
}
