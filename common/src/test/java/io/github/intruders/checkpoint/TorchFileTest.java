package io.github.intruders.checkpoint;

import static io.github.intruders.checkpoint.Twins.STORAGE;
import static io.github.intruders.checkpoint.Twins.fixture;
import static io.github.intruders.checkpoint.Twins.twin;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What torch wrote is found where torch finds it. */
class TorchFileTest {
  private static Checkpoint open(String name) throws IOException {
    return Checkpoint.open(STORAGE, fixture(name).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch/types.bin",
        "torch/views.pt",
        "torch/module.pth",
        "torch/nested-state_dict.pt",
        "torch/nested-model.pt",
        "torch/nanogpt.pt",
        "torch/lightning.ckpt",
        "torch/sharded"
      })
  void everyTensorIsTheTwins(String name) throws IOException {
    Checkpoint checkpoint = open(name);

    assertThat(checkpoint.faults()).isEmpty();
    Twins.assertSame(checkpoint.tensors(), twin(name));
  }

  @Test
  void onlyTheDirectoryAndThePickleAreRead() throws IOException {
    CountingStorage counting = new CountingStorage(STORAGE);

    Checkpoint checkpoint = Checkpoint.open(counting, fixture("torch/module.pth").toString());

    assertThat(checkpoint.tensors()).hasSize(2);
    assertThat(counting.requests()).isLessThan(15);
  }

  @Test
  void aTransposedMatrixIsStoredByColumns() throws IOException {
    assertThat(open("torch/views.pt").tensors().values())
        .filteredOn(TensorInfo::byColumns)
        .extracting(TensorInfo::name)
        .containsExactly("half-transposed.weight", "transposed.weight");
  }

  @Test
  void tensorsMayShareAStorage() throws IOException {
    Checkpoint checkpoint = open("torch/views.pt");

    long whole = checkpoint.tensors().get("whole.weight").offset();
    assertThat(checkpoint.tensors().get("tied.weight").offset()).isEqualTo(whole);
    assertThat(checkpoint.tensors().get("rows.weight").offset()).isEqualTo(whole + 2 * 5 * 4);
  }

  @Test
  void aViewWithStepsIsRefusedAloneAndByName() throws IOException {
    Checkpoint checkpoint = open("torch/steps.pt");

    assertThat(checkpoint.tensors()).containsOnlyKeys("good.weight");
    assertThat(checkpoint.unusable())
        .containsOnlyKeys(
            "columns.weight", "every-second.weight", "expanded.weight", "turned.experts");
    assertThat(checkpoint.unusable().get("every-second.weight"))
        .hasMessage(
            "[file:%s] Tensor every-second.weight: is a view with steps, shape [3, 5] and strides"
                    .formatted(fixture("torch/steps.pt"))
                + " [10, 1]; save it with .contiguous()");
    assertThat(checkpoint.faults()).hasSize(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          legacy.bin | FORMAT_UNSUPPORTED | This is a pickle without the ZIP archive that torch.save has written since PyTorch 1.6; write it anew: torch.save(torch.load(FILE, weights_only=True), FILE)
          whole-model.pt | CODE_REFUSED | The pickle names __main__.Model, which no tensor is made of; nothing was run; save the state dict alone with torch.save(model.state_dict(), FILE), or as safetensors
          sparse.pt | CODE_REFUSED | The pickle names torch._utils._rebuild_sparse_tensor, which no tensor is made of; nothing was run; save the state dict alone with torch.save(model.state_dict(), FILE), or as safetensors
          protocol-4.pt | FORMAT_UNSUPPORTED | Expected pickle protocol 2, as torch.save writes by default, found 4; save the state dict alone with torch.save(model.state_dict(), FILE), or as safetensors
          ambiguous.pt | FORMAT_UNSUPPORTED | Which state dict is meant? There are tensors in "state_dict" and "model"; save the state dict alone with torch.save(model.state_dict(), FILE), or as safetensors
          """)
  void whatIsNoPlainStateDictIsRefusedWithARemedy(String name, RejectCode code, String message) {
    UserInputException refusal =
        catchThrowableOfType(UserInputException.class, () -> open("torch/" + name));

    assertThat(refusal).hasMessage("[file:%s] %s".formatted(fixture("torch/" + name), message));
    assertThat(refusal.code()).isEqualTo(code);
  }

  @Test
  void aRootWithMatricesOfItsOwnBesideAStateDictIsAmbiguous() {
    byte[] pickle =
        new TorchZip.Pickle()
            .op('}', '(')
            .text("model")
            .op('}')
            .text("w")
            .tensor("0", 4, 0, List.of(2, 2), 2, 1)
            .op('s')
            .text("head")
            .tensor("0", 4, 0, List.of(2, 2), 2, 1)
            .op('u')
            .end();

    UserInputException refusal =
        catchThrowableOfType(
            UserInputException.class,
            () -> TensorFile.read(new BytesSource("memory:/m.pt", TorchZip.of(pickle, 16))));

    assertThat(refusal)
        .hasMessageContaining(
            "Which state dict is meant? There are tensors in the root and \"model\"");
  }

  private static byte[] damaged(String fixture, long at) throws IOException {
    byte[] bytes = Files.readAllBytes(fixture(fixture));
    bytes[Math.toIntExact(at)] ^= 1;
    return bytes;
  }

  @Test
  void aDamagedStorageIsRefusedWhenATensorOfItIsRead() throws IOException {
    TensorInfo tensor = open("torch/module.pth").tensors().get("linear.weight");
    byte[] file = damaged("torch/module.pth", tensor.offset() + tensor.lengthBytes() - 4);
    Storage storage = new MemoryStorage(Map.of("module.pth", file));
    TensorInfo found =
        Checkpoint.open(storage, MemoryStorage.FOLDER).tensors().get("linear.weight");

    try (Arena arena = Arena.open()) {
      UserInputException refusal =
          catchThrowableOfType(
              UserInputException.class,
              () ->
                  new TensorReader(storage)
                      .read(MatrixSource.of(found, false).get(0), Precision.DOUBLE));
      assertThat(refusal.code()).isEqualTo(RejectCode.CHECKSUM_WRONG);
      assertThat(refusal.getMessage())
          .matches(
              "\\[memory:/folder/module.pth] Tensor linear.weight: record module/data/\\d of the"
                  + " archive is damaged: expected CRC-32 [0-9a-f]{8}, found [0-9a-f]{8}; copy or"
                  + " save the file again");
    }
  }

  @Test
  void aDamagedPickleIsRefusedAtOnce() throws IOException {
    byte[] bytes = Files.readAllBytes(fixture("torch/module.pth"));
    int name = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("linear.weight");
    byte[] file = damaged("torch/module.pth", name); // still a good pickle, of another name
    Storage storage = new MemoryStorage(Map.of("module.pth", file));

    UserInputException refusal =
        catchThrowableOfType(
            UserInputException.class, () -> Checkpoint.open(storage, MemoryStorage.FOLDER));

    assertThat(refusal.code()).isEqualTo(RejectCode.CHECKSUM_WRONG);
    assertThat(refusal.getMessage())
        .startsWith(
            "[memory:/folder/module.pth] record module/data.pkl of the archive is damaged:");
  }

  @Test
  void theSumIsKnownOfATensorThatIsAllOfItsStorage() throws IOException {
    assertThat(open("torch/views.pt").tensors().values())
        .filteredOn(tensor -> tensor.checksum() != null)
        .extracting(TensorInfo::name)
        .contains("transposed.weight", "whole.weight")
        .doesNotContain("rows.weight");
  }
}
