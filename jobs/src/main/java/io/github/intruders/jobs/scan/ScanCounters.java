package io.github.intruders.jobs.scan;

import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.LongAccumulator;

/** What tasks report while they run. Right in sum only once the stage is over. */
record ScanCounters(LongAccumulator analysed, LongAccumulator rejected) implements Serializable {
  static ScanCounters of(JavaSparkContext spark) {
    return new ScanCounters(
        spark.sc().longAccumulator("matrices analysed"),
        spark.sc().longAccumulator("matrices rejected"));
  }

  long done() {
    return analysed.value() + rejected.value();
  }
}
