package io.github.intruders.jobs.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.linalg.OpenBlas;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaskThreadsTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void oneBlasCallUsesAsManyThreadsAsItsTaskHasCores(int cores) {
    SparkConf conf =
        new SparkConf()
            .setMaster("local[2]")
            .setAppName("threads")
            .set("spark.ui.enabled", "false")
            .set("spark.task.cpus", String.valueOf(cores));
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      List<Integer> threads = spark.parallelize(List.of(1), 1).map(new Threads()).collect();

      assertThat(threads).containsExactly(cores);
    }
  }

  private static final class Threads implements Function<Integer, Integer> {
    private static final long serialVersionUID = 1L;

    @Override
    public Integer call(Integer ignored) {
      TaskThreads.apply();
      return OpenBlas.threads();
    }
  }
}
