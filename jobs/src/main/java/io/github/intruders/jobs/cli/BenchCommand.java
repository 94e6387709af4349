package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.bench.RouteBenchmark;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The fast engine beside the published algorithm. */
@Command(
    name = "bench",
    description =
        "Times the fast engine beside the published algorithm on one synthetic matrix, in one run,"
            + " without starting Spark.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  intruders bench --rows 2048 --cols 2048 --rank 16 --checkpoints 32 --update low-rank"
    })
final class BenchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--rows", defaultValue = "2048", description = "Default: ${DEFAULT-VALUE}.")
  private int rows;

  @Option(names = "--cols", defaultValue = "2048", description = "Default: ${DEFAULT-VALUE}.")
  private int cols;

  @Option(
      names = "--rank",
      defaultValue = "16",
      description = "Of the adapters (default: ${DEFAULT-VALUE}).")
  private int rank;

  @Option(
      names = "--checkpoints",
      defaultValue = "32",
      description = "That share the base (default: ${DEFAULT-VALUE}).")
  private int checkpoints;

  @Option(
      names = "--references",
      defaultValue = "2",
      description =
          "Checkpoints the published algorithm is run on, and compared with (default:"
              + " ${DEFAULT-VALUE}).")
  private int references;

  @Option(
      names = "--threads",
      defaultValue = "2",
      description = "For both (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--update",
      defaultValue = "low-rank",
      description = "low-rank (an adapter) or dense (a full fine-tune; default: ${DEFAULT-VALUE}).")
  private RouteBenchmark.Update update;

  /** Which route is benchmarked. */
  enum Route {
    STORED,
    KRYLOV
  }

  @Option(
      names = "--route",
      defaultValue = "stored",
      description =
          "stored: with the base's decomposition; krylov: by bounds, nothing stored (default:"
              + " ${DEFAULT-VALUE}).")
  private Route route;

  @Mixin private JsonOption json;

  @Override
  public Integer call() throws IOException {
    for (int size : new int[] {rows, cols, rank, checkpoints, references, threads}) {
      if (size < 1) {
        throw new ParameterException(
            spec.commandLine(), "Sizes and counts must be at least 1, found " + size);
      }
    }
    RouteBenchmark benchmark =
        new RouteBenchmark(
            new RouteBenchmark.Settings(
                rows, cols, rank, checkpoints, references, threads, update));
    if (route == Route.KRYLOV) {
      RouteBenchmark.ColdResult result = benchmark.runCold();
      if (json.isAsked()) {
        printJson(result);
      } else {
        print(result);
      }
    } else {
      RouteBenchmark.Result result = benchmark.run();
      if (json.isAsked()) {
        printJson(result);
      } else {
        print(result);
      }
    }
    return Main.DONE;
  }

  private static void printJson(Object result) throws IOException {
    System.out.println(
        JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .defaultPropertyInclusion(
                JsonInclude.Value.construct(
                    JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .build()
            .writeValueAsString(result));
  }

  private static void print(RouteBenchmark.ColdResult result) {
    System.out.printf(
        Locale.ROOT,
        """
        %dx%d, %s update of rank %d, %d checkpoints, %d threads; seconds per checkpoint and matrix
          published algorithm   %10.4f
          verdicts by bounds    %10.4f   %.1f times faster, nothing stored
          base's decomposition  %10.4f   which they do without
          %d wrong verdicts, %d undecided; %d similarities known as values, which differ by %.1e
          sgemm %.0f Gflop/s
        """,
        result.rows(),
        result.cols(),
        result.update(),
        result.rank(),
        result.checkpoints(),
        result.threads(),
        result.referenceSeconds(),
        result.coldSeconds(),
        result.coldSpeedup(),
        result.baseSeconds(),
        result.wrongVerdicts(),
        result.undecided(),
        result.exactSimilarities(),
        result.maxSimilarityDifference(),
        result.gemmGflops());
  }

  private void print(RouteBenchmark.Result result) {
    boolean dense = update == RouteBenchmark.Update.DENSE;
    System.out.printf(
        Locale.ROOT,
        """
        %dx%d, %s update of rank %d, %d checkpoints, %d threads; seconds per checkpoint and matrix
          published algorithm   %10.4f
          fast route            %10.4f   %.0f times faster, base in the store
          base, once            %10.4f   %.0f times faster with its share
          update statistics     %10.4f   %s
        %s  fast against published: similarities differ by %.1e, singular values by %.1e relatively,
          intruder counts %s; %d of %d needed the dense route
          sgemm %.0f Gflop/s%s
        """,
        result.rows(),
        result.cols(),
        result.update(),
        result.rank(),
        result.checkpoints(),
        result.threads(),
        result.referenceSeconds(),
        result.fastSeconds(),
        result.speedup(),
        result.baseSeconds(),
        result.speedupWithBase(),
        result.updateStatisticsSeconds(),
        dense ? "exact, on top" : "in the fast route",
        dense
            ? String.format(
                Locale.ROOT,
                "  as a scan finds them  %10.4f   %.1f times faster with them; effective rank off by"
                    + " %.1e%n",
                result.rankSeconds(),
                result.speedupWithRank(),
                result.rankError())
            : "",
        result.maxSimilarityDifference(),
        result.maxSingularValueRelativeDifference(),
        result.intruderCountsEqual() ? "equal" : "DIFFER",
        result.fallbacks(),
        result.checkpoints(),
        result.gemmGflops(),
        dense
            ? ""
            : String.format(Locale.ROOT, ", projections %.0f Gflop/s", result.projectionGflops()));
  }
}
