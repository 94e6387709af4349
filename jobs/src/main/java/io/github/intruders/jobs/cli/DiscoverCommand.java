package io.github.intruders.jobs.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.discovery.Discovered;
import io.github.intruders.jobs.discovery.DiscoverySettings;
import io.github.intruders.jobs.pipeline.DiscoveryRun;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.jobs.session.SparkSessions;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** From a bucket or folder to a manifest. */
@Command(
    name = "discover",
    description =
        "Writes a manifest from what lies in buckets or folders: adapters, checkpoints, the runs of"
            + " trainers as sequences, results of evaluations. Reads headers and configs; says in"
            + " comments what it left out and why.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Without --manifest-out and --update the manifest goes to standard output.",
      "",
      "Examples:",
      "  intruders discover s3a://models/fleet --manifest-out checkpoints.yaml",
      "  intruders discover runs --base models/llama --tags '{method}/{task}-seed{seed}' \\",
      "      --update checkpoints.yaml"
    })
final class DiscoverCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "URI", arity = "1..*", description = "Folders to look through.")
  private List<String> uris;

  @Option(
      names = "--manifest-out",
      paramLabel = "FILE",
      description = "The manifest to write. An existing one is not replaced; see --update.")
  private String manifestOut;

  @Option(
      names = "--update",
      paramLabel = "FILE",
      description =
          "Add to this manifest what is new, and keep everything else in it as it is. It is created"
              + " if it is not there.")
  private String update;

  @Option(
      names = "--base",
      paramLabel = "URI",
      description =
          "The base checkpoint; what was made from others is left out (default: the one that most"
              + " adapters name).")
  private String base;

  @Mixin private DiscoveryOptions options;

  @Mixin private JsonOption json;

  @Mixin private RejectsOption rejects;

  @Override
  public Integer call() throws IOException {
    if (json.isAsked() && manifestOut == null && update == null) {
      throw new ParameterException(
          spec.commandLine(), "With --json, give --manifest-out or --update");
    }
    Storage storage = DriverStorage.open();
    String updatedUri = update == null ? null : storage.qualify(update);
    String manifestUri = manifestOut == null ? updatedUri : storage.qualify(manifestOut);
    if (updatedUri != null && !folder(updatedUri).equals(folder(manifestUri))) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          manifestUri,
          "Its relative URIs would mean other places than in %s; name a file in the same folder"
              .formatted(updatedUri));
    }
    DiscoverySettings settings = options.settings(storage, uris, base, manifestUri, updatedUri);
    if (manifestUri != null && !manifestUri.equals(updatedUri) && storage.exists(manifestUri)) {
      throw UserInputException.inFile(
          RejectCode.SETTING_INVALID,
          manifestUri,
          "There is such a file already; name another, or add to this one by --update");
    }
    Discovered found;
    try (SparkSession spark = SparkSessions.open("discover")) {
      found = new DiscoveryRun(spark).run(settings, true);
    }
    if (manifestUri == null) {
      System.out.print(found.text());
      System.err.print(DiscoveryOptions.told(found, null));
    } else if (json.isAsked()) {
      System.out.println(line(found, manifestUri));
    } else {
      System.out.print(DiscoveryOptions.told(found, manifestUri));
    }
    return DiscoveryOptions.exitCode(found, rejects);
  }

  private static String folder(String uri) {
    return uri.substring(0, uri.lastIndexOf('/'));
  }

  private static String line(Discovered found, String manifestUri) throws IOException {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("manifest", manifestUri);
    line.put("base_id", found.manifest().baseId());
    line.put("checkpoints", found.manifest().checkpoints().size());
    line.put("added", found.fleet().added());
    line.put("left_out", found.fleet().leftOut().size() - found.fleet().broken());
    line.put("rejected", found.fleet().broken());
    return JsonMapper.builder().build().writeValueAsString(line);
  }
}
