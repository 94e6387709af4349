package io.github.intruders.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two experts of rank 1 with three outputs and two inputs, by hand. */
class ParameterLoraTest {
  private static final String EXPERTS = "model.layers.0.mlp.experts";

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());
  private final TensorReader reader = new TensorReader(storage);

  private ParameterLora parameter(String target, int outputs, float... b) throws IOException {
    SafetensorsFile file = new SafetensorsFile();
    String prefix = "base_model.model." + EXPERTS;
    file.addFloats(prefix + ".lora_A.weight", List.of(2, 2), 1, 2, 3, 4);
    file.addFloats(prefix + ".lora_B.weight", List.of(outputs, 2), b);
    file.write(folder.resolve("adapter_model.safetensors"));
    Files.writeString(
        folder.resolve("adapter_config.json"),
        """
        {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_parameters": ["mlp.experts.%s"]}"""
            .formatted(target));
    Adapter adapter = Adapter.open(storage, folder.toString());
    assertThat(adapter.faults()).isEmpty();
    assertThat(adapter.updates()).isEmpty();
    assertThat(adapter.parameters()).hasSize(1);
    return adapter.parameters().get(0);
  }

  private static MatrixSource weight(String name, int rows, int cols) {
    return new MatrixSource(name, "file:/base", DType.F32, 0, rows, cols, false);
  }

  private Matrix updateOf(ParameterLora parameter, String name, int rows, int cols)
      throws IOException {
    ExpertLora update = parameter.updateOf(name, weight(name, rows, cols)).orElseThrow();
    return update.applyTo(Matrix.zeros(rows, cols, Precision.DOUBLE), reader);
  }

  @Test
  void anExpertTakesItsRowsOfAAndEveryOtherColumnOfB() throws IOException {
    ParameterLora parameter = parameter("down_proj", 3, 10, 20, 30, 40, 50, 60);
    Matrix first = updateOf(parameter, EXPERTS + ".down_proj[0]", 3, 2);
    Matrix second = updateOf(parameter, EXPERTS + ".down_proj[1]", 3, 2);

    assertThat(first.row(2)).containsExactly(50, 100);
    assertThat(second.row(0)).containsExactly(60, 80);
    assertThat(second.row(2)).containsExactly(180, 240);
  }

  @Test
  void expertsThatStoreInputsFirstTakeTheTranspose() throws IOException {
    ParameterLora parameter = parameter("down_proj", 3, 10, 20, 30, 40, 50, 60);
    Matrix second = updateOf(parameter, EXPERTS + ".down_proj[1]", 2, 3);

    assertThat(second.row(0)).containsExactly(60, 120, 180);
    assertThat(second.row(1)).containsExactly(80, 160, 240);
  }

  @Test
  void twoProjectionsThatAreOneInTheModelShareTheRowsOfB() throws IOException {
    ParameterLora parameter = parameter("gate_up_proj", 4, 10, 20, 30, 40, 50, 60, 70, 80);
    Matrix gate = updateOf(parameter, EXPERTS + ".0.gate_proj.weight", 2, 2);
    Matrix up = updateOf(parameter, EXPERTS + ".1.up_proj.weight", 2, 2);

    assertThat(gate.row(1)).containsExactly(30, 60);
    assertThat(up.row(0)).containsExactly(180, 240);
  }

  @Test
  void otherMatricesAreNotTouched() throws IOException {
    ParameterLora parameter = parameter("down_proj", 3, 10, 20, 30, 40, 50, 60);
    for (String name :
        List.of(
            EXPERTS + ".up_proj[0]",
            EXPERTS + ".down_proj[2]",
            EXPERTS + ".0.up_proj.weight",
            "model.layers.1.mlp.experts.down_proj[0]")) {
      assertThat(parameter.updateOf(name, weight(name, 3, 2))).as(name).isEmpty();
    }
    String fits = EXPERTS + ".down_proj[0]";
    assertThat(parameter.updateOf(fits, weight(fits, 3, 3))).isEmpty();
  }

  @Test
  void squareExpertsInOneTensorAreRefused() throws IOException {
    ParameterLora parameter = parameter("down_proj", 2, 10, 20, 30, 40);
    String name = EXPERTS + ".down_proj[0]";

    assertThatThrownBy(() -> parameter.updateOf(name, weight(name, 2, 2)))
        .isInstanceOf(UserInputException.class)
        .hasMessageEndingWith(
            "%s is square, 2x2, so that its shape does not tell its inputs from its outputs; merge the adapter with PEFT (merge_and_unload) and analyse the merged checkpoint"
                .formatted(name));
  }
}
