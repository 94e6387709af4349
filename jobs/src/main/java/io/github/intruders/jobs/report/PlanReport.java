package io.github.intruders.jobs.report;

import io.github.intruders.input.Rejection;
import io.github.intruders.plan.BaseMatrix;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.Cost;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a run would do, as a person reads it in a terminal.
 *
 * @param base the base
 * @param storedSpectra how many of its decompositions the store holds
 * @param checkpoints what would be analysed of each
 * @param rejections what would be left out, the first ones
 * @param rejected how many would be left out in all
 */
public record PlanReport(
    BasePlan base,
    int storedSpectra,
    List<Checkpoint> checkpoints,
    List<Rejection> rejections,
    long rejected) {
  /** Rate of one core in a dense decomposition that the estimate of time assumes. */
  private static final double ASSUMED_FLOPS_PER_SECOND = 1e10;

  /** One checkpoint in numbers, with what its owner should know of how it was understood. */
  public record Checkpoint(String id, int matrices, int rejected, List<String> notes, Cost cost) {}

  /** How many pieces of work there would be. */
  public long matrices() {
    return checkpoints.stream().mapToLong(Checkpoint::matrices).sum();
  }

  /** The report as text. */
  public String render() {
    StringBuilder text = new StringBuilder();
    text.append(
        "Base '%s' at %s: %d matrices, %d of them decomposed already%n%n"
            .formatted(base.id(), base.uri(), base.matrices().size(), storedSpectra));
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
    String row = "%-" + width + "s  %8s  %9s  %8s%n";
    text.append('\n').append(row.formatted("checkpoint", "matrices", "to read", "rejected"));
    Cost total = Cost.NONE;
    for (BaseMatrix matrix : base.matrices().values()) {
      total = total.then(Cost.ofSpectrum(matrix));
    }
    for (Checkpoint checkpoint : checkpoints) {
      total = total.then(checkpoint.cost());
      text.append(
          row.formatted(
              checkpoint.id(),
              checkpoint.matrices(),
              bytes(checkpoint.cost().bytesRead()),
              checkpoint.rejected() == 0 ? "" : checkpoint.rejected()));
      for (String note : checkpoint.notes()) {
        text.append("  %s%n".formatted(note));
      }
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%nAt most, by dense decompositions: %.3g flop (about %s on one core at %.0f Gflop/s),"
                + " %s to read, %s of native memory per task%n",
            total.flops(),
            duration(total.flops() / ASSUMED_FLOPS_PER_SECOND),
            ASSUMED_FLOPS_PER_SECOND / 1e9,
            bytes(total.bytesRead()),
            bytes(total.nativeBytes())));
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

  private static String bytes(long bytes) {
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
    }
    return bytes < 1L << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0)
        : String.format(Locale.ROOT, "%.1f GiB", bytes / 1073741824.0);
  }

  private static String duration(double seconds) {
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    return seconds < 7200
        ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
        : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }
}
