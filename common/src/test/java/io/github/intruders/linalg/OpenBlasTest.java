package io.github.intruders.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OpenBlasTest {
  private final int threadsBefore = OpenBlas.threads();

  @AfterEach
  void giveTheThreadsBack() {
    OpenBlas.useThreads(threadsBefore);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theNumberOfThreadsIsTaken(int threads) {
    OpenBlas.useThreads(threads);

    assertThat(OpenBlas.threads()).isEqualTo(threads);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1})
  void lessThanOneThreadIsRefused(int threads) {
    assertThatThrownBy(() -> OpenBlas.useThreads(threads))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("threads must be at least 1, found " + threads);
    assertThat(OpenBlas.threads()).isEqualTo(threadsBefore);
  }

  @Test
  void theLibraryIsNamedInOneLine() {
    assertThat(OpenBlas.description()).matches("OpenBLAS \\d+\\.\\d+\\.\\d+ \\S.*");
  }
}
