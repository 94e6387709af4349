package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.Twins;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** 8-bit weights count with their scales, wherever those lie. */
class WeightScalesTest {
  private static final String Q = "layers.0.q_proj.weight";
  private static final String UP = "layers.0.up_proj.weight";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String WEIGHTS = "model-00001-of-00002.safetensors";
  private static final String SCALES = "model-00002-of-00002.safetensors";

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());
  private final TensorReader reader = new TensorReader(storage);

  private BasePlan plan(Path checkpoint) throws IOException {
    return BasePlan.of(storage, "b", checkpoint.toString(), MatrixSelection.of(null, null));
  }

  private Path copy(String kind) throws IOException {
    Path copy = folder.resolve(kind);
    Files.createDirectories(copy);
    try (var files = Files.list(Twins.fixture("fp8").resolve(kind))) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private void assertTwin(MatrixSource source, TensorInfo twin, Precision precision)
      throws IOException {
    try (Arena arena = Arena.open()) {
      Matrix found = reader.read(source, precision);
      Matrix expected = reader.read(MatrixSource.of(twin, source.transposed()).get(0), precision);
      assertThat(found.rows()).isEqualTo(expected.rows());
      for (int row = 0; row < expected.rows(); row++) {
        assertThat(found.row(row)).isEqualTo(expected.row(row));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"blocks", "large-blocks", "dot-scale", "whole", "rows"})
  void theValuesAreTorchsProductsBitByBit(String kind) throws IOException {
    BasePlan base = plan(Twins.fixture("fp8").resolve(kind));

    Map<String, TensorInfo> twin = Twins.twin("fp8/" + kind);
    assertThat(base.rejections()).isEmpty();
    assertThat(base.matrices()).containsOnlyKeys(twin.keySet());
    for (BaseMatrix matrix : base.matrices().values()) {
      assertTwin(matrix.source(), twin.get(matrix.name()), Precision.DOUBLE);
      assertTwin(matrix.source(), twin.get(matrix.name()), Precision.SINGLE);
    }
  }

  @Test
  void aMatrixStoredAsInputsByOutputsIsScaledBeforeItIsTurned() throws IOException {
    MatrixSource stored = plan(Twins.fixture("fp8/blocks")).matrices().get(Q).source();
    int outputs = stored.cols();
    int inputs = stored.rows();
    MatrixSource turned =
        new MatrixSource(Q, stored.file(), stored.dtype(), stored.offset(), outputs, inputs, true)
            .scaledBy(stored.scale());

    assertTwin(turned, Twins.twin("fp8/blocks").get(Q), Precision.DOUBLE);
  }

  @Test
  void theContentsNameCoversTheScale() throws IOException {
    Path changed = copy("blocks");
    byte[] scales = Files.readAllBytes(changed.resolve(SCALES));
    scales[scales.length - 1] ^= 1; // the last scale of up_proj
    Files.write(changed.resolve(SCALES), scales);

    BasePlan before = plan(Twins.fixture("fp8/blocks"));
    BasePlan after = plan(changed);

    assertThat(hash(after, Q)).isEqualTo(hash(before, Q));
    assertThat(hash(after, UP)).isNotEqualTo(hash(before, UP));
    assertThat(reader.readWithHash(before.matrices().get(UP).source(), Precision.DOUBLE))
        .extracting("contentHash")
        .isEqualTo(hash(before, UP));
  }

  private String hash(BasePlan base, String matrix) throws IOException {
    return reader.contentHash(base.matrices().get(matrix).source());
  }

  @Test
  void aChangedFileOfScalesIsSeen() throws IOException {
    Path checkpoint = copy("blocks");
    BasePlan base = plan(checkpoint);
    String before = base.identity(base.matrices().get(Q));

    Files.setLastModifiedTime(checkpoint.resolve(SCALES), FileTime.fromMillis(1_000_000));

    BasePlan again = plan(checkpoint);
    assertThat(again.identity(again.matrices().get(Q))).isNotEqualTo(before);
  }

  @Test
  void aTunedCheckpointIsScaledToo() throws IOException {
    BasePlan base = plan(copy("blocks"));

    CheckpointPlan plan =
        new Planner(storage, base)
            .plan(
                new CheckpointSpec(
                    "t",
                    List.of("file:" + Twins.fixture("fp8/blocks")),
                    null,
                    null,
                    null,
                    Map.of()));

    assertThat(plan.rejections()).isEmpty();
    assertThat(plan.matrices()).hasSize(2);
    UpdateSource.Full update = (UpdateSource.Full) plan.matrices().get(0).update();
    assertTwin(update.tuned(), Twins.twin("fp8/blocks").get(Q), Precision.DOUBLE);
  }

  private Rejection onlyRejection(Path checkpoint) throws IOException {
    BasePlan base = plan(checkpoint);
    assertThat(base.rejections()).hasSize(1);
    return base.rejections().get(0);
  }

  @Test
  void aWeightWithoutScalesIsRefused() throws IOException {
    Path unscaled = copy("whole");
    edit(unscaled.resolve(INDEX), "up_proj.weight_scale", "up_proj.lonely_scale");
    edit(unscaled.resolve(SCALES), "up_proj.weight_scale", "up_proj.lonely_scale");

    Rejection rejection = onlyRejection(unscaled);

    assertThat(rejection.code()).isEqualTo(RejectCode.DTYPE_UNSUPPORTED);
    assertThat(rejection.message())
        .isEqualTo(
            "[file:%s] Tensor %s: F8_E4M3 elements count only together with their scales, and there"
                    .formatted(unscaled.resolve(WEIGHTS), UP)
                + " is no layers.0.up_proj.weight_scale_inv or layers.0.up_proj.weight_scale or"
                + " layers.0.up_proj.scale; convert the checkpoint to BF16 first");
  }

  @Test
  void blocksOfUnknownSizeAreRefused() throws IOException {
    Path unknown = copy("large-blocks");
    edit(unknown.resolve("config.json"), "weight_block_size", "weight_other_size");

    assertThatThrownBy(() -> plan(unknown))
        .hasMessageContaining(
            "Tensor layers.0.q_proj.weight_scale_inv: F32 2x1 are no scales for %s of F8_E4M3"
                    .formatted(Q)
                + " 130x3: expected one, or one per row, or one per block of"
                + " quantization_config.weight_block_size, which config.json does not give");
  }

  @Test
  void scalesOfBlocksThatDoNotCoverTheMatrixAreRefused() throws IOException {
    Path wrong = copy("blocks");
    edit(wrong.resolve("config.json"), "4,", "5,");

    Rejection rejection = onlyRejection(wrong);

    assertThat(rejection.code()).isEqualTo(RejectCode.SHAPE_MISMATCH);
    assertThat(rejection.message())
        .endsWith(
            "Tensor layers.0.q_proj.weight_scale_inv: F32 3x3 are no scales for %s of F8_E4M3"
                    .formatted(Q)
                + " 10x20: expected one, or one per row, or one per block of 5x8");
  }

  @Test
  void twoSetsOfScalesAreRefused() throws IOException {
    Path two = copy("whole");
    edit(
        two.resolve(INDEX),
        "\"weight_map\": {",
        "\"weight_map\": {\"%s_scale_inv\": \"more\",".formatted(UP));

    Rejection rejection = plan(two).rejections().get(1);

    assertThat(rejection.code()).isEqualTo(RejectCode.FORMAT_UNSUPPORTED);
    assertThat(rejection.message())
        .endsWith(
            "Tensor %s: which are its scales, %s_scale_inv or %s_scale?".formatted(UP, UP, UP));
  }

  @Test
  void scalesOfThreeDimensionsAreRefused() throws IOException {
    String experts = "model.layers.0.mlp.experts.up_proj";
    SafetensorsFile file = new SafetensorsFile();
    file.add(experts, "F8_E4M3", List.of(2, 2, 2), new byte[8]);
    file.addFloats(experts + "_scale", List.of(2, 1, 1), 1, 2);
    file.addFloats(Q, List.of(1, 2), 1, 2);
    file.write(folder.resolve("experts/model.safetensors"));

    Rejection rejection = onlyRejection(folder.resolve("experts"));

    assertThat(rejection.matrix()).isEqualTo(experts);
    assertThat(rejection.message())
        .endsWith(
            "scales of F8_E4M3 2x2x2 are not supported; convert the checkpoint to BF16 first");
  }

  private static void edit(Path file, String from, String to) throws IOException {
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to), StandardCharsets.ISO_8859_1);
  }
}
