package io.github.intruders.jobs.listener;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.manifest.CheckpointSpec;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * A command that has begun.
 *
 * @param command its name, such as {@code run}
 * @param runId names the run; the rows that it writes carry it
 * @param startedAt when it began
 * @param version of the job
 * @param sparkVersion of Spark
 * @param baseId names the base; null where the command reads tables alone
 * @param inputs qualified URIs of all that is read: the base, checkpoints and adapters, metrics; or
 *     where the tables of an earlier run lie
 * @param checkpoints of the manifest, in its order; empty where there is none
 * @param tables where the tables are, as people write it
 * @param storage reaches all URIs
 */
public record RunStart(
    String command,
    String runId,
    Instant startedAt,
    String version,
    String sparkVersion,
    String baseId,
    List<String> inputs,
    List<CheckpointSpec> checkpoints,
    String tables,
    Storage storage) {
  public RunStart {
    Objects.requireNonNull(command, "command");
    Objects.requireNonNull(runId, "runId");
    Objects.requireNonNull(startedAt, "startedAt");
    inputs = List.copyOf(inputs);
    checkpoints = List.copyOf(checkpoints);
    Objects.requireNonNull(tables, "tables");
    Objects.requireNonNull(storage, "storage");
  }
}
