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

  /** Returns how many matrices were compared. */
  private int assertAgrees(
      String base, String merged, boolean transposed, double tolerance, List<Adapter> chain)
      throws IOException {
    Map<String, TensorInfo> baseTensors = tensors(base);
    int compared = 0;
    for (Map.Entry<String, TensorInfo> entry : tensors(merged).entrySet()) {
      String name = entry.getKey();
      if (entry.getValue().shape().size() != 2) {
        continue; // a bias
      }
      MatrixSource weight = MatrixSource.of(baseTensors.get(name), transposed).get(0);
      List<AdapterUpdate> updates = new ArrayList<>();
      for (Adapter adapter : chain) {
        if (adapter.updates().containsKey(name)) {
          updates.add(adapter.updates().get(name).fittedTo(weight));
        }
        for (ParameterLora parameter : adapter.parameters()) {
          parameter.updateOf(name, weight).ifPresent(updates::add);
        }
      }
      if (updates.isEmpty()) {
        continue;
      }
      try (Arena arena = Arena.open()) {
        Matrix expected = read(entry.getValue(), transposed);
        Matrix untuned = reader.read(weight, Precision.DOUBLE);
        Matrix tuned = untuned.copy();
        for (AdapterUpdate update : updates) {
          tuned = update.applyTo(tuned, reader);
        }
        assertThat(difference(tuned, expected)).as(name).isLessThan(tolerance);
        assertThat(difference(untuned, expected)).as(name).isGreaterThan(1e-3);
      }
      compared++;
    }
    return compared;
  }

  private static double difference(Matrix a, Matrix b) {
    return a.copy().plusInPlace(-1, b).maxAbsolute();
  }

  /**
   * The tolerance is 2⁻²², a few roundings of single precision, in which PEFT merges. PiSSA, KaSA
   * and OLoRA have more, since PEFT decomposes the base in single precision, too: its backward
   * error is a small multiple of the rounding of the largest singular value.
   *
   * @param updates how many of the adapter's updates are known without the base
   * @param matrices how many matrices PEFT changed
   * @param bits the tolerance is 2 to the minus this
   */
  @ParameterizedTest
  @CsvSource({
    "llama/lora,6,6,LoRA,22",
    "llama/rslora,6,6,LoRA,22",
    "llama/patterns,8,8,LoRA,22",
    "llama/named,6,6,LoRA,22",
    "llama/all-linear,14,14,LoRA,22",
    "llama/pissa-converted,6,6,LoRA,22",
    "llama/chain/1,4,4,LoRA,22",
    "gpt2/lora,8,8,LoRA,22",
    "gpt2/bias,8,8,LoRA,22",
    "gpt2/lora-bias,8,8,LoRA,22",
    "llama/dora,6,6,DoRA,22",
    "gpt2/dora,8,8,DoRA,22",
    "llama/modules-to-save,7,7,saved module,22",
    "llama/embedding,3,3,LoRA on a saved module,22",
    "qwen3-moe/target-parameters,2,26,LoRA,22",
    "llama/adalora,6,6,AdaLoRA,22",
    "llama/adalora-pruned,6,6,AdaLoRA,22",
    "llama/vera,6,6,VeRA,22",
    "llama/trainable-token-indices,7,7,trained tokens,22",
    "llama/trainable-tokens,1,1,trained tokens,22",
    "llama/pissa,6,6,PiSSA,19",
    "llama/olora,6,6,OLoRA,20",
    "llama/kasa,6,6,KaSA,19",
    "llama/loha,6,6,LoHa,22",
    "llama/lokr,6,6,LoKr,22",
    "llama/lokr-full,6,6,LoKr,22",
    "llama/lokr-decompose-both,6,6,LoKr,22",
    "llama/ia3,6,6,IA3,22",
    "gpt2/ia3,4,4,IA3,22",
    "llama/oft,6,6,OFT,22",
    "llama/oft-cayley,6,6,OFT,22",
    "llama/boft,6,6,BOFT,22",
    "llama/hra,6,6,HRA,22",
    "llama/hira,6,6,HiRA,22",
    "llama/miss,6,6,MiSS,22",
    "llama/c3a,6,6,C3A,22",
    "llama/gralora,6,6,GraLoRA,22",
    "llama/delora,6,6,DeLoRA,22",
    "llama/shira,6,6,SHiRA,22",
    "llama/vblora,6,6,VB-LoRA,22",
    "llama/randlora,6,6,RandLoRA,22",
    "llama/mlx,6,6,LoRA,22",
  })
  void tunedMatricesAgree(String path, int updates, int matrices, String kind, int bits)
      throws IOException {
    Adapter adapter = adapter(path);
    String model = path.substring(0, path.indexOf('/'));

    assertThat(adapter.faults()).isEmpty();
    assertThat(adapter.updates()).hasSize(updates);
    assertThat(adapter.updates().values()).extracting(AdapterUpdate::kind).contains(kind);
    assertThat(
            assertAgrees(
                model + "/base",
                path + "/merged.safetensors",
                model.equals("gpt2"),
                Math.scalb(1.0, -bits),
                List.of(adapter)))
        .isEqualTo(matrices);
  }

  /** Kohya's files name no base tensor, so the name they must have is made here. */
  @ParameterizedTest
  @CsvSource({
    "kohya-lora,kohya LoRA",
    "kohya-loha,LoHa",
    "kohya-lokr,LoKr",
    "kohya-lokr-both,LoKr",
    "kohya-lokr-full,LoKr"
  })
  void tunedMatricesOfKohyasFilesAgreeWithWhatLycorisMerges(String path, String kind)
      throws IOException {
    Adapter adapter = adapter("llama/%s/adapter/%s.safetensors".formatted(path, path));
    Map<String, TensorInfo> base = tensors("llama/base");
    Map<String, TensorInfo> merged = tensors("llama/" + path + "/merged.safetensors");

    assertThat(adapter.faults()).isEmpty();
    assertThat(adapter.updates()).hasSameSizeAs(merged).hasSize(15);
    for (Map.Entry<String, TensorInfo> entry : merged.entrySet()) {
      try (Arena arena = Arena.open()) {
        String module = entry.getKey().replaceFirst("\\.weight$", "");
        AdapterUpdate update =
            adapter.updates().get("lora_te_" + module.replace('.', '_') + ".weight");
        assertThat(update.kind()).isEqualTo(kind);
        TensorInfo weight = base.get(entry.getKey());
        Matrix tuned =
            update
                .fittedTo(MatrixSource.of(weight, false).get(0))
                .applyTo(read(weight, false), reader);
        assertThat(tuned.plusInPlace(-1, read(entry.getValue(), false)).maxAbsolute())
            .as(entry.getKey())
            .isLessThan(FLOAT_ROUNDING);
      }
    }
  }

  @Test
  void aChainOfAdaptersAgrees() throws IOException {
    List<Adapter> chain = List.of(adapter("llama/chain/1"), adapter("llama/chain/2"));

    assertThat(
            assertAgrees(
                "llama/base", "llama/chain/2/merged.safetensors", false, FLOAT_ROUNDING, chain))
        .isEqualTo(6);
  }

  /** PEFT merged one after the other; the multiplicative ones see what those before them made. */
  @Test
  void aChainOfDifferentKindsAgrees() throws IOException {
    List<Adapter> chain = new ArrayList<>();
    for (String link : List.of("1-lora", "2-ia3", "3-loha", "4-dora")) {
      chain.add(adapter("llama/mixed/" + link));
      assertThat(
              assertAgrees(
                  "llama/base",
                  "llama/mixed/" + link + "/merged.safetensors",
                  false,
                  FLOAT_ROUNDING,
                  chain))
          .as(link)
          .isEqualTo(link.equals("1-lora") ? 4 : 6);
    }
  }

  @Test
  void veraWithoutItsRandomMatricesIsRefusedByModule() throws IOException {
    Adapter adapter = adapter("llama/vera-without-projection");

    assertThat(adapter.updates()).isEmpty();
    assertThat(adapter.faults())
        .hasSize(6)
        .allSatisfy(
            fault -> {
              assertThat(fault.error().code()).isEqualTo(RejectCode.ADAPTER_UNSUPPORTED);
              assertThat(fault.error().getMessage())
                  .endsWith(
                      "the random matrices it scales, vera_A and vera_B, are not in the file; save"
                          + " the adapter once more with save_projection=True");
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "llama/alora alora_invocation_tokens",
        "llama/bd-lora use_bdlora",
        "llama/fourierft peft_type",
        "llama/prompt-tuning peft_type",
        "llama/waveft peft_type"
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
