package io.github.intruders.jobs.cli;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.jobs.session.DriverStorage;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists what is in a checkpoint or adapter. */
@Command(
    name = "inspect",
    description =
        "Lists the tensors of a checkpoint or adapter, from its headers, without starting Spark.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  intruders inspect models/llama",
      "  intruders inspect adapters/chat"
    })
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "PATH", description = "Folder of a checkpoint or adapter, or a file.")
  private String path;

  @Override
  public Integer call() throws IOException {
    Storage storage = DriverStorage.open();
    String uri = storage.qualify(path);
    boolean faultless =
        Adapter.isAdapter(storage, uri)
            ? print(Adapter.open(storage, uri))
            : print(Checkpoint.open(storage, uri));
    return faultless ? Main.DONE : Main.DONE_WITH_REJECTS;
  }

  private static boolean print(Adapter adapter) {
    System.out.printf("LoRA adapter %s: %d updates%n", adapter.uri(), adapter.updates().size());
    for (LowRankSource update : adapter.updates().values()) {
      System.out.printf(
          Locale.ROOT,
          "  %s  %dx%d, rank %d, scale %s, %s%n",
          update.baseTensor(),
          update.b().rows(),
          update.a().cols(),
          update.a().rows(),
          update.scale(),
          update.a().dtype());
    }
    adapter.faults().forEach(fault -> System.out.println("  " + fault.error().getMessage()));
    return adapter.faults().isEmpty();
  }

  private static boolean print(Checkpoint checkpoint) {
    long bytes = 0;
    for (TensorInfo tensor : checkpoint.tensors().values()) {
      bytes += tensor.lengthBytes();
    }
    System.out.printf(
        Locale.ROOT,
        "Checkpoint %s: %d tensors, %.1f MiB%s%n",
        checkpoint.uri(),
        checkpoint.tensors().size(),
        bytes / 1048576.0,
        checkpoint.modelType().map(type -> ", " + type).orElse(""));
    for (TensorInfo tensor : checkpoint.tensors().values()) {
      System.out.printf(
          "  %s  %s  %s%n",
          tensor.name(),
          tensor.description(),
          tensor.file().substring(tensor.file().lastIndexOf('/') + 1));
    }
    checkpoint.faults().forEach(fault -> System.out.println("  " + fault.getMessage()));
    return checkpoint.faults().isEmpty();
  }
}
