package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.manifest.CheckpointSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What adapters name, and what of it the base has. */
class AdapterCoverageTest {
  private final Storage storage = new HadoopStorage(new Configuration());
  @TempDir private Path folder;

  private static Path fixture(String path) throws Exception {
    return Path.of(
        Objects.requireNonNull(AdapterCoverageTest.class.getResource("/fixtures/peft/" + path))
            .toURI());
  }

  private CheckpointPlan plan(Path base, Path adapter) throws Exception {
    BasePlan plan = BasePlan.of(storage, "base", base.toString(), MatrixSelection.of(null, null));
    return new Planner(storage, plan)
        .plan(new CheckpointSpec("t", List.of(adapter.toString()), null, null, null, Map.of()));
  }

  /**
   * @param scales how many updates have their scale from where, as in {@code config 6}
   */
  @ParameterizedTest
  @CsvSource({
    "llama/lora,6,config 6,2.0,2.0",
    "llama/rslora,6,config 6,4.0,4.0",
    "llama/patterns,8,config 3 pattern 5,0.6,4.0",
    "llama/mlx,6,config 6,,",
    "llama/ia3,6,none 6,,",
    "llama/kohya-lora/adapter,15,tensor 15,,",
    "qwen3-moe/target-parameters,4,config 2,2.0,2.0",
  })
  void modulesAreFoundAndScalesHaveAnOrigin(
      String path, int modules, String scales, Double least, Double largest) throws Exception {
    CheckpointPlan planned =
        plan(fixture(path.substring(0, path.indexOf('/')) + "/base"), fixture(path));

    AdapterCoverage covered = planned.coverage().get(0);
    assertThat(planned.coverage()).hasSize(1);
    assertThat(covered.modules()).isEqualTo(modules);
    assertThat(covered.found()).isEqualTo(modules);
    assertThat(covered.firstMissing()).isNull();
    StringBuilder told = new StringBuilder();
    new TreeMap<>(covered.scales())
        .forEach((origin, count) -> told.append(' ').append(origin).append(' ').append(count));
    assertThat(told.toString().strip()).isEqualTo(scales);
    if (least != null) {
      assertThat(covered.leastScale()).isEqualTo(least);
      assertThat(covered.largestScale()).isEqualTo(largest);
    }
    assertThat(planned.notes()).noneMatch(note -> note.contains("has no update for"));
  }

  @Test
  void aFileThatLacksWhatItsConfigNamesIsWarnedOf() throws Exception {
    Path cut = Files.createDirectory(folder.resolve("cut"));
    Files.writeString(
        cut.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", \"r\": 1, \"lora_alpha\": 1,"
            + " \"target_modules\": [\"q_proj\", \"k_proj\", \"nothing\"]}");
    SafetensorsFile file = new SafetensorsFile();
    String module = "base_model.model.model.layers.0.self_attn.q_proj.";
    file.addFloats(module + "lora_A.weight", List.of(1, 16), new float[16]);
    file.addFloats(module + "lora_B.weight", List.of(16, 1), new float[16]);
    file.write(cut.resolve("adapter_model.safetensors"));

    CheckpointPlan planned = plan(fixture("llama/base"), cut);

    AdapterCoverage covered = planned.coverage().get(0);
    assertThat(covered.targetsWithoutUpdate()).isEqualTo(2);
    assertThat(covered.modulesWithoutUpdate()).isEqualTo(3);
    assertThat(planned.notes())
        .contains(
            "warning: file:%s has no update for 3 modules of the base that its target_modules names; it has updates for 1"
                .formatted(cut));
  }
}
