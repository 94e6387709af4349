package io.github.intruders.jobs.progress;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells on standard error how far a job is: one line that is redrawn on a terminal, otherwise a log
 * line now and then ({@link LogPace}). Names the stage in Spark's job descriptions and in the log
 * context, takes the time of each, and gives up a job that gets no executors.
 *
 * <p>A stage begins where the one before ends. One thread runs the stages; close it there.
 */
public final class JobProgress implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JobProgress.class);
  private static final Duration REDRAW = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final SparkContext spark;
  private final List<String> stages;
  private final String runId;
  private final String tag;
  private final TerminalLine terminal = new TerminalLine();
  private final long start = System.nanoTime();
  private final Map<String, Double> seconds = new LinkedHashMap<>();
  private final RunningTasks running = new RunningTasks();
  private final ExecutorWatch watch;
  private final Thread thread = new Thread(this::repeat, "intruders-progress");
  private Map<String, Double> earlier = Map.of();
  private long rejectedBefore;
  private volatile Stage current;

  /**
   * A stage at work.
   *
   * @param rejectedBefore what the stages before it have left out
   * @param later what the stages after it took in an earlier run, in seconds
   */
  private record Stage(
      String name,
      String unit,
      long total,
      double work,
      StageCounters counters,
      long start,
      long rejectedBefore,
      double later,
      boolean allLaterKnown) {}

  private JobProgress(SparkContext spark, String runId, List<String> stages) {
    this.spark = spark;
    this.stages = List.copyOf(stages);
    this.runId = runId;
    this.tag = "intruders-" + runId;
    this.watch = new ExecutorWatch(spark, tag);
    thread.setDaemon(true);
  }

  /**
   * Starts telling.
   *
   * @param stages the job's stages in their order; one may turn out to have nothing to do
   */
  public static JobProgress open(SparkContext spark, String runId, List<String> stages) {
    JobProgress progress = new JobProgress(spark, runId, stages);
    LogContext.ofRun(spark, runId);
    spark.addJobTag(progress.tag);
    spark.addSparkListener(progress.running);
    ProgressGauges.watch(progress);
    progress.thread.start();
    return progress;
  }

  /** What stages took in an earlier run of this job, in seconds, to tell the time left by. */
  public void expect(Map<String, Double> secondsByStage) {
    this.earlier = Map.copyOf(secondsByStage);
  }

  /**
   * Begins a stage whose pieces cost about the same.
   *
   * @param unit what it counts, in the plural
   * @param total how many there are; each is worth 1
   */
  public StageCounters begin(String stage, String unit, long total) {
    return begin(stage, unit, total, (double) total);
  }

  /**
   * Begins a stage.
   *
   * @param unit what it counts, in the plural
   * @param total how many there are
   * @param work what they are expected to cost, in the unit that the counters will be told
   */
  public StageCounters begin(String stage, String unit, long total, double work) {
    end();
    List<String> later = stages.subList(stages.indexOf(stage) + 1, stages.size());
    current =
        new Stage(
            stage,
            unit,
            total,
            work,
            StageCounters.of(spark, stage),
            System.nanoTime(),
            rejectedBefore,
            later.stream().mapToDouble(name -> earlier.getOrDefault(name, 0.0)).sum(),
            earlier.keySet().containsAll(later));
    LogContext.ofStage(spark, stage);
    describe("%d %s".formatted(total, unit));
    return current.counters();
  }

  /** Says what the Spark jobs that follow do, behind the name of the stage. */
  public void describe(String what) {
    Stage stage = current;
    spark.setJobDescription(stage == null ? what : stage.name() + ": " + what);
  }

  /** Adds to what was left out. */
  public void rejected(long count) {
    rejectedBefore += count;
  }

  /** Ends the stage at work, if there is one. */
  public void end() {
    Stage stage = current;
    if (stage == null) {
      return;
    }
    current = null;
    terminal.erase();
    double took = secondsSince(stage.start());
    seconds.merge(stage.name(), took, Double::sum);
    long rejected = stage.counters().rejected().sum();
    rejectedBefore += rejected;
    LOG.info(
        "{}: {} of {} {} in {}{}",
        stage.name(),
        Math.min(stage.total(), stage.counters().done().sum()),
        stage.total(),
        stage.unit(),
        ProgressReading.clock(took),
        rejected == 0 ? "" : ", %d rejected".formatted(rejected));
  }

  /** How long each stage took that has ended, in seconds, in their order. */
  public Map<String, Double> seconds() {
    return new LinkedHashMap<>(seconds);
  }

  /** How far the job is; empty between stages. */
  public Optional<ProgressReading> reading() {
    Stage stage = current;
    if (stage == null) {
      return Optional.empty();
    }
    StageCounters counters = stage.counters();
    double work = counters.work().sum() + running.added(counters.work());
    long done = counters.done().sum() + (long) running.added(counters.done());
    long rejected = counters.rejected().sum() + (long) running.added(counters.rejected());
    return Optional.of(
        new ProgressReading(
            stage.name(),
            stages.indexOf(stage.name()) + 1,
            stages.size(),
            stage.unit(),
            Math.min(stage.total(), done),
            stage.total(),
            stage.work() <= 0 ? 1 : Math.min(1, work / stage.work()),
            stage.rejectedBefore() + rejected,
            secondsSince(start),
            secondsSince(stage.start()),
            stage.later(),
            stage.allLaterKnown()));
  }

  private static double secondsSince(long nanoTime) {
    return (System.nanoTime() - nanoTime) / 1e9;
  }

  /**
   * To be called with a job's failure.
   *
   * @throws NoExecutorsException if this gave the job up, which is then what the failure is about
   */
  public void explain(Exception failure) {
    if (watch.verdict() != null) {
      throw new NoExecutorsException(watch.verdict(), failure);
    }
  }

  private void repeat() {
    LogPace pace = new LogPace();
    try {
      while (true) {
        Thread.sleep(REDRAW.toMillis());
        watch.look(System.nanoTime());
        Optional<ProgressReading> reading = reading();
        if (reading.isEmpty()) {
          continue;
        }
        if (terminal.isOn()) {
          terminal.draw(reading.get().line());
          continue;
        }
        if (pace.isDue(reading.get().jobSeconds())) {
          LogContext.ofThread(runId, reading.get().stage());
          LOG.info("{}", reading.get().line());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    end();
    ProgressGauges.unwatch(this);
    spark.removeSparkListener(running);
    spark.removeJobTag(tag);
    spark.setJobDescription(null);
    LogContext.end(spark);
  }
}
