package io.github.intruders.jobs.progress;

import org.apache.spark.SparkContext;
import org.slf4j.MDC;

/**
 * What log lines are about. The keys begin with {@code mdc.}: Spark carries those to the threads of
 * tasks. {@code conf/spark/log4j2-json.properties} writes them as fields of their own.
 */
public final class LogContext {
  private static final String RUN_ID = "mdc.run_id";
  private static final String STAGE = "mdc.stage";
  private static final String MATRIX = "mdc.matrix";
  private static final String CHECKPOINT = "mdc.checkpoint";

  /** What lines of Spark's own threads are marked with. */
  private static final String PROCESS_RUN_ID = "intruders.run_id";

  private LogContext() {}

  /** Marks what threads of this process log that are not marked themselves. */
  static void ofProcess(String runId) {
    System.setProperty(PROCESS_RUN_ID, runId);
  }

  /** Marks what this process logs from now on. */
  static void ofRun(SparkContext spark, String runId) {
    ofProcess(runId);
    put(spark, RUN_ID, runId);
  }

  /** Marks what this thread and the tasks it starts log from now on; null for no stage. */
  static void ofStage(SparkContext spark, String stage) {
    put(spark, STAGE, stage);
  }

  /** Marks what a thread logs that Spark knows nothing of. */
  static void ofThread(String runId, String stage) {
    MDC.put(RUN_ID, runId);
    MDC.put(STAGE, stage);
  }

  static void endThread() {
    MDC.remove(STAGE);
    MDC.remove(RUN_ID);
  }

  static void end(SparkContext spark) {
    put(spark, STAGE, null);
    put(spark, RUN_ID, null);
  }

  private static void put(SparkContext spark, String key, String value) {
    spark.setLocalProperty(key, value);
    if (value == null) {
      MDC.remove(key);
    } else {
      MDC.put(key, value);
    }
  }

  /** Marks what this thread logs until it is closed. */
  public static MDC.MDCCloseable ofMatrix(String matrix) {
    return MDC.putCloseable(MATRIX, matrix);
  }

  /** Marks what this thread logs until it is closed. */
  public static MDC.MDCCloseable ofCheckpoint(String checkpointId) {
    return MDC.putCloseable(CHECKPOINT, checkpointId);
  }
}
