package io.github.intruders.jobs.compare;

import io.github.intruders.compare.CompareSettings;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskMemory;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.TaskCompletionListener;
import scala.Tuple2;

/**
 * Executor work: reads the updates of one base matrix after the other and compares them. Where one
 * task can't hold those of all members, reading and comparing are two steps.
 */
final class CompareMatrices implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TaskStorage storage;
  private final Broadcast<BasePlan> base;
  private final Layout layout;
  private final ScanSettings scanSettings;
  private final String outUri;
  private final JobConfig.OnError onError;
  private final CompareSettings settings;
  private final StageCounters counters;
  private final MemoryLimit memory;

  CompareMatrices(
      TaskStorage storage,
      Broadcast<BasePlan> base,
      Layout layout,
      JobConfig config,
      CompareSettings settings,
      StageCounters counters,
      MemoryLimit memory) {
    this.storage = storage;
    this.base = base;
    this.layout = layout;
    this.scanSettings = config.settings();
    this.outUri = config.outUri();
    this.onError = config.onError();
    this.settings = settings;
    this.counters = counters;
    this.memory = memory;
  }

  /** Of cells that hold all members. */
  FlatMapFunction<Iterator<Tuple2<Cell, Iterable<Piece>>>, MatrixTile> whole() {
    return cells -> {
      CellReader reader = begin();
      return new InTurn<>(
          cells,
          cell -> {
            ReadCell read = read(reader, cell);
            return closedByTask(
                new CellTiles(
                    layout,
                    base.value().matrices().get(cell._1().matrix()),
                    new Layout.GroupPair(0, 0),
                    read,
                    read,
                    read.rejections()));
          });
    };
  }

  /** Reads cells, for all the pairs of groups that need them. */
  FlatMapFunction<Iterator<Tuple2<Cell, Iterable<Piece>>>, Tuple2<PackedCell.Place, PackedCell>>
      reading() {
    return cells -> {
      CellReader reader = begin();
      return new InTurn<>(
          cells,
          cell -> {
            PackedCell packed;
            try (ReadCell read = read(reader, cell)) {
              packed = read.pack(cell._1().group());
            }
            return layout.pairsOf(cell._1().group()).stream()
                .map(
                    pair ->
                        new Tuple2<>(
                            new PackedCell.Place(cell._1().matrix(), pair),
                            pair.a() == pair.b() ? packed : packed.withoutRejections()))
                .iterator();
          });
    };
  }

  /** Compares two groups of one matrix after the other. */
  FlatMapFunction<Iterator<Tuple2<PackedCell.Place, Iterable<PackedCell>>>, MatrixTile>
      comparing() {
    return places -> {
      TaskThreads.apply();
      return new InTurn<>(
          places,
          place -> {
            return closedByTask(
                CellTiles.of(
                    layout,
                    base.value().matrices().get(place._1().matrix()),
                    place._1().groups(),
                    place._2()));
          });
    };
  }

  private CellReader begin() {
    TaskThreads.apply();
    return new CellReader(
        storage.open(),
        layout,
        scanSettings,
        outUri,
        onError,
        settings,
        counters,
        TaskMemory.inTask(memory));
  }

  private static ReadCell read(CellReader reader, Tuple2<Cell, Iterable<Piece>> cell) {
    try {
      return reader.read(cell._1(), cell._2());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A task that ends early closes what it has open. */
  private static CellTiles closedByTask(CellTiles tiles) {
    TaskContext task = TaskContext.get();
    if (task != null) {
      task.addTaskCompletionListener((TaskCompletionListener) ended -> tiles.close());
    }
    return tiles;
  }

  /** What comes of one thing after the other; the next is begun when the last is used up. */
  private static final class InTurn<A, B> implements Iterator<B> {
    private final Iterator<A> all;
    private final Function<A, Iterator<B>> work;
    private Iterator<B> current = Collections.emptyIterator();

    InTurn(Iterator<A> all, Function<A, Iterator<B>> work) {
      this.all = all;
      this.work = work;
    }

    @Override
    public boolean hasNext() {
      while (!current.hasNext() && all.hasNext()) {
        current = work.apply(all.next());
      }
      return current.hasNext();
    }

    @Override
    public B next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return current.next();
    }
  }
}
