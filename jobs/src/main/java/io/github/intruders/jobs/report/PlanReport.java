package io.github.intruders.jobs.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.cost.Cost;
import io.github.intruders.cost.CostModel;
import io.github.intruders.cost.RouteChoice;
import io.github.intruders.input.MemoryLimit;
import io.github.intruders.input.Rejection;
import io.github.intruders.jobs.cost.RouteUse;
import io.github.intruders.jobs.cost.RunEstimate;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a run would do, as a person reads it in a terminal.
 *
 * @param base the base
 * @param estimate what it would take
 * @param checkpoints what would be analysed of each
 * @param rejections what would be left out, the first ones
 * @param rejected how many would be left out in all
 */
public record PlanReport(
    BasePlan base,
    RunEstimate estimate,
    List<Checkpoint> checkpoints,
    List<Rejection> rejections,
    long rejected) {
  private static final int MOST_KINDS = 6;

  /**
   * One checkpoint in numbers, with what its owner should know of how it was understood.
   *
   * @param updateBytes bytes of the tensors that are read besides the base's
   */
  public record Checkpoint(
      String id, int matrices, int rejected, List<String> notes, long updateBytes) {}

  /** How many pieces of work there would be. */
  public long matrices() {
    return checkpoints.stream().mapToLong(Checkpoint::matrices).sum();
  }

  /** The report as text. */
  public String render() {
    StringBuilder text = new StringBuilder();
    text.append(
        "Base '%s' at %s: %d matrices%n%n"
            .formatted(base.id(), base.uri(), base.matrices().size()));
    Map<String, Integer> shapes = new TreeMap<>();
    for (BaseMatrix matrix : base.matrices().values()) {
      shapes.merge(
          "%s  %dx%d %s%s"
              .formatted(
                  matrix.module(),
                  matrix.source().rows(),
                  matrix.source().cols(),
                  matrix.source().dtype(),
                  matrix.source().transposed() ? ", stored transposed" : ""),
          1,
          Integer::sum);
    }
    shapes.forEach((shape, count) -> text.append("  %3d x %s%n".formatted(count, shape)));
    int width = "checkpoint".length();
    for (Checkpoint checkpoint : checkpoints) {
      width = Math.max(width, checkpoint.id().length());
    }
    ConsoleRow row = new ConsoleRow("%-" + width + "s  %8s  %9s  %8s");
    text.append('\n').append(row.of("checkpoint", "matrices", "to read", "rejected"));
    Map<String, Long> shared =
        checkpoints.stream()
            .flatMap(checkpoint -> checkpoint.notes().stream())
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    Set<String> told = new HashSet<>();
    for (Checkpoint checkpoint : checkpoints) {
      text.append(
          row.of(
              checkpoint.id(),
              checkpoint.matrices(),
              Amount.ofBytes(checkpoint.updateBytes()),
              checkpoint.rejected() == 0 ? "" : checkpoint.rejected()));
      for (String note : checkpoint.notes()) {
        long others = shared.get(note) - 1;
        if (note.startsWith("warning: ") || others == 0) {
          text.append("  %s%n".formatted(note));
        } else if (told.add(note)) {
          text.append("  %s (and %d more)%n".formatted(note, others));
        }
      }
    }
    text.append('\n').append(costs());
    if (rejected > 0) {
      text.append("%nLeft out, with reasons: %d%n".formatted(rejected));
      for (Rejection rejection : rejections) {
        text.append(
            "  %s  %s  %s%n"
                .formatted(rejection.checkpointId(), rejection.code(), rejection.message()));
      }
      if (rejected > rejections.size()) {
        text.append("  … and %d more%n".formatted(rejected - rejections.size()));
      }
    }
    return text.toString();
  }

  private String costs() {
    RunEstimate e = estimate;
    StringBuilder text = new StringBuilder();
    text.append("Expected, at the rates of %s:%n".formatted(CostModel.RATES));
    text.append(
        line(
            "decompose",
            "%d matrices, %d more are stored".formatted(e.decomposed(), e.stored()),
            e.decomposition()));
    if (e.bounded() > 0) {
      text.append(line("bounds", "%d matrices".formatted(e.bounded()), e.bounds()));
    }
    text.append(
        line("scan", "%d matrices in %d tasks".formatted(e.scanned(), e.scanTasks()), e.scan()));
    if (!e.spread().matrices().isEmpty()) {
      text.append(
          "  spread      %d base matrices of these by bounds, over all tasks: executors hold %s in all, or write to disk what their heap does not hold; the driver takes %s outside the heap%n"
              .formatted(
                  e.spread().matrices().size(),
                  Amount.ofBytes(e.spread().heapBytes()),
                  Amount.ofBytes(e.spread().driverBytes())));
    }
    if (!e.inBlocks().isEmpty()) {
      text.append(line("in blocks", "%d base matrices".formatted(e.inBlocks().size()), e.blocks()));
    }
    text.append(
        "  time        %s on %d cores, without Spark's start and the tables; the longest task %s%n"
            .formatted(
                Amount.ofSeconds(e.wallSeconds()),
                e.cores(),
                Amount.ofSeconds(e.longestTaskSeconds())));
    text.append(
        "  store       %s when done; %s with --store side%n"
            .formatted(Amount.ofBytes(e.storeBytes()), Amount.ofBytes(e.oneSideBytes())));
    text.append(
        "  memory      %s outside the heap for a task; %s%n"
            .formatted(Amount.ofBytes(e.nativeBytes()), available()));
    text.append(
        "  executors   with %d tasks at once: spark.executor.memoryOverhead=%dm, spark.executor.memory=%dm%n"
            .formatted(e.tasksAtOnce(), mebibytes(e.overheadBytes()), mebibytes(e.heapBytes())));
    text.append(routes());
    if (!e.memory().allows(e.nativeBytes())) {
      text.append("  Tasks have less memory than that: %s%n".formatted(e.memory().remedy()));
    }
    if (!e.refused().isEmpty()) {
      text.append(
          "  Too large for a task, and not to be spread or taken in blocks: %d base matrices, such as %s; %s%n"
              .formatted(e.refused().size(), e.refused().get(0), e.memory().remedy()));
    }
    return text.toString();
  }

  /** A way that base matrices go, and why. */
  private record Way(RouteChoice.Route route, RouteChoice.Reason reason) {
    String text() {
      return switch (route) {
        case STORED -> "by what is stored";
        case KRYLOV -> "by bounds";
        case DECOMPOSE -> "decompose";
      };
    }

    String why() {
      return switch (reason) {
        case ASKED -> "as --solver says";
        case STORED -> "the decomposition is stored";
        case UNSUITED -> "bounds can't be had for this shape, type or --top-k";
        case MEMORY -> "a task has no memory for the other way";
        case CHEAPER -> "the cheaper way";
      };
    }
  }

  /** A line for each way, and below it one for each kind of matrix where there was a choice. */
  private String routes() {
    Map<Way, List<Map.Entry<RouteUse, Integer>>> ways =
        estimate.routes().entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    use -> new Way(use.getKey().choice().route(), use.getKey().choice().reason()),
                    LinkedHashMap::new,
                    Collectors.toList()));
    StringBuilder text = new StringBuilder();
    ways.forEach(
        (way, uses) -> {
          text.append(
              "  route       %s, %d base matrices: %s%n"
                  .formatted(
                      way.text(), uses.stream().mapToInt(Map.Entry::getValue).sum(), way.why()));
          List<Map.Entry<RouteUse, Integer>> open =
              uses.stream()
                  .filter(use -> !Double.isNaN(use.getKey().choice().boundsSeconds()))
                  .toList();
          open.stream()
              .limit(MOST_KINDS)
              .forEach(use -> text.append(kind(use.getKey(), use.getValue())));
          if (open.size() > MOST_KINDS) {
            text.append(
                "    … and %d kinds more; all: --json%n".formatted(open.size() - MOST_KINDS));
          }
        });
    return text.toString();
  }

  private static String kind(RouteUse use, int count) {
    RouteChoice choice = use.choice();
    return "    %d x %s, in %d %s: %s of one core%s, %s by bounds%s%s%n"
        .formatted(
            count,
            use.shape(),
            use.checkpoints(),
            use.checkpoints() == 1 ? "checkpoint" : "checkpoints each",
            Amount.ofSeconds(choice.decomposedSeconds()),
            choice.decomposes() || choice.byBounds() ? " with the decomposition" : "",
            Amount.ofSeconds(choice.boundsSeconds()),
            choice.known() ? ", the leading triplets stored" : "",
            choice.breakEven() > 0
                ? "; worth decomposing from %d on".formatted(choice.breakEven())
                : "");
  }

  private static String line(String what, String how, Cost cost) {
    return String.format(
        Locale.ROOT,
        "  %-10s  %s: %.2g flop, %s of one core, %s to read%n",
        what,
        how,
        cost.flops(),
        Amount.ofSeconds(cost.coreSeconds()),
        Amount.ofBytes(cost.bytesRead()));
  }

  private String available() {
    MemoryLimit memory = estimate.memory();
    return memory.bytes() == Long.MAX_VALUE
        ? memory.source()
        : "tasks have %s (%s)".formatted(Amount.ofBytes(memory.bytes()), memory.source());
  }

  private static long mebibytes(long bytes) {
    return (bytes + (1L << 20) - 1) >> 20;
  }

  /** The report as one line of JSON. */
  public String toJson() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("base_id", base.id());
    all.put("base_uri", base.uri());
    all.put("base_matrices", base.matrices().size());
    all.put("rejected", rejected);
    all.put(
        "checkpoints",
        checkpoints.stream()
            .map(
                checkpoint ->
                    Map.of(
                        "checkpoint_id", checkpoint.id(),
                        "matrices", checkpoint.matrices(),
                        "rejected", checkpoint.rejected(),
                        "notes", checkpoint.notes(),
                        "bytes_read", checkpoint.updateBytes()))
            .toList());
    all.put(
        "rejections",
        rejections.stream()
            .map(
                rejection ->
                    Map.of(
                        "checkpoint_id", rejection.checkpointId(),
                        "code", rejection.code(),
                        "message", rejection.message()))
            .toList());
    Map<String, Object> expected = new LinkedHashMap<>();
    expected.put("matrices_stored", estimate.stored());
    expected.put("matrices_to_decompose", estimate.decomposed());
    expected.put("decompose_core_seconds", estimate.decomposition().coreSeconds());
    expected.put("decompose_flops", estimate.decomposition().flops());
    expected.put("matrices_to_scan", estimate.scanned());
    expected.put("scan_core_seconds", estimate.scan().coreSeconds());
    expected.put("scan_flops", estimate.scan().flops());
    expected.put("matrices_by_bounds", estimate.bounded());
    expected.put("bounds_core_seconds", estimate.bounds().coreSeconds());
    expected.put("bounds_flops", estimate.bounds().flops());
    expected.put(
        "routes",
        estimate.routes().entrySet().stream()
            .map(entry -> routeJson(entry.getKey(), entry.getValue()))
            .toList());
    expected.put("scan_tasks", estimate.scanTasks());
    expected.put("longest_task_seconds", estimate.longestTaskSeconds());
    expected.put("matrices_spread", estimate.spread().matrices());
    expected.put("driver_native_bytes", estimate.spread().driverBytes());
    expected.put("matrices_in_blocks", estimate.inBlocks());
    expected.put("blocks_core_seconds", estimate.blocks().coreSeconds());
    expected.put("matrices_too_large", estimate.refused());
    expected.put("bytes_read", estimate.bytesRead());
    expected.put("store_bytes", estimate.storeBytes());
    expected.put("store_bytes_one_side", estimate.oneSideBytes());
    expected.put("cores", estimate.cores());
    expected.put("wall_seconds", estimate.wallSeconds());
    expected.put("native_bytes_per_task", estimate.nativeBytes());
    expected.put("tasks_per_executor", estimate.tasksAtOnce());
    expected.put("executor_memory_overhead_bytes", estimate.overheadBytes());
    expected.put("executor_memory_bytes", estimate.heapBytes());
    all.put("expected", expected);
    try {
      return JsonMapper.builder().build().writeValueAsString(all);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Plain values always have a form in JSON", e);
    }
  }

  private static Map<String, Object> routeJson(RouteUse use, int count) {
    RouteChoice choice = use.choice();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("base_matrices", count);
    json.put("shape", use.shape());
    json.put("checkpoints", use.checkpoints());
    json.put("route", choice.route().name().toLowerCase(Locale.ROOT));
    json.put("reason", choice.reason().name().toLowerCase(Locale.ROOT));
    json.put("triplets_stored", choice.known());
    json.put("decomposed_core_seconds", choice.decomposedSeconds());
    json.put(
        "bounds_core_seconds",
        Double.isNaN(choice.boundsSeconds()) ? null : (Double) choice.boundsSeconds());
    json.put("break_even_checkpoints", choice.breakEven() == 0 ? null : (Long) choice.breakEven());
    return json;
  }
}
