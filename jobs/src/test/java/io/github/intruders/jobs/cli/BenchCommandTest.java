package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class BenchCommandTest {
  @Test
  void theRouteWithoutADecompositionAnswersAsThePublishedAlgorithm() throws IOException {
    Outcome outcome =
        Outcome.of(
            "bench",
            "--route",
            "krylov",
            "--rows",
            "256",
            "--cols",
            "256",
            "--rank",
            "4",
            "--checkpoints",
            "2",
            "--threads",
            "1",
            "--json");

    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    JsonNode result = new ObjectMapper().readTree(outcome.out());
    assertThat(result.path("route").asText()).isEqualTo("krylov");
    assertThat(result.path("cold_seconds").asDouble()).isPositive();
    assertThat(result.path("cold_speedup").asDouble()).isPositive();
    assertThat(result.path("wrong_verdicts").asInt(-1)).isZero();
    assertThat(result.path("undecided").asInt(-1)).isZero();
  }
}
