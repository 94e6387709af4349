package io.github.intruders.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.UserInputException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestTest {
  @ParameterizedTest
  @CsvSource({
    "file:/m/base,file:/a/chat,base,chat",
    "file:/m/base/,file:/a/chat///,base,chat",
    "file:/m/model,s3a://bucket/tuned/model,model,tuned/model",
    "file:/m/model,file:/m/model/,model,m/model",
    "model,model,model,model (tuned)",
    "s3a://base,s3a://tuned,base,tuned",
    "file:/m/base.safetensors,file:/m/chat.safetensors,base.safetensors,chat.safetensors",
    "/,file:/a/chat,root,chat",
  })
  void oneComparisonTakesItsIdsFromThePaths(String base, String tuned, String baseId, String id) {
    Manifest manifest = Manifest.single(base, List.of(tuned));

    assertThat(manifest.baseId()).isEqualTo(baseId);
    assertThat(manifest.baseUri()).isEqualTo(base);
    assertThat(manifest.checkpoints()).hasSize(1);
    assertThat(manifest.checkpoints().get(0).id()).isEqualTo(id);
    assertThat(manifest.metrics()).isEmpty();
    assertThat(manifest.contentHash()).isEmpty();
  }

  @Test
  void aChainIsNamedAfterItsLastAdapter() {
    CheckpointSpec chain =
        Manifest.single("file:/base", List.of("file:/a/1", "file:/a/2")).checkpoints().get(0);

    assertThat(chain.id()).isEqualTo("2");
    assertThat(chain.sources()).containsExactly("file:/a/1", "file:/a/2");
    assertThat(chain.sequence()).isNull();
  }

  @Test
  void aComparisonWithoutATunedCheckpointIsRefused() {
    assertThatThrownBy(() -> Manifest.single("file:/base", List.of()))
        .isInstanceOf(UserInputException.class)
        .hasMessage("Expected at least one tuned checkpoint or adapter");
  }

  @Test
  void aCheckpointNeedsASourceAndBothOfSequenceAndStep() {
    assertThatThrownBy(() -> new CheckpointSpec("t", List.of(), null, null, null, Map.of()))
        .hasMessage("Checkpoint t has no source");
    assertThatThrownBy(() -> new CheckpointSpec("t", List.of("x"), "s", null, null, Map.of()))
        .hasMessage("Checkpoint t needs both sequence and step, or neither");
    assertThatThrownBy(() -> new CheckpointSpec("t", List.of("x"), null, 1, null, Map.of()))
        .hasMessage("Checkpoint t needs both sequence and step, or neither");
  }

  @Test
  void anIdThatFollowsFromAPathMustBeUsableToo() {
    assertThatThrownBy(() -> Manifest.single("file:/models/base", List.of("file:/models/_none")))
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "[file:/models/_none] The id that follows from this path, '_none', can't name a folder:"
                + " readers of the tables take it for no value; choose another; give it another by a"
                + " manifest");
  }
}
