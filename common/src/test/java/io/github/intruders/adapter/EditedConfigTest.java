package io.github.intruders.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Patterns of edited adapters: what PEFT looks up must be what was meant. */
class EditedConfigTest {
  private final Storage storage = new HadoopStorage(new Configuration());

  @TempDir private Path temporary;

  /** An adapter of rank 1 whose modules have these names, and this in its config. */
  private Adapter adapter(String folder, String config, String... modules) throws IOException {
    SafetensorsFile file = new SafetensorsFile();
    for (String module : modules) {
      file.addFloats("base_model.model." + module + ".lora_A.weight", List.of(1, 2), 1, 2);
      file.addFloats("base_model.model." + module + ".lora_B.weight", List.of(2, 1), 1, 2);
    }
    Path path = temporary.resolve(folder);
    file.write(path.resolve("adapter_model.safetensors"));
    Files.writeString(
        path.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 1, \"lora_alpha\": 2%s}".formatted(config));
    return Adapter.open(storage, path.toString());
  }

  @Test
  void aModuleIsNamedInFull() throws IOException {
    Adapter adapter = adapter("a", "", "layers.0.q", "layers.1.q");

    JsonNode config =
        EditedConfig.of(List.of(adapter), Map.of("layers.1.q.weight", new EditedConfig.Site(3, 2)));

    assertThat(config.path("rank_pattern").toString()).isEqualTo("{\"layers.1.q\":3}");
    assertThat(config.path("alpha_pattern").toString()).isEqualTo("{\"layers.1.q\":6}");
    assertThat(config.path("r").asInt()).isEqualTo(1);
  }

  @Test
  void aNameThatEndsAnotherNameIsAnchored() throws IOException {
    Adapter adapter = adapter("a", "", "layers.0.q", "encoder.layers.0.q", "layers_0.q");

    JsonNode config =
        EditedConfig.of(List.of(adapter), Map.of("layers.0.q.weight", new EditedConfig.Site(2, 2)));

    assertThat(config.path("rank_pattern").toString()).isEqualTo("{\"^layers\\\\.0\\\\.q\":2}");
  }

  @Test
  void olderPatternsKeepWhatTheySaidOfOtherModules() throws IOException {
    Adapter adapter =
        adapter("a", ", \"alpha_pattern\": {\".*q\": 5}", "layers.0.q", "layers.1.q", "layers.0.v");

    JsonNode config =
        EditedConfig.of(List.of(adapter), Map.of("layers.0.q.weight", new EditedConfig.Site(2, 5)));

    assertThat(config.path("alpha_pattern").toString())
        .isEqualTo("{\"layers.0.q\":10,\"layers.1.q\":5}");
    assertThat(config.path("rank_pattern").toString()).isEqualTo("{\"layers.0.q\":2}");
  }

  @Test
  void theScaleOfRankStabilisedLoraGoesByTheRoot() throws IOException {
    Adapter adapter = adapter("a", ", \"use_rslora\": true", "layers.0.q");

    JsonNode config =
        EditedConfig.of(
            List.of(adapter), Map.of("layers.0.q.weight", new EditedConfig.Site(4, 1.5)));

    assertThat(config.path("alpha_pattern").toString()).isEqualTo("{\"layers.0.q\":3}");
  }

  @Test
  void aChainOverDifferentModulesNamesThemAll() throws IOException {
    Adapter first = adapter("a", ", \"target_modules\": [\"q\"]", "layers.0.q");
    Adapter second =
        adapter("b", ", \"target_modules\": [\"v\"], \"layers_to_transform\": [0]", "layers.0.v");

    JsonNode config =
        EditedConfig.of(
            List.of(first, second),
            Map.of(
                "layers.0.q.weight", new EditedConfig.Site(1, 2),
                "layers.0.v.weight", new EditedConfig.Site(1, 2)));

    assertThat(config.path("target_modules").toString())
        .isEqualTo("[\"layers.0.q\",\"layers.0.v\"]");
    assertThat(config.path("layers_to_transform").isNull()).isTrue();
    assertThat(config.path("rank_pattern").isEmpty()).isTrue();
  }

  @Test
  void theSameModulesInAnotherOrderStay() throws IOException {
    Adapter first = adapter("a", ", \"target_modules\": [\"q\", \"v\"]", "layers.0.q");
    Adapter second = adapter("b", ", \"target_modules\": [\"v\", \"q\"]", "layers.0.q");

    JsonNode config =
        EditedConfig.of(
            List.of(first, second), Map.of("layers.0.q.weight", new EditedConfig.Site(2, 2)));

    assertThat(config.path("target_modules")).isEqualTo(second.config().path("target_modules"));
  }
}
