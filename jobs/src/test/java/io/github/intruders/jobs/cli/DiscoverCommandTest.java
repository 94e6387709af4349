package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.jobs.session.DriverStorage;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.ManifestLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command as people and schedulers call it; what is found in which tree is tested without
 * Spark.
 */
@ExtendWith(LocalMaster.class)
class DiscoverCommandTest {
  @TempDir private Path temporary;

  private Path fleet() throws IOException {
    Path fleet = temporary.resolve("fleet");
    Path zoo = Path.of(System.getProperty("zoo"));
    for (String folder : List.of("base", "full/1-python", "lora-r8/1-python", "lora-r8/2-c")) {
      copy(zoo.resolve(folder), fleet.resolve(folder));
    }
    return fleet;
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  @Test
  void aManifestIsWrittenThatPlanTakesAndIsAddedTo() throws IOException {
    Path fleet = fleet();
    Path manifest = temporary.resolve("checkpoints.yaml");

    Outcome first =
        Outcome.of(
            "discover",
            fleet.toString(),
            "--tags",
            "{family}/*",
            "--manifest-out",
            manifest.toString());

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out())
        .contains("base base, 3 checkpoints, 3 of them new; 0 left out, 0 can't");
    Storage storage = DriverStorage.open();
    assertThat(ManifestLocation.read(storage, manifest.toString()).checkpoints())
        .extracting(CheckpointSpec::id)
        .containsExactly("full/1-python", "lora-r8/1-python", "lora-r8/2-c");
    Outcome plan = Outcome.of("plan", "--manifest", manifest.toString());
    assertThat(plan.exitCode()).as(plan.err() + plan.out()).isZero();

    Outcome again = Outcome.of("discover", fleet.toString(), "--manifest-out", manifest.toString());
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err()).contains("There is such a file already");

    Files.createDirectories(fleet.resolve("lora-r8/3-broken"));
    Files.copy(
        fleet.resolve("lora-r8/2-c/adapter_config.json"),
        fleet.resolve("lora-r8/3-broken/adapter_config.json"));
    Files.write(fleet.resolve("lora-r8/3-broken/adapter_model.safetensors"), new byte[3]);
    Outcome update =
        Outcome.of("discover", fleet.toString(), "--update", manifest.toString(), "--json");
    assertThat(update.exitCode()).as(update.err()).isEqualTo(3);
    assertThat(update.out())
        .contains("\"checkpoints\":3,\"added\":0,\"left_out\":0,\"rejected\":1}");
    assertThat(manifest)
        .content()
        .contains("lora-r8/3-broken: [file:", "Expected at least 8 bytes");
  }

  @Test
  void theNightlyRunFindsAndScansWhatIsNew() throws IOException {
    Path fleet = fleet();
    Path out = temporary.resolve("fleet/out");
    String[] night = {
      "run",
      "--discover",
      fleet.toString(),
      "--out",
      out.toString(),
      "--json",
      "--include",
      "layers\\.0\\.self_attn\\.q_proj"
    };

    Outcome first = Outcome.of(night);

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out()).contains("full/1-python", "lora-r8/1-python", "lora-r8/2-c");
    assertThat(out.resolve("manifest.yaml")).content().contains("base: {id: base,");

    copy(Path.of(System.getProperty("zoo"), "lora-r8/3-javascript"), fleet.resolve("lora-r8/3"));
    Outcome second = Outcome.of(night);

    assertThat(second.exitCode()).as(second.err()).isZero();
    assertThat(second.err()).contains("4 checkpoints, 1 of them new");
    assertThat(second.out()).contains("\"lora-r8/3\"");
    assertThat(out.resolve("manifest.yaml")).content().contains("out: what this program wrote");
  }

  @Test
  void whatCanNotBeToldIsAskedFor() throws IOException {
    Path adapters = temporary.resolve("adapters");
    copy(Path.of(System.getProperty("zoo"), "lora-r8/1-python"), adapters.resolve("a"));
    Path config = adapters.resolve("a/adapter_config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"../../base\"", "\"acme/llama-9b\""));

    Outcome base = Outcome.of("discover", adapters.toString());
    assertThat(base.exitCode()).isEqualTo(2);
    assertThat(base.err())
        .contains("The base that most models name, llama-9b, is not below", "--base URI");

    Outcome missing = Outcome.of("discover", temporary.resolve("nowhere").toString());
    assertThat(missing.exitCode()).isEqualTo(2);
    assertThat(missing.err()).contains("nowhere] There is no such folder to look through");

    Outcome pattern = Outcome.of("discover", adapters.toString(), "--tags", "{a/b}");
    assertThat(pattern.exitCode()).isEqualTo(2);
    assertThat(pattern.err()).contains("Cannot use --tags '{a/b}'");

    Outcome given =
        Outcome.of("discover", adapters.toString(), "--base", System.getProperty("zoo") + "/base");
    assertThat(given.exitCode()).as(given.err()).isZero();
    assertThat(given.out())
        .contains("  - {id: a, adapters: [file:" + adapters + "/a], tags: {method: lora}}")
        .contains("it is taken for what most of them name, llama-9b");
  }
}
