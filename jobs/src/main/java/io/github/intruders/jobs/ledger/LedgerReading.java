package io.github.intruders.jobs.ledger;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.session.TaskStorage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Reads files of a ledger in tasks. What is read must be {@linkplain #settle settled} once an
 * action has gone through it, unless it only foretells what a run would do: a file may turn out to
 * be damaged, or to have gone into a part that another job has written meanwhile.
 */
public final class LedgerReading {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerReading.class);
  private static final int MOST_TASKS = 1000;

  /** Opening a file costs more than reading it. */
  private static final int FILES_PER_TASK = 32;

  private final JavaSparkContext context;
  private final TaskStorage storage;
  private final String outUri;
  private final String damagedFolder;
  private final CollectionAccumulator<String> damaged;
  private final CollectionAccumulator<String> gone;

  /** For one round of reading of what a run has below {@code outUri}. */
  public LedgerReading(JavaSparkContext context, TaskStorage storage, String outUri) {
    this.context = context;
    this.storage = storage;
    this.outUri = outUri;
    this.damagedFolder = storage.open().resolve(outUri, "_work/damaged");
    this.damaged = context.sc().collectionAccumulator("ledger: damaged files");
    this.gone = context.sc().collectionAccumulator("ledger: files gone");
  }

  /** The lines of these files. */
  public JavaRDD<LedgerLine> lines(Collection<StoredFile> files) {
    return linesByFile(files).values();
  }

  /** The lines of these files, each with the file's URI. */
  JavaPairRDD<String, LedgerLine> linesByFile(Collection<StoredFile> files) {
    return context
        .parallelize(files.stream().map(StoredFile::uri).toList(), tasks(files.size()))
        .flatMapToPair(new ReadLines(storage, damaged, gone));
  }

  /** What tasks of this run rejected. */
  public static JavaRDD<Rejection> rejections(
      JavaSparkContext context, TaskStorage storage, List<String> files) {
    return context
        .parallelize(files, tasks(files.size()))
        .flatMap(file -> Ledger.rejections(storage.open(), file).iterator());
  }

  static int tasks(int files) {
    return Math.max(1, Math.min(MOST_TASKS, files / FILES_PER_TASK));
  }

  /**
   * Whether all that was read is whole. Files that are not are set aside, with a warning; the
   * caller then reads anew what there is, and what is missing is computed again.
   */
  public boolean settle() throws IOException {
    Set<String> told = new HashSet<>(damaged.value());
    for (String line : told) {
      int end = line.indexOf('\n');
      setAside(line.substring(0, end), line.substring(end + 1));
    }
    return told.isEmpty() && gone.value().isEmpty();
  }

  /**
   * Takes out of the ledger what it holds of checkpoints whose tuned vectors are lost, so that the
   * next scan makes both again.
   */
  public void forgetLost(Collection<String> checkpointIds) throws IOException {
    if (checkpointIds.isEmpty()) {
      return;
    }
    for (StoredFile part : Ledger.ofScan(storage.open(), outUri, "").files().parts()) {
      for (String id : checkpointIds) {
        if (LedgerPart.isOf(part.name(), id)) {
          setAside(
              part.uri(),
              "[%s] Of checkpoint %s, tuned vectors that belong to this are gone or damaged"
                  .formatted(part.uri(), id));
        }
      }
    }
  }

  /** Takes a file out of the ledger that does not hold what was written. */
  public void setAside(String uri, String what) throws IOException {
    Storage driver = storage.open();
    if (driver.exists(uri)) {
      LOG.warn(
          "{}; what it held is computed again, and the file is kept in {}", what, damagedFolder);
      move(driver, uri, driver.resolve(damagedFolder, uri.substring(uri.lastIndexOf('/') + 1)));
    }
  }

  private static void move(Storage storage, String from, String to) throws IOException {
    try (RangeSource source = storage.open(from)) {
      storage.write(
          to,
          out -> {
            byte[] block = new byte[1 << 20];
            for (long at = 0; at < source.lengthBytes(); at += block.length) {
              int count = (int) Math.min(block.length, source.lengthBytes() - at);
              source.readFully(at, block, 0, count);
              out.write(block, 0, count);
            }
          });
    }
    storage.delete(from);
  }

  /** Executor work: some files. */
  private static final class ReadLines implements PairFlatMapFunction<String, String, LedgerLine> {
    private static final long serialVersionUID = 1L;

    private final TaskStorage storage;
    private final CollectionAccumulator<String> damaged;
    private final CollectionAccumulator<String> gone;

    ReadLines(
        TaskStorage storage,
        CollectionAccumulator<String> damaged,
        CollectionAccumulator<String> gone) {
      this.storage = storage;
      this.damaged = damaged;
      this.gone = gone;
    }

    @Override
    public Iterator<Tuple2<String, LedgerLine>> call(String uri) throws IOException {
      LedgerFile file;
      try {
        file = LedgerFile.open(storage.open(), uri);
      } catch (FileNotFoundException e) {
        gone.add(uri);
        return Collections.emptyIterator();
      }
      TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> close(file));
      return Stream.generate(() -> next(file, uri))
          .takeWhile(Optional::isPresent)
          .map(line -> new Tuple2<>(uri, line.get()))
          .iterator();
    }

    /**
     * Ends at the first damaged line: what follows is not used either. At the end the file is
     * closed, as the task may have many more to read.
     */
    private Optional<LedgerLine> next(LedgerFile file, String uri) {
      Optional<LedgerLine> line = read(file, uri);
      if (line.isEmpty()) {
        close(file);
      }
      return line;
    }

    private Optional<LedgerLine> read(LedgerFile file, String uri) {
      try {
        return file.next();
      } catch (LedgerFile.DamagedException e) {
        damaged.add(uri + "\n" + e.getMessage());
        return Optional.empty();
      } catch (FileNotFoundException e) {
        gone.add(uri);
        return Optional.empty();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void close(LedgerFile file) {
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
