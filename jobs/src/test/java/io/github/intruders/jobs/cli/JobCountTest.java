package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * How many Spark jobs a run of everything starts. Each costs more than what it does with tables as
 * small as these, on every run of everybody.
 */
@ExtendWith({LocalMaster.class, ZooRun.Shared.class})
class JobCountTest {
  private static final Map<String, Integer> MOST =
      Map.of(
          "plan", 1,
          "scan", 2, // what is finished, the scan
          "tables", 6, // bringing the results together, five tables
          "accumulation", 4,
          "forgetting", 8, // with what was left out, and making the ledger small
          "report", 4);

  @Test
  void aRunOfEverythingStartsFewJobsInEveryStage(ZooRun run) {
    assertThat(run.outcome().exitCode()).isZero();
    assertThat(run.jobs().keySet()).isEqualTo(new TreeMap<>(MOST).keySet());
    run.jobs()
        .forEach((stage, jobs) -> assertThat(jobs).as(stage).isLessThanOrEqualTo(MOST.get(stage)));
    assertThat(run.jobs().values().stream().mapToInt(Integer::intValue).sum())
        .isLessThanOrEqualTo(25);
  }
}
