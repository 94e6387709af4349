package io.github.intruders.jobs.mitigation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.mitigation.Variant;
import io.github.intruders.plan.BasePlan;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixSelection;
import io.github.intruders.plan.Planner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An edited model is made of the files that were planned with, or not at all. */
class ModelSourceTest {
  private static final Path ZOO = Path.of(System.getProperty("zoo"));

  @TempDir private Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());

  private CheckpointPlan plan(String model) throws IOException {
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors", "config.json")) {
      copy(model, file);
    }
    copy(model, "model.safetensors");
    BasePlan base =
        BasePlan.of(
            storage,
            "base",
            ZOO.resolve("base").toString(),
            MatrixSelection.of("layers\\.0\\..*q_proj", null));
    return new Planner(storage, base)
        .plan(new CheckpointSpec("t", List.of(folder.toString()), null, null, null, Map.of()));
  }

  private void copy(String model, String file) throws IOException {
    if (Files.exists(ZOO.resolve(model).resolve(file))) {
      Files.copy(
          ZOO.resolve(model).resolve(file),
          folder.resolve(file),
          StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void touch(String file) throws IOException {
    FileTime time = Files.getLastModifiedTime(folder.resolve(file));
    Files.setLastModifiedTime(folder.resolve(file), FileTime.fromMillis(time.toMillis() + 1000));
  }

  @ParameterizedTest
  @CsvSource({
    "lora-r8/1-python, adapter_model.safetensors, adapter_config.json",
    "full/1-python, model.safetensors, config.json"
  })
  void onlyFilesThatStayTheSameGoIntoAnEditedModel(String model, String weights, String config)
      throws IOException {
    CheckpointPlan plan = plan(model);
    ModelSource looked = ModelSource.of(storage, plan, null);
    assertThat(looked.rejection()).isNull();
    ModelFile file = file(looked);
    ModelSource.requireUnchanged(storage, file);

    touch(config);

    assertThatThrownBy(() -> ModelSource.requireUnchanged(storage, file))
        .isInstanceOfSatisfying(
            UserInputException.class,
            fault -> assertThat(fault.code()).isEqualTo(RejectCode.INPUT_CHANGED))
        .hasMessageEndingWith(
            "A file of t changed while the edited model was written; run again once nobody writes to it");
    assertThat(ModelSource.of(storage, plan, null).rejection())
        .as("a config is what it is when the model is written")
        .isNull();

    touch(weights);

    ModelSource changed = ModelSource.of(storage, plan, null);
    assertThat(changed.rejection().code()).isEqualTo(RejectCode.INPUT_CHANGED);
    assertThat(changed.rejection().file()).endsWith(weights);
  }

  private static ModelFile file(ModelSource source) {
    return new ModelFile(
        "t",
        source.plan().spec().sources(),
        source.adapter(),
        source.identity(),
        new Variant(Variant.Kind.ALL, 0.5),
        "key",
        source.files().get(0),
        true,
        source.plan().matrices());
  }
}
