package io.github.intruders.linalg;

import java.util.concurrent.atomic.LongAdder;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_full;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The native backend: loading, threads, name. Thread-safe.
 *
 * <p>The library has one number of threads for the whole process: its builds on POSIX threads,
 * which these are, know none per thread. So there is one number that was asked for, and every task
 * of an executor asks for the same; and while anyone's problems run side by side, each call in the
 * process uses one thread. Who works alone meanwhile is slower, and right. When the last such run
 * is over, the number that was asked for holds again.
 */
public final class OpenBlas {
  private static final Logger LOG = LoggerFactory.getLogger(OpenBlas.class);

  private static final Threads THREADS = new Threads();
  private static final LongAdder DECOMPOSING_NANOS = new LongAdder();

  private OpenBlas() {}

  /** Runs once, when the class is first used; a failure to load is an error, never a slow path. */
  private static final class Loaded {
    static final String DESCRIPTION = start();
    static final String CORE = openblas_full.openblas_get_corename().getString();

    private static String start() {
      // The binding would otherwise cap native memory at the size of the Java heap.
      System.setProperty("org.bytedeco.javacpp.maxBytes", "0");
      System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
      Loader.load(openblas_full.class);
      String description =
          openblas_full.openblas_get_config().getString().strip().replaceAll("\\s+", " ");
      LOG.debug("Loaded {}", description);
      return description;
    }
  }

  static void load() {
    if (Loaded.DESCRIPTION.isEmpty()) {
      throw new IllegalStateException("Cannot name the OpenBLAS that was loaded");
    }
  }

  /**
   * Name, version and processor kernel of the library in use, such as {@code OpenBLAS 0.3.31 …}.
   */
  public static String description() {
    return Loaded.DESCRIPTION;
  }

  /** The processor whose kernels are in use, such as {@code Haswell}. */
  static String core() {
    return Loaded.CORE;
  }

  /**
   * Sets how many threads one BLAS or LAPACK call may use, in this whole process; while problems
   * run side by side it takes effect at their end.
   *
   * @param threads at least 1; a Spark executor gives {@code spark.task.cpus}
   */
  public static void useThreads(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, found " + threads);
    }
    load();
    THREADS.ask(threads);
  }

  /** Until it is closed, each call in this process uses one thread. */
  static OneThreadEach oneThreadEach() {
    load();
    return new OneThreadEach(THREADS.enter());
  }

  /**
   * Problems side by side.
   *
   * @param problemsAtOnce how many threads there are for them: as many as were asked for
   */
  record OneThreadEach(int problemsAtOnce) implements AutoCloseable {
    @Override
    public void close() {
      THREADS.leave();
    }
  }

  /** The number of threads that was asked for and whether it holds. */
  private static final class Threads {
    private int asked;
    private int sideBySide;

    synchronized void ask(int threads) {
      asked = threads;
      if (sideBySide == 0) {
        set(threads);
      }
    }

    synchronized int enter() {
      if (asked == 0) {
        asked = openblas_full.openblas_get_num_threads();
      }
      set(1);
      sideBySide++;
      return asked;
    }

    synchronized void leave() {
      sideBySide--;
      if (sideBySide == 0) {
        set(asked);
      }
    }

    private static void set(int threads) {
      if (openblas_full.openblas_get_num_threads() != threads) {
        openblas_full.openblas_set_num_threads(threads);
      }
    }
  }

  /** Notes that a decomposition by LAPACK began at this {@link System#nanoTime} and is over. */
  static void decomposedSince(long nanoTime) {
    DECOMPOSING_NANOS.add(System.nanoTime() - nanoTime);
  }

  /**
   * How long LAPACK's dense singular value and eigenvalue decompositions have taken in this process
   * so far, in seconds, summed over threads.
   */
  public static double decompositionSeconds() {
    return DECOMPOSING_NANOS.sum() / 1e9;
  }

  /** How many threads one call may use now. */
  public static int threads() {
    load();
    return openblas_full.openblas_get_num_threads();
  }
}
