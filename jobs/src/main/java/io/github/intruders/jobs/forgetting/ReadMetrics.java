package io.github.intruders.jobs.forgetting;

import io.github.intruders.forgetting.CheckpointNames;
import io.github.intruders.forgetting.MetricsReader;
import io.github.intruders.forgetting.MetricsReading;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.session.TaskStorage;
import java.io.IOException;
import java.util.List;
import org.apache.spark.api.java.function.Function;

/** Executor work: one metrics file. One that can't be used as a whole becomes a rejection. */
final class ReadMetrics implements Function<String, MetricsReading> {
  private static final long serialVersionUID = 1L;

  private final TaskStorage storage;
  private final CheckpointNames names;

  ReadMetrics(TaskStorage storage, CheckpointNames names) {
    this.storage = storage;
    this.names = names;
  }

  @Override
  public MetricsReading call(String file) throws IOException {
    try {
      return new MetricsReader(storage.open(), names).read(file);
    } catch (RuntimeException e) {
      UserInputException fault = UserInputException.of(e, file, null);
      return new MetricsReading(List.of(), List.of(Rejection.of(names.baseId(), fault)));
    }
  }
}
