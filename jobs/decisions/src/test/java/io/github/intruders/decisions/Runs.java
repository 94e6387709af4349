package io.github.intruders.decisions;

import io.github.intruders.check.CheckResult;
import io.github.intruders.check.CheckResult.Accepted;
import io.github.intruders.check.CheckResult.Checked;
import io.github.intruders.check.CheckedTable;
import io.github.intruders.check.ColumnKind;
import io.github.intruders.check.Rule;
import io.github.intruders.check.RuleSet;
import io.github.intruders.check.RulesReader;
import io.github.intruders.check.Subject;
import io.github.intruders.check.Verdict;
import io.github.intruders.check.Verdict.State;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.figures.Identity;
import io.github.intruders.jobs.figures.MeanGeometry;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.RunStart;
import io.github.intruders.jobs.listener.WrittenTable;
import io.github.intruders.manifest.CheckpointSpec;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Runs that listeners are told of. */
final class Runs {
  static final String REPORT = "s3a://tables/llama/report/index.html";
  static final Instant NIGHT = Instant.parse("2026-01-31T02:00:00Z");

  private Runs() {}

  /** The beginning of a run over checkpoints with these tags. */
  static RunStart start(Storage storage, Map<String, Map<String, String>> tags) {
    return start(storage, tags, NIGHT);
  }

  static RunStart start(Storage storage, Map<String, Map<String, String>> tags, Instant at) {
    List<CheckpointSpec> specs =
        tags.entrySet().stream()
            .map(
                one ->
                    new CheckpointSpec(
                        one.getKey(),
                        List.of("s3a://models/adapters/" + one.getKey()),
                        null,
                        null,
                        null,
                        one.getValue()))
            .toList();
    return new RunStart(
        "run",
        "20260131T020000Z-0a1b2c3d",
        at,
        "0.2.0",
        "4.1.0",
        "llama",
        Stream.concat(
                Stream.of("hdfs://nn:8020/models/base llama", "file:/data/metrics/ä.json"),
                specs.stream().flatMap(spec -> spec.sources().stream()))
            .toList(),
        specs,
        "s3a://tables/llama",
        storage);
  }

  /** The beginning of a check, which knows tables alone. */
  static RunStart check(Storage storage) {
    return new RunStart(
        "check",
        "20260131T030000Z-0a1b2c3d",
        NIGHT,
        "0.2.0",
        "4.1.0",
        null,
        List.of("s3a://tables/llama/checkpoints"),
        List.of(),
        "s3a://tables/llama",
        storage);
  }

  /** What was found of a checkpoint; the stable rank is not known and the mass is no number. */
  static CheckpointResult result(String id, Map<String, String> tags, Integer step, int count) {
    return new CheckpointResult(
        "llama",
        id,
        step == null ? null : "chat",
        step,
        null,
        null,
        tags,
        2,
        Map.of("0.5", count, "0.9", count + 1),
        count,
        0.25,
        3.5,
        null,
        Double.NaN,
        1.5,
        0.125,
        null,
        Map.of("0.5", 0),
        1e-7,
        0,
        new MeanGeometry(0.5, 0.25, 0.125, 0.0625, 0.01, 0.75),
        new Identity(null, false, "unpaired", 2, 1, 0.5, null, "one module has no partner"));
  }

  static RunResult found(CheckpointResult... results) {
    return new RunResult(
        List.of(results),
        null,
        List.of(
            table("matrices", null, null),
            table("checkpoints", "lake.nightly.checkpoints", (long) results.length)),
        List.of("s3a://tables/llama/mitigated"),
        REPORT);
  }

  private static WrittenTable table(String name, String catalogName, Long rows) {
    return new WrittenTable(
        name,
        "s3a://tables/llama/" + name,
        catalogName,
        List.of(
            new WrittenTable.Column("checkpoint_id", "string"),
            new WrittenTable.Column("intruders", "map<string,int>")),
        rows);
  }

  /** A check that refuses the first of two checkpoints and accepts the second by hand. */
  static CheckResult checked(String refused, String accepted) {
    CheckedTable table =
        new CheckedTable(
            Subject.TABLE,
            Map.of("intruder_count", ColumnKind.NUMBER, "checkpoint_id", ColumnKind.TEXT),
            List.of("checkpoint_id"),
            List.of());
    RuleSet rules =
        RulesReader.read(
            "file:/rules.yaml",
            """
            name: nightly
            rules:
              - {id: count, about: Too many, table: checkpoints, column: intruder_count, max: 5}
              - {id: many, table: checkpoints, column: intruder_count, max: 9, severity: warning}
              - {id: null-is-fine, table: checkpoints, column: intruder_count, max: 9, unknown: pass}
            """,
            List.of(table));
    Rule count = rules.rules().get(0);
    Rule many = rules.rules().get(1);
    Rule unknown = rules.rules().get(2);
    return new CheckResult(
        rules,
        NIGHT,
        List.of(
            new Checked(
                Subject.of(Map.of("checkpoint_id", refused)),
                "",
                List.of(
                    verdict(count, refused, State.BROKEN, null),
                    verdict(many, refused, State.PASSED, null),
                    verdict(unknown, refused, State.UNKNOWN, "nobody knows")),
                null),
            new Checked(
                Subject.of(Map.of("checkpoint_id", accepted)),
                "",
                List.of(verdict(many, accepted, State.PASSED, null)),
                Accepted.BY_HAND)));
  }

  private static Verdict verdict(Rule rule, String id, State state, String reason) {
    return new Verdict(rule, id, state, 7.0, 5.0, true, null, null, "", reason);
  }
}
