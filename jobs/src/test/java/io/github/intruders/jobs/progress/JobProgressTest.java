package io.github.intruders.jobs.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;

/** Progress as a driver sees it. */
class JobProgressTest {
  private static final CountDownLatch SEEN = new CountDownLatch(1);

  @Test
  void whatARunningTaskHasFinishedCountsBeforeTheTaskEnds() throws Exception {
    SparkConf conf =
        new SparkConf()
            .setMaster("local[1]")
            .setAppName("progress")
            .set("spark.ui.enabled", "false")
            .set("spark.executor.heartbeatInterval", "1s");
    try (JavaSparkContext spark = new JavaSparkContext(conf);
        JobProgress progress = JobProgress.open(spark.sc(), "run-1", List.of("scan", "report"))) {
      progress.expect(Map.of("report", 40.0));
      progress.rejected(5);
      StageCounters counters = progress.begin("scan", "matrices", 4, 100);
      Thread job =
          new Thread(
              () ->
                  spark
                      .parallelize(List.of(60, 15, 5), 1)
                      .foreach(
                          cost -> {
                            counters.finished(cost);
                            if (cost == 5) {
                              counters.rejected(cost);
                              SEEN.await(1, TimeUnit.MINUTES);
                            }
                          }));
      job.start();
      ProgressReading now = progress.reading().orElseThrow();
      for (int tries = 0; now.done() < 4 && tries < 600; tries++) {
        Thread.sleep(50);
        now = progress.reading().orElseThrow();
      }
      boolean runs = job.isAlive();
      SEEN.countDown();
      job.join();

      assertThat(runs).isTrue();
      assertThat(now.done()).isEqualTo(4);
      assertThat(now.share()).isEqualTo(0.85);
      assertThat(now.rejected()).isEqualTo(6);
      assertThat(now.secondsLeft().orElseThrow()).isGreaterThan(40);
      assertThat(progress.reading().orElseThrow().done()).isEqualTo(4);
      progress.end();
      assertThat(progress.reading()).isEmpty();
      assertThat(progress.seconds()).containsOnlyKeys("scan");
    }
  }

  @Test
  void whenItIsClosedNoThreadNoListenerAndNoContextIsLeft() {
    SparkConf conf =
        new SparkConf()
            .setMaster("local[1]")
            .setAppName("progress")
            .set("spark.ui.enabled", "false");
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      int listeners = spark.sc().listenerBus().listeners().size();
      assertThatThrownBy(
              () -> {
                try (JobProgress progress =
                    JobProgress.open(spark.sc(), "run-2", List.of("scan"))) {
                  progress.begin("scan", "matrices", 4);
                  throw new IllegalStateException("a fault");
                }
              })
          .hasMessage("a fault");

      assertThat(spark.sc().listenerBus().listeners().size()).isEqualTo(listeners);
      assertThat(spark.sc().getLocalProperty("spark.job.description")).isNull();
      assertThat(spark.sc().getLocalProperty("mdc.run_id")).isNull();
      assertThat(spark.sc().getJobTags().isEmpty()).isTrue();
      assertThat(Thread.getAllStackTraces().keySet())
          .noneMatch(thread -> thread.getName().equals("intruders-progress"));
    }
  }
}
