package io.github.intruders.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.checkpoint.Checkpoint;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Base and updates as read here against the weights that PEFT itself merged. */
class PeftAgreementTest {
  /** Two units in the last place of a float near 1, as the fixtures' weights are. */
  private static final double FLOAT_ROUNDING = 0x1p-22;

  private final Storage storage = new HadoopStorage(new Configuration());
  private final TensorReader reader = new TensorReader(storage);

  private static Path fixtures() {
    try {
      return Path.of(
          Objects.requireNonNull(PeftAgreementTest.class.getResource("/fixtures/peft")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private Adapter adapter(String path) throws IOException {
    return Adapter.open(storage, fixtures().resolve(path).toString());
  }

  private Map<String, TensorInfo> tensors(String path) throws IOException {
    return Checkpoint.open(storage, fixtures().resolve(path).toString()).tensors();
  }

  private Matrix read(TensorInfo tensor, boolean transposed) throws IOException {
    return reader.read(MatrixSource.of(tensor, transposed).get(0), Precision.DOUBLE);
  }

  /** Returns how many tensors were compared. */
  private int assertAgrees(String base, String merged, boolean transposed, List<Adapter> chain)
      throws IOException {
    Map<String, TensorInfo> baseTensors = tensors(base);
    int compared = 0;
    for (Map.Entry<String, TensorInfo> entry : tensors(merged).entrySet()) {
      String name = entry.getKey();
      List<LowRankSource> updates = new ArrayList<>();
      for (Adapter adapter : chain) {
        if (adapter.updates().containsKey(name)) {
          updates.add(adapter.updates().get(name));
        }
      }
      if (updates.isEmpty()) {
        continue;
      }
      try (Arena arena = Arena.open()) {
        Matrix expected = read(entry.getValue(), transposed);
        Matrix tuned = read(baseTensors.get(name), transposed);
        Matrix untuned = tuned.copy();
        for (LowRankSource update : updates) {
          assertThat(update.transposed()).isEqualTo(transposed);
          Matrix b = reader.read(update.b(), Precision.DOUBLE);
          tuned.plusProductInPlace(update.scale(), b, reader.read(update.a(), Precision.DOUBLE));
        }
        assertThat(difference(tuned, expected)).as(name).isLessThan(FLOAT_ROUNDING);
        assertThat(difference(untuned, expected)).as(name).isGreaterThan(1e-3);
      }
      compared++;
    }
    return compared;
  }

  private static double difference(Matrix a, Matrix b) {
    return a.copy().plusInPlace(-1, b).maxAbsolute();
  }

  @ParameterizedTest
  @CsvSource({
    "llama/lora,6",
    "llama/rslora,6",
    "llama/patterns,8",
    "llama/named,6",
    "llama/all-linear,14",
    "llama/pissa-converted,6",
    "llama/chain/1,4"
  })
  void updatesAgree(String path, int tensors) throws IOException {
    Adapter adapter = adapter(path);

    assertThat(adapter.faults()).isEmpty();
    assertThat(adapter.updates()).hasSize(tensors);
    assertThat(assertAgrees("llama/base", path + "/merged.safetensors", false, List.of(adapter)))
        .isEqualTo(tensors);
  }

  @Test
  void aChainOfAdaptersAgrees() throws IOException {
    List<Adapter> chain = List.of(adapter("llama/chain/1"), adapter("llama/chain/2"));

    assertThat(assertAgrees("llama/base", "llama/chain/2/merged.safetensors", false, chain))
        .isEqualTo(6);
  }

  @Test
  void updatesOfTransposedWeightsAgree() throws IOException {
    Adapter adapter = adapter("gpt2/lora");

    assertThat(adapter.fanInFanOut()).isTrue();
    assertThat(adapter.faults()).isEmpty();
    assertThat(assertAgrees("gpt2/base", "gpt2/lora/merged.safetensors", true, List.of(adapter)))
        .isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource({
    "llama/embedding,model.embed_tokens.weight,2,3",
    "llama/modules-to-save,lm_head.weight,6,1",
    "llama/trainable-token-indices,model.embed_tokens.weight,6,1"
  })
  void modulesBesideAnUnsupportedOneAgree(String path, String unsupported, int tensors, int faults)
      throws IOException {
    Adapter adapter = adapter(path);

    assertThat(adapter.faults())
        .hasSize(faults)
        .allSatisfy(
            fault -> {
              assertThat(fault.baseTensor()).isEqualTo(unsupported);
              assertThat(fault.error().code()).isEqualTo(RejectCode.ADAPTER_UNSUPPORTED);
            });
    assertThat(assertAgrees("llama/base", path + "/merged.safetensors", false, List.of(adapter)))
        .isEqualTo(tensors);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "gpt2/bias bias",
        "gpt2/dora use_dora",
        "gpt2/ia3 peft_type",
        "gpt2/lora-bias lora_bias",
        "llama/adalora peft_type",
        "llama/adalora-pruned peft_type",
        "llama/alora alora_invocation_tokens",
        "llama/bd-lora use_bdlora",
        "llama/boft peft_type",
        "llama/c3a peft_type",
        "llama/delora peft_type",
        "llama/dora use_dora",
        "llama/fourierft peft_type",
        "llama/gralora peft_type",
        "llama/hira peft_type",
        "llama/hra peft_type",
        "llama/ia3 peft_type",
        "llama/kasa kasa_config",
        "llama/loha peft_type",
        "llama/lokr peft_type",
        "llama/lokr-decompose-both peft_type",
        "llama/lokr-full peft_type",
        "llama/lora-bias lora_bias",
        "llama/miss peft_type",
        "llama/oft peft_type",
        "llama/oft-cayley peft_type",
        "llama/olora init_lora_weights",
        "llama/pissa init_lora_weights",
        "llama/prompt-tuning peft_type",
        "llama/randlora peft_type",
        "llama/shira peft_type",
        "llama/trainable-tokens peft_type",
        "llama/vblora peft_type",
        "llama/vera peft_type",
        "llama/vera-without-projection peft_type",
        "llama/waveft peft_type",
        "qwen3-moe/target-parameters target_parameters"
      })
  void whatIsNotPlainLoraIsRefusedByName(String path, String option) {
    UserInputException refusal =
        catchThrowableOfType(UserInputException.class, () -> adapter(path));

    assertThat(refusal).isNotNull();
    assertThat(refusal.code()).isEqualTo(RejectCode.ADAPTER_UNSUPPORTED);
    assertThat(refusal.getMessage())
        .startsWith(
            "[file:%s/adapter_config.json] %s = ".formatted(fixtures().resolve(path), option))
        .contains(" is not supported: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama/named", "llama/lora", "gpt2/dora"})
  void adaptersAreToldFromCheckpoints(String path) throws IOException {
    assertThat(Adapter.isAdapter(storage, fixtures().resolve(path).toString())).isTrue();
    assertThat(Adapter.isAdapter(storage, fixtures().resolve("llama/base").toString())).isFalse();
  }
}
