package io.github.intruders.jobs.cli;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.adapter.AdapterUpdate;
import io.github.intruders.adapter.LowRankSource;
import io.github.intruders.adapter.ParameterLora;
import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.jobs.session.DriverStorage;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
    System.out.printf(
        "%s adapter %s: %d updates%n",
        adapter.kind(), adapter.uri(), adapter.updates().size() + adapter.parameters().size());
    for (AdapterUpdate update : adapter.updates().values()) {
      System.out.printf("  %s  %s%n", update.baseTensor(), description(update));
    }
    for (ParameterLora parameter : adapter.parameters()) {
      System.out.printf(
          Locale.ROOT,
          "  %s.%s  %d experts of %dx%d, rank %d, scale %s%n",
          parameter.module(),
          String.join("|", parameter.parameters()),
          parameter.experts(),
          parameter.b().rows(),
          parameter.a().cols(),
          parameter.rank(),
          parameter.scale());
    }
    for (TensorInfo vector : adapter.vectors()) {
      System.out.printf("  %s  %s, not analysed%n", vector.name(), vector.description());
    }
    adapter.faults().forEach(fault -> System.out.println("  " + fault.error().getMessage()));
    return adapter.faults().isEmpty();
  }

  private static String description(AdapterUpdate update) {
    if (update instanceof LowRankSource lora) {
      return "%dx%d, rank %d, scale %s, %s"
          .formatted(lora.b().rows(), lora.a().cols(), lora.rank(), lora.scale(), lora.a().dtype());
    }
    return update.sources().stream()
        .map(source -> "%dx%d %s".formatted(source.rows(), source.cols(), source.dtype()))
        .collect(Collectors.joining(", ", update.kind() + " of ", ""));
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
