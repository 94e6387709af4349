package io.github.intruders.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the weights lie in what people name, and what is said where they don't. */
class WeightsFolderTest {
  private static final String Q = "layers.0.attention.wq.weight";

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());

  private Checkpoint open(String name) throws IOException {
    return Checkpoint.open(storage, folder.resolve(name).toString());
  }

  private String uri(String name) {
    return "file:" + folder.resolve(name);
  }

  /** A file of weights: safetensors, or what torch writes. */
  private void weights(String name, int rows, int cols) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    if (name.endsWith(".safetensors")) {
      new SafetensorsFile().addFloats(Q, List.of(rows, cols), new float[rows * cols]).write(file);
      return;
    }
    byte[] pickle =
        new TorchZip.Pickle()
            .op('}')
            .text(Q)
            .tensor("0", rows * cols, 0, List.of(rows, cols), cols, 1)
            .op('s')
            .end();
    Files.write(file, TorchZip.of(pickle, rows * cols * Float.BYTES));
  }

  private void touch(String name) throws IOException {
    Files.createDirectories(folder.resolve(name).getParent());
    Files.createFile(folder.resolve(name));
  }

  private UserInputException refusal(String name) {
    UserInputException refusal = catchThrowableOfType(UserInputException.class, () -> open(name));
    assertThat(refusal).describedAs("of %s", name).isNotNull();
    return refusal;
  }

  // ---- parts of matrices

  @ParameterizedTest
  @CsvSource({
    "consolidated.00.pth, consolidated.01.pth, convert_llama_weights_to_hf.py",
    "mp_rank_00_model_states.pt, mp_rank_01_model_states.pt, Hugging Face format",
    "zero_pp_rank_0_mp_rank_00_model_states.pt, zero_pp_rank_1_mp_rank_00_model_states.pt, zero_to_fp32.py",
    "checkpoint_last-model_part-0.pt, checkpoint_last-model_part-1.pt, reshard_mp",
    "layer_03-model_00-model_states.pt, layer_03-model_01-model_states.pt, convert_neox_to_hf.py",
    "model-rank-0-part-0.safetensors, model-rank-1-part-0.safetensors, the tool that wrote them",
    "rank0.safetensors, rank1.safetensors, the tool that wrote them",
    "tp_00_00.pt, tp_01_00.pt, the tool that wrote them",
  })
  void partsOfOneModelAreRefusedTogetherAndOneByOne(String first, String second, String remedy)
      throws IOException {
    weights("m/" + first, 4, 4);
    weights("m/" + second, 4, 4);

    for (String named : List.of("m", "m/" + first, "m/" + second)) {
      UserInputException refusal = refusal(named);
      assertThat(refusal)
          .hasMessageStartingWith("[%s] %s, %s: ".formatted(uri(named), first, second))
          .hasMessageContaining("in which each matrix is cut into pieces")
          .hasMessageContaining(remedy);
      assertThat(refusal.code()).isEqualTo(RejectCode.FORMAT_UNSUPPORTED);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "consolidated.01.pth",
        "mp_rank_01_model_states.pt",
        "zero_pp_rank_0_mp_rank_00_model_states.pt",
        "tp_rank_01/model_weights.ckpt",
        "mp_rank_01/model_optim_rng.pt",
      })
  void aPartIsRefusedAlsoWhereTheOthersAreMissing(String name) throws IOException {
    weights("m/" + name, 4, 4);

    assertThat(refusal("m/" + name)).hasMessageContaining("join them with");
  }

  @Test
  void foldersOfRanksArePartsToo() throws IOException {
    weights("iter_1/mp_rank_00/model_optim_rng.pt", 4, 4);
    weights("iter_1/mp_rank_01/model_optim_rng.pt", 4, 4);

    for (String named :
        List.of("iter_1", "iter_1/mp_rank_00", "iter_1/mp_rank_00/model_optim_rng.pt")) {
      assertThat(refusal(named)).hasMessageContaining("parts of Megatron");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "consolidated.00.pth",
        "mp_rank_00_model_states.pt",
        "mp_rank_00/model.pt",
        "rank_8.pt",
        "lora-rank-16.safetensors",
        "model-tp2.safetensors",
        "run-tp2/model.safetensors",
      })
  void theOnlyPartAndOtherNumbersAreWhole(String name) throws IOException {
    weights("m/" + name, 4, 4);

    assertThat(open("m/" + name).tensors()).containsOnlyKeys(Q);
  }

  @Test
  void numbersThatDoNotBeginAtZeroAreNoRanksOfOneModel() throws IOException {
    weights("m/lora-rank-8.safetensors", 4, 4);
    weights("m/lora-rank-16.safetensors", 4, 4);

    assertThat(open("m/lora-rank-8.safetensors").tensors()).containsOnlyKeys(Q);
    assertThat(refusal("m"))
        .hasMessageContaining(
            "Which of these files is meant? lora-rank-16.safetensors, lora-rank-8.safetensors");
  }

  @ParameterizedTest
  @CsvSource({"2, 4", "4, 2"})
  void oneOfMetasPartsIsKnownByItsShape(int rows, int cols) throws IOException {
    weights("m/consolidated.00.pth", rows, cols);

    assertThat(refusal("m"))
        .hasMessageStartingWith(
            "[%s] Tensor %s: F32 %dx%d does not have as many outputs as inputs, so this is one of several"
                .formatted(uri("m/consolidated.00.pth"), Q, rows, cols));
  }

  // ---- one level down

  @ParameterizedTest
  @CsvSource({
    "run, checkpoint-500/model.safetensors",
    "model, model/pytorch_model.bin", // MLflow
    "run, final/weights.safetensors",
    "models--x--y, snapshots/0123abc/model.safetensors",
  })
  void theOneModelOneLevelDownIsRead(String named, String file) throws IOException {
    weights(named + "/" + file, 4, 4);
    Files.createDirectories(folder.resolve(named).resolve("logs"));
    Files.createDirectories(folder.resolve(named).resolve("refs"));
    touch(named + "/rng_state_0.pth");

    Checkpoint checkpoint = open(named);

    assertThat(checkpoint.tensors()).containsOnlyKeys(Q);
    assertThat(checkpoint.uri())
        .isEqualTo(uri(named + "/" + file.substring(0, file.lastIndexOf('/'))));
  }

  @Test
  void severalModelsOneLevelDownAreNamed() throws IOException {
    weights("run/checkpoint-500/model.safetensors", 4, 4);
    weights("run/checkpoint-1000/model.safetensors", 4, 4);

    assertThat(refusal("run"))
        .hasMessage(
            "[%s] Which of these checkpoints is meant? checkpoint-1000, checkpoint-500; name the"
                    .formatted(uri("run"))
                + " folder of one of them");
  }

  @Test
  void theSnapshotThatTheHubsClientMeansIsRead() throws IOException {
    weights("models--x--y/snapshots/aaa/model.safetensors", 4, 4);
    weights("models--x--y/snapshots/bbb/model.safetensors", 2, 4);
    Files.createDirectories(folder.resolve("models--x--y/blobs"));

    assertThat(refusal("models--x--y"))
        .hasMessageContaining("Which snapshot of the hub's cache is meant? aaa, bbb; name");
    Files.createDirectories(folder.resolve("models--x--y/refs"));
    Files.writeString(folder.resolve("models--x--y/refs/main"), "bbb");
    assertThat(open("models--x--y").tensors().get(Q).shape()).containsExactly(2L, 4L);
  }

  // ---- folders without weights

  @ParameterizedTest
  @CsvSource({
    "global_step500/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt, zero_to_fp32.py",
    "zero_to_fp32.py, zero_to_fp32.py",
    "pytorch_model_fsdp_0/__0_0.distcp, accelerate merge-weights",
    "__0_0.distcp, dcp_to_torch",
    "latest_checkpointed_iteration.txt, Megatron Bridge",
    "model_weights/common.pt.x, NeMo",
    "chat.nemo, NeMo",
    "_CHECKPOINT_METADATA, Orbax",
    "model.ckpt.index, TensorFlow",
  })
  void aFolderOfAToolNamesWhatGathersIt(String file, String remedy) throws IOException {
    touch("run/" + file);

    UserInputException refusal = refusal("run");

    assertThat(refusal)
        .hasMessageStartingWith("[%s] No complete model here: judging by ".formatted(uri("run")))
        .hasMessageContaining(remedy);
    assertThat(refusal.code()).isEqualTo(RejectCode.FORMAT_UNSUPPORTED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rng_state_0.pth",
        "rng_state.pth",
        "optimizer.pt",
        "optimizer_0.bin",
        "scheduler.pt",
        "scaler.pt",
        "training_args.bin",
        "random_states_0.pkl",
        "sampler.bin",
      })
  void theStateOfATrainingIsNotTakenForAModel(String name) throws IOException {
    weights("run/" + name, 4, 4);

    assertThat(refusal("run").code()).isIn(RejectCode.EMPTY_FOLDER, RejectCode.FORMAT_UNSUPPORTED);
    assertThat(refusal("run/" + name))
        .hasMessage(
            "[%s] This is a part of the state of a training, not weights; name the model's file or"
                    .formatted(uri("run/" + name))
                + " folder");
    weights("run/final.pt", 4, 4);
    assertThat(open("run").tensors()).containsOnlyKeys(Q);
  }

  @Test
  void hiddenFilesAreCountedAndSaid() throws IOException {
    touch("run/.model.safetensors");
    touch("run/._model.safetensors");

    assertThat(refusal("run"))
        .hasMessageEndingWith(
            "found no files; 2 hidden files left out: ._model.safetensors, .model.safetensors");
    weights("run/.hidden.safetensors", 4, 4);
    assertThat(open("run/.hidden.safetensors").tensors()).containsOnlyKeys(Q);
  }
}
