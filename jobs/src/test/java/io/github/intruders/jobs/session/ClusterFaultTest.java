package io.github.intruders.jobs.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

/** Messages as Spark 4.1 words them. */
class ClusterFaultTest {
  @Test
  void aTaskWhoseExecutorsDieIsToldWithHowTheyDied() {
    assertThat(
            ClusterFault.in(
                new IllegalStateException(
                    "wrapped",
                    new SparkException(
                        "Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most"
                            + " recent failure: Lost task 0.3 in stage 3.0 (TID 9) (10.0.0.2"
                            + " executor 4): ExecutorLostFailure (executor 4 exited caused by one"
                            + " of the running tasks) Reason: Command exited with code 137\n"
                            + "Driver stacktrace:"))))
        .hasValueSatisfying(
            message ->
                assertThat(message)
                    .startsWith("A task's executor died 4 times (Command exited with code 137);")
                    .contains("spark.executor.memoryOverhead")
                    .hasLineCount(1));
  }

  @Test
  void executorsThatCannotReadFromEachOtherAreTold() {
    assertThat(
            ClusterFault.in(
                new SparkException(
                    "Job aborted due to stage failure: ResultStage 11 (foreachPartition at"
                        + " ScanStage.java:114) has failed the maximum allowable number of times:"
                        + " 16. Most recent failure reason:\n"
                        + "org.apache.spark.shuffle.FetchFailedException\n\tat ...")))
        .hasValueSatisfying(
            message ->
                assertThat(message)
                    .startsWith("Executors could not read from each other, 16 times in one stage:")
                    .contains("spark.blockManager.port")
                    .hasLineCount(1));
  }

  @Test
  void otherFailuresAreNotTheClusters() {
    assertThat(
            ClusterFault.in(
                new SparkException(
                    "Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most"
                        + " recent failure: Lost task 0.3 in stage 3.0 (TID 9) (10.0.0.2 executor"
                        + " 4): java.io.IOException: disk full")))
        .isEmpty();
    assertThat(ClusterFault.in(new IllegalStateException())).isEmpty();
  }
}
