package io.github.intruders.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.checkpoint.CountingStorage;
import io.github.intruders.checkpoint.DType;
import io.github.intruders.checkpoint.SafetensorsFile;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.TensorInfo;
import io.github.intruders.checkpoint.TensorReader;
import io.github.intruders.checkpoint.Twins;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.linalg.Arena;
import io.github.intruders.linalg.Matrix;
import io.github.intruders.linalg.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterTest {
  private static final String Q = "base_model.model.layers.0.q_proj.";

  @TempDir Path folder;
  private final Storage storage = new HadoopStorage(new Configuration());
  private final Map<String, String> config = new LinkedHashMap<>();
  private final SafetensorsFile weights = new SafetensorsFile();

  @BeforeEach
  void startFromAnOrdinaryConfig() {
    config.put("peft_type", "\"LORA\"");
    config.put("r", "2");
    config.put("lora_alpha", "16");
    config.put("target_modules", "[\"q_proj\"]");
  }

  private void write(Path into) throws IOException {
    weights.write(into.resolve("adapter_model.safetensors"));
    String json =
        config.entrySet().stream()
            .map(field -> "\"%s\": %s".formatted(field.getKey(), field.getValue()))
            .collect(Collectors.joining(",\n", "{\n", "\n}"));
    Files.writeString(into.resolve("adapter_config.json"), json);
  }

  private Adapter open() throws IOException {
    write(folder);
    return Adapter.open(storage, folder.toString());
  }

  private void addFactors(String module, int rank) {
    String prefix = "base_model.model." + module;
    weights.addFloats(prefix + ".lora_A.weight", List.of(rank, 3), new float[rank * 3]);
    weights.addFloats(prefix + ".lora_B.weight", List.of(4, rank), new float[4 * rank]);
  }

  private static double scale(Adapter adapter, String module) {
    return ((LowRankSource) adapter.updates().get(module + ".weight")).scale();
  }

  private String configUri() {
    return "file:" + folder.resolve("adapter_config.json");
  }

  private String weightsUri() {
    return "file:" + folder.resolve("adapter_model.safetensors");
  }

  private void assertRefused(RejectCode code, String message) throws IOException {
    write(folder);
    assertRefused(folder, code, message);
  }

  private void assertRefused(Path adapter, RejectCode code, String message) {
    UserInputException refusal =
        catchThrowableOfType(
            UserInputException.class, () -> Adapter.open(storage, adapter.toString()));
    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage()).isEqualTo(message);
    assertThat(refusal.code()).isEqualTo(code);
  }

  private void assertFault(String baseTensor, RejectCode code, String message) throws IOException {
    Adapter adapter = open();
    assertThat(adapter.faults()).hasSize(1);
    Adapter.Fault fault = adapter.faults().get(0);
    assertThat(fault.baseTensor()).isEqualTo(baseTensor);
    assertThat(fault.error().getMessage()).isEqualTo(message);
    assertThat(fault.error().code()).isEqualTo(code);
    if (baseTensor != null) {
      assertThat(adapter.updates()).doesNotContainKey(baseTensor);
    }
  }

  // ---- what is understood

  @ParameterizedTest
  @CsvSource({"lora-r1,1", "lora-r8,8", "lora-r32,32"})
  void theZoosAdaptersAreRead(String sequence, int rank) throws IOException {
    CountingStorage counting = new CountingStorage(storage);
    Path path = Path.of(System.getProperty("zoo"), sequence, "1-python");

    Adapter adapter = Adapter.open(counting, path.toString());

    assertThat(adapter.uri()).isEqualTo("file:" + path.toAbsolutePath().normalize());
    assertThat(adapter.faults()).isEmpty();
    assertThat(adapter.fanInFanOut()).isFalse();
    assertThat(adapter.tensors()).hasSize(56);
    assertThat(adapter.updates()).hasSize(28);
    assertThat(List.copyOf(adapter.updates().keySet())).isSorted();
    LowRankSource update =
        (LowRankSource) adapter.updates().get("model.layers.2.mlp.down_proj.weight");
    assertThat(update.scale()).isEqualTo(2.0);
    assertThat(update.rank()).isEqualTo(rank);
    assertThat(update.a().rows()).isEqualTo(rank);
    assertThat(update.a().cols()).isEqualTo(384);
    assertThat(update.b().rows()).isEqualTo(128);
    assertThat(update.b().cols()).isEqualTo(rank);
    assertThat(counting.bytesRead())
        .as("the config, the header, and no more than 4 KB of each tensor")
        .isLessThan(20_000 + 56 * 4096);
  }

  @Test
  void theScaleIsAlphaOverRank() throws IOException {
    addFactors("layers.0.q_proj", 2);

    LowRankSource update = (LowRankSource) open().updates().get("layers.0.q_proj.weight");

    assertThat(update.scale()).isEqualTo(8.0);
    assertThat(update.baseTensor()).isEqualTo("layers.0.q_proj.weight");
    assertThat(update.transposed()).isFalse();
  }

  @Test
  void rankStabilisedScaleIsAlphaOverTheRootOfTheRank() throws IOException {
    config.put("use_rslora", "true");
    config.put("lora_alpha", "2.5");
    addFactors("layers.0.q_proj", 2);

    assertThat(scale(open(), "layers.0.q_proj")).isEqualTo(2.5 / Math.sqrt(2));
  }

  @Test
  void fanInFanOutIsPassedOn() throws IOException {
    config.put("fan_in_fan_out", "true");
    addFactors("h.0.attn.c_attn", 2);

    Adapter adapter = open();

    assertThat(adapter.fanInFanOut()).isTrue();
    LowRankSource update = (LowRankSource) adapter.updates().get("h.0.attn.c_attn.weight");
    assertThat(update.transposed()).isTrue();
    assertThat(update.a().transposed()).isFalse();
  }

  @Test
  void patternsGiveModulesRanksAndAlphasOfTheirOwn() throws IOException {
    config.put("rank_pattern", "{\"^layers\\\\.0\\\\.q_proj\": 3, \"q_proj\": 5, \"k\": 7}");
    config.put("alpha_pattern", "{\"1.q_proj\": 50, \"^q_proj\": 1000, \"(v|o)_proj\": 1.5}");
    addFactors("layers.0.q_proj", 3);
    addFactors("layers.1.q_proj", 5);
    addFactors("layers.0.k_proj", 2);
    addFactors("layers.0.o_proj", 2);

    Adapter adapter = open();

    assertThat(adapter.faults()).isEmpty();
    assertThat(scale(adapter, "layers.0.q_proj")).isEqualTo(16.0 / 3);
    assertThat(scale(adapter, "layers.1.q_proj")).isEqualTo(10.0);
    assertThat(scale(adapter, "layers.0.k_proj")).isEqualTo(8.0);
    assertThat(scale(adapter, "layers.0.o_proj")).isEqualTo(0.75);
  }

  @Test
  void namesWithTheAdapterInThemAreUnderstood() throws IOException {
    weights.addFloats(Q + "lora_A.default.weight", List.of(2, 3), new float[6]);
    weights.addFloats(Q + "lora_B.default.weight", List.of(4, 2), new float[8]);

    assertThat(open().updates()).containsOnlyKeys("layers.0.q_proj.weight");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "true",
        "false",
        "null",
        "\"gaussian\"",
        "\"Gaussian\"",
        "\"eva\"",
        "\"orthogonal\"",
        "\"mica\""
      })
  void initialisationsThatLeaveTheBaseAloneAreAccepted(String init) throws IOException {
    config.put("init_lora_weights", init);
    config.put("eva_config", "{\"rho\": 2.0}");
    config.put("corda_config", "{\"corda_method\": \"ipm\"}");
    addFactors("layers.0.q_proj", 2);

    assertThat(open().updates()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "false", "[]", "{}"})
  void optionsThatAreSwitchedOffAreAccepted(String value) throws IOException {
    for (String option :
        List.of("use_dora", "target_parameters", "layer_replication", "an_option_of_tomorrow")) {
      config.put(option, value);
    }
    config.put("bias", "\"none\"");
    addFactors("layers.0.q_proj", 2);

    assertThat(open().updates()).hasSize(1);
  }

  @Test
  void optionsThatChooseWhereToTrainOrOnlyInformAreAccepted() throws IOException {
    config.put("layers_to_transform", "[0, 1]");
    config.put("layers_pattern", "\"layers\"");
    config.put("exclude_modules", "\"lm_head\"");
    config.put("modules_to_save", "[\"classifier\", \"score\"]");
    config.put("lora_dropout", "0.1");
    config.put("task_type", "\"SEQ_CLS\"");
    config.put("base_model_name_or_path", "\"base\"");
    config.put("megatron_core", "\"megatron.core\"");
    config.put("qalora_group_size", "16");
    config.put("peft_version", "\"0.21.0\"");
    addFactors("layers.0.q_proj", 2);

    assertThat(open().faults()).isEmpty();
  }

  // ---- folders

  @Test
  void aNamedAdapterLiesInASubFolder() throws IOException {
    addFactors("layers.0.q_proj", 2);
    Files.createDirectory(folder.resolve("logs"));
    write(folder.resolve("sentiment"));

    assertThat(Adapter.isAdapter(storage, folder.toString())).isTrue();
    assertThat(Adapter.open(storage, folder.toString()).uri())
        .isEqualTo("file:" + folder.resolve("sentiment"));
  }

  @Test
  void severalNamedAdaptersAreRefused() throws IOException {
    write(folder.resolve("sentiment"));
    write(folder.resolve("poetry"));
    String message =
        "[file:%s] Which of these adapters is meant? poetry, sentiment; name the folder of one of"
                .formatted(folder)
            + " them";

    assertRefused(folder, RejectCode.ADAPTER_INVALID, message);
    assertThat(
            catchThrowableOfType(
                UserInputException.class, () -> Adapter.isAdapter(storage, folder.toString())))
        .hasMessage(message);
  }

  @Test
  void aCheckpointIsNoAdapterWhateverItsSubFoldersAre() throws IOException {
    write(folder.resolve("adapter"));
    Files.writeString(folder.resolve("model.safetensors"), "");

    assertThat(Adapter.isAdapter(storage, folder.toString())).isFalse();
    assertRefused(
        folder,
        RejectCode.EMPTY_FOLDER,
        "[file:%s] No adapter here: expected a folder with adapter_config.json".formatted(folder));
  }

  @Test
  void whatIsNotAFolderIsNoAdapter() throws IOException {
    assertThat(Adapter.isAdapter(storage, folder.toString())).isFalse();
    assertThat(Adapter.isAdapter(storage, folder.resolve("nowhere").toString())).isFalse();
    assertThat(Adapter.isAdapter(storage, System.getProperty("zoo") + "/base")).isFalse();
    assertRefused(
        folder.resolve("nowhere"),
        RejectCode.NOT_FOUND,
        "[file:%s] No such file or folder".formatted(folder.resolve("nowhere")));
  }

  @Test
  void pickledWeightsAreReadAsTheirTwins() throws Exception {
    Path fixtures = Path.of(AdapterTest.class.getResource("/fixtures").toURI());

    Adapter pickled = Adapter.open(storage, fixtures.resolve("formats/adapter-bin").toString());

    Adapter twin = Adapter.open(storage, fixtures.resolve("peft/llama/lora").toString());
    TensorReader reader = new TensorReader(storage);
    assertThat(pickled.faults()).isEmpty();
    assertThat(pickled.updates().keySet()).isEqualTo(twin.updates().keySet()).isNotEmpty();
    for (AdapterUpdate twinUpdate : twin.updates().values()) {
      LowRankSource expected = (LowRankSource) twinUpdate;
      LowRankSource update = (LowRankSource) pickled.updates().get(expected.baseTensor());
      assertThat(update.scale()).isEqualTo(expected.scale());
      assertThat(reader.contentHash(update.a())).isEqualTo(reader.contentHash(expected.a()));
      assertThat(reader.contentHash(update.b())).isEqualTo(reader.contentHash(expected.b()));
    }
  }

  @Test
  void missingWeightsAreRefused() throws IOException {
    write(folder);
    Files.delete(folder.resolve("adapter_model.safetensors"));

    assertRefused(
        folder,
        RejectCode.NOT_FOUND,
        "[%s] No such file, although adapter_config.json is there".formatted(weightsUri()));
  }

  @Test
  void brokenWeightsAreRefused() throws IOException {
    write(folder);
    Files.writeString(folder.resolve("adapter_model.safetensors"), "");

    assertRefused(
        folder,
        RejectCode.HEADER_TOO_SMALL,
        "[%s] Expected at least 8 bytes, which hold the header's length; found 0"
            .formatted(weightsUri()));
  }

  // ---- the config

  @Test
  void aConfigThatIsNoJsonIsRefused() throws IOException {
    config.put("r", "two");

    assertRefused(
        RejectCode.ADAPTER_CONFIG_INVALID,
        ("[%s] Not valid JSON at line 3, column 9: Unrecognized token 'two': was expecting (JSON"
                + " String, Number (or 'NaN'/'+INF'/'-INF'), Array, Object or token 'null', 'true' or 'false')")
            .formatted(configUri()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "FOURIERFT|where its frequencies lie is drawn by PyTorch's generator; merge the adapter with"
            + " PEFT (merge_and_unload, save_pretrained) and analyse the merged checkpoint",
        "WAVEFT|where its coefficients lie is drawn by PyTorch's generator; merge the adapter with"
            + " PEFT (merge_and_unload, save_pretrained) and analyse the merged checkpoint",
        "XLORA|it mixes several adapters by the input, so that there is no one tuned weight; analyse"
            + " each of its adapters on its own",
        "PROMPT_TUNING|it changes no weight of the base, so that there is nothing to analyse",
        "LN_TUNING|it tunes norms, which are no matrices",
      })
  void otherKindsOfAdapterAreRefused(String kind, String reason) throws IOException {
    config.put("peft_type", "\"%s\"".formatted(kind));

    assertRefused(
        RejectCode.ADAPTER_UNSUPPORTED,
        "[%s] peft_type = \"%s\" is not supported: %s".formatted(configUri(), kind, reason));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lora", "KIND_OF_TOMORROW"})
  void unknownKindsOfAdapterAreRefused(String kind) throws IOException {
    config.put("peft_type", "\"%s\"".formatted(kind));
    write(folder);

    assertThat(
            catchThrowableOfType(
                UserInputException.class, () -> Adapter.open(storage, folder.toString())))
        .hasMessageStartingWith(
            "[%s] peft_type = \"%s\" is not supported: expected one of LORA, ADALORA, VERA, "
                .formatted(configUri(), kind))
        .hasMessageEndingWith(
            "; merge the adapter with PEFT (merge_and_unload, save_pretrained) and analyse the"
                + " merged checkpoint");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "peft_type;null;must name the kind of adapter, found null",
        "r;0;must be a whole number from 1 on, found 0",
        "r;8.0;must be a whole number from 1 on, found 8.0",
        "r;99999999999;must be a whole number from 1 on, found 99999999999",
        "r;null;must be a whole number from 1 on, found null",
        "lora_alpha;\"16\";must be a number, found \"16\"",
        "lora_alpha;NaN;must be a number, found \"NaN\"",
        "use_rslora;1;must be true or false, found 1",
        "fan_in_fan_out;\"true\";must be true or false, found \"true\"",
        "rank_pattern;[1];must be an object, found [1]",
        "alpha_pattern;3;must be an object, found 3",
      })
  void fieldsOfTheWrongTypeAreRefused(String field, String value, String message)
      throws IOException {
    config.put(field, value);

    assertRefused(
        RejectCode.ADAPTER_CONFIG_INVALID, "[%s] %s %s".formatted(configUri(), field, message));
  }

  @ParameterizedTest
  @CsvSource({
    "peft_type,must name the kind of adapter",
    "r,must be a whole number from 1 on",
    "lora_alpha,must be a number"
  })
  void missingFieldsAreRefused(String field, String expected) throws IOException {
    config.remove(field);

    assertRefused(
        RejectCode.ADAPTER_CONFIG_INVALID,
        "[%s] %s %s, found nothing".formatted(configUri(), field, expected));
  }

  @Test
  void patternsMustHoldNumbers() throws IOException {
    config.put("rank_pattern", "{\"q_proj\": 2.5}");

    assertRefused(
        RejectCode.ADAPTER_CONFIG_INVALID,
        "[%s] rank_pattern \"q_proj\" must be a whole number from 1 on, found 2.5"
            .formatted(configUri()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "layer_replication|[[0,4],[2,6]]|the tuned model has layers that the base lacks; merge the"
            + " adapter with PEFT (merge_and_unload) and analyse the merged checkpoint",
        "alora_invocation_tokens|[1,2]|the update acts on some tokens only, so that there is no one"
            + " tuned weight",
        "use_qalora|true|QA-LoRA pools the inputs of its factors, on a quantised base",
        "use_bdlora|{\"nblocks\":2}|block-diagonal factors are laid out differently; merge the"
            + " adapter with PEFT (merge_and_unload) and analyse the merged checkpoint",
        "monteclora_config|{\"num_samples\":4}|the update is random; merge the adapter with PEFT"
            + " (merge_and_unload) and analyse the merged checkpoint",
        "arrow_config|{\"top_k\":3}|it mixes several adapters by the input; analyse each of them on"
            + " its own",
        "megatron_config|{\"x\":1}|Megatron's parallel layers are split differently; merge the"
            + " adapter with PEFT (merge_and_unload) and analyse the merged checkpoint",
        "an_option_of_tomorrow|0|it is not known here, so it may change what the update is",
        "an_option_of_tomorrow|\"none\"|it is not known here, so it may change what the update is",
      })
  void optionsThatMayChangeTheUpdateAreRefused(String option, String value, String reason)
      throws IOException {
    config.put(option, value);

    assertRefused(
        RejectCode.ADAPTER_UNSUPPORTED,
        "[%s] %s = %s is not supported: %s".formatted(configUri(), option, value, reason));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PiSSA", "pissa_niter_16", "OLoRA", "corda", "lora_ga"})
  void initialisationsThatChangeTheBaseAreRefused(String init) throws IOException {
    config.put("init_lora_weights", "\"%s\"".formatted(init));

    assertRefused(
        RejectCode.ADAPTER_UNSUPPORTED,
        ("[%s] init_lora_weights = \"%s\" is not supported: it changed the base weights before"
                + " training; save the adapter once more with save_pretrained(...,"
                + " path_initial_model_for_weight_conversion=...), which makes an ordinary LoRA"
                + " adapter of it")
            .formatted(configUri(), init));
  }

  @ParameterizedTest
  @CsvSource({
    "loftq,'the adapter makes up for the quantisation of its base, so it does not fit the base'",
    "tomorrow,'it is not known here, so it may have changed the base weights'"
  })
  void otherInitialisationsAreRefused(String init, String reason) throws IOException {
    config.put("init_lora_weights", "\"%s\"".formatted(init));

    assertRefused(
        RejectCode.ADAPTER_UNSUPPORTED,
        "[%s] init_lora_weights = \"%s\" is not supported: %s"
            .formatted(configUri(), init, reason));
  }

  // ---- the tensors

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "q.lora_magnitude_vector;q.weight;ADAPTER_INVALID;its lora_A is missing",
        "q.lora_magnitude_vector.weight;q.weight;ADAPTER_INVALID;its lora_A is missing",
        "embed.lora_embedding_A;embed.weight;ADAPTER_INVALID;its lora_embedding_B is missing",
        "embed.lora_embedding_B;embed.weight;ADAPTER_INVALID;its lora_embedding_A is missing",
        "experts.base_layer.lora_A.weight;experts.base_layer.weight;ADAPTER_INVALID;its lora_B is"
            + " missing",
        "q.oft_R;q.oft_R;ADAPTER_UNSUPPORTED;it is not a tensor that LoRA adapters are known to have",
        "q.lora_C.weight;q.lora_C.weight;ADAPTER_UNSUPPORTED;it is not a tensor that LoRA adapters"
            + " are known to have",
      })
  void tensorsThatAreNoFactorsAreFaults(
      String name, String baseTensor, RejectCode code, String reason) throws IOException {
    weights.addFloats("base_model.model." + name, List.of(2, 2), new float[4]);
    addFactors("layers.0.q_proj", 2);

    assertFault(
        baseTensor,
        code,
        "[%s] Tensor base_model.model.%s: %s".formatted(weightsUri(), name, reason));
    assertThat(open().updates()).containsOnlyKeys("layers.0.q_proj.weight");
  }

  @Test
  void aModuleWithMoreThanItsFactorsIsNotUpdated() throws IOException {
    addFactors("layers.0.q_proj", 2);
    weights.addFloats(Q + "lora_magnitude_vector", List.of(4), new float[4]);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_INVALID,
        "[%s] Tensor %slora_magnitude_vector: it does not go with lora_A, lora_B of the same module"
            .formatted(weightsUri(), Q));
  }

  @ParameterizedTest
  @CsvSource({
    "lora_magnitude_vector, lora_magnitude_vector.weight",
    "lora_A, lora_A.weight",
    "base_layer.weight, weight"
  })
  void twoNamesOfOneTensorSpoilItsModule(String first, String second) throws IOException {
    config.put("use_dora", "true");
    addFactors("layers.1.q_proj", 2);
    weights.addFloats(
        "base_model.model.layers.1.q_proj.lora_magnitude_vector", List.of(4), 1, 1, 1, 1);
    weights.addFloats(Q + first, List.of(4, 2), new float[8]);
    weights.addFloats(Q + second, List.of(4, 2), new float[8]);

    Adapter adapter = open();

    assertThat(adapter.updates()).containsOnlyKeys("layers.1.q_proj.weight");
    assertThat(adapter.faults())
        .filteredOn(fault -> fault.error().code() == RejectCode.NAME_AMBIGUOUS)
        .singleElement()
        .satisfies(
            fault -> {
              assertThat(fault.baseTensor()).isEqualTo("layers.0.q_proj.weight");
              assertThat(fault.error().getMessage())
                  .isEqualTo(
                      "[%s] Tensor %s%s: means the same as %s%s; expected one of them",
                      weightsUri(), Q, second, Q, first);
            });
  }

  @Test
  void aTokenIsNotTrainedTwice() throws IOException {
    config.put("peft_type", "\"TRAINABLE_TOKENS\"");
    config.put("token_indices", "[1, 1]");
    config.remove("r");
    config.remove("lora_alpha");
    String name = "base_model.model.embed.trainable_tokens_delta";
    weights.addFloats(name, List.of(2, 3), new float[6]);

    assertFault(
        "embed.weight",
        RejectCode.ADAPTER_INVALID,
        "[%s] Tensor %s: adapter_config.json lists a token twice for this module"
            .formatted(weightsUri(), name));
  }

  @Test
  void deloraHasOneLambda() throws IOException {
    config.put("peft_type", "\"DELORA\"");
    config.remove("lora_alpha");
    weights.addFloats(Q + "delora_A", List.of(2, 3), new float[6]);
    weights.addFloats(Q + "delora_B", List.of(4, 2), new float[8]);
    weights.addFloats(Q + "delora_lambda", List.of(2), 15, 15);
    weights.addFloats(Q + "delora_w_norm", List.of(3), 1, 1, 1);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_INVALID,
        "[%s] Tensor %sdelora_lambda: expected one number, found 2".formatted(weightsUri(), Q));
  }

  @ParameterizedTest
  @CsvSource({
    "I32, 2, 6, 5, ADAPTER_INVALID, 6 places for 5 numbers",
    "I32, 3, 4, 4, ADAPTER_INVALID, 'expected rows and columns of places, found I32 3x4'",
    "F32, 2, 6, 6, DTYPE_UNSUPPORTED, 'expected whole numbers, I32 or I64, found F32'"
  })
  void shirasPlacesMustFitItsNumbers(
      String type, long rows, long places, long numbers, RejectCode code, String reason)
      throws IOException {
    config.put("peft_type", "\"SHIRA\"");
    config.remove("lora_alpha");
    weights.add(
        Q + "shira_indices", type, List.of(rows, places), new byte[(int) (4 * rows * places)]);
    weights.addFloats(Q + "shira_weight", List.of((int) numbers), new float[(int) numbers]);

    assertFault(
        "layers.0.q_proj.weight",
        code,
        "[%s] Tensor %sshira_indices: %s".formatted(weightsUri(), Q, reason));
  }

  @Test
  void shirasPlacesMustLieInTheBase() throws IOException {
    config.put("peft_type", "\"SHIRA\"");
    config.remove("lora_alpha");
    byte[] places = new byte[32];
    places[24] = 3; // (0, 3) is the second, as 64-bit numbers
    weights.add(Q + "shira_indices", "I64", List.of(2L, 2L), places);
    weights.addFloats(Q + "shira_weight", List.of(2), 1, 2);
    AdapterUpdate update = open().updates().get("layers.0.q_proj.weight");

    try (Arena arena = Arena.open()) {
      Matrix tuned =
          update.applyTo(Matrix.identity(4, Precision.DOUBLE), new TensorReader(storage));
      assertThat(tuned.row(0)).containsExactly(2, 0, 0, 2);

      UserInputException refusal =
          catchThrowableOfType(
              UserInputException.class,
              () ->
                  update.applyTo(Matrix.identity(3, Precision.DOUBLE), new TensorReader(storage)));
      assertThat(refusal.code()).isEqualTo(RejectCode.SHAPE_MISMATCH);
      assertThat(refusal.getMessage())
          .isEqualTo(
              "[%s] Tensor %sshira_indices: expected places in the base's 3x3, found (0, 3)",
              weightsUri(), Q);
    }
  }

  @Test
  void aTensorThatIsNotUnderstoodSpoilsItsModule() throws IOException {
    addFactors("layers.0.q_proj", 2);
    weights.addFloats(Q + "lora_C.weight", List.of(4), new float[4]);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_UNSUPPORTED,
        "[%s] Tensor %slora_C.weight: it is not a tensor that LoRA adapters are known to have"
            .formatted(weightsUri(), Q));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"dora\"|{\"rank\": 8, \"scale\": 20.0}|fine_tune_type = \"dora\" is not supported: only"
            + " \"lora\" is; fuse the adapter with mlx_lm.fuse and analyse the fused checkpoint",
        "\"full\"|{}|fine_tune_type = \"full\" is not supported: only \"lora\" is; fuse the adapter"
            + " with mlx_lm.fuse and analyse the fused checkpoint",
        "\"lora\"|{\"rank\": 8, \"alpha\": 16}|lora_parameters.alpha = 16 is not supported: it is not"
            + " known here, so it may change what the update is",
      })
  void whatElseMlxWritesIsRefused(String type, String parameters, String message)
      throws IOException {
    config.clear();
    config.put("fine_tune_type", type);
    config.put("lora_parameters", parameters);

    assertRefused(RejectCode.ADAPTER_UNSUPPORTED, "[%s] %s".formatted(configUri(), message));
  }

  @Test
  void biasesAndNormsAreNamedAndNotAnalysed() throws IOException {
    addFactors("layers.0.q_proj", 2);
    weights.addFloats(Q + "lora_B.bias", List.of(4), new float[4]);
    weights.addFloats(Q + "base_layer.bias", List.of(4), new float[4]);
    weights.addFloats("base_model.model.norm.weight", List.of(4), new float[4]);

    Adapter adapter = open();

    assertThat(adapter.faults()).isEmpty();
    assertThat(adapter.updates()).containsOnlyKeys("layers.0.q_proj.weight");
    assertThat(adapter.vectors())
        .extracting(TensorInfo::name)
        .containsExactly(Q + "lora_B.bias", Q + "base_layer.bias", "base_model.model.norm.weight");
  }

  @Test
  void aNameThatIsNotPeftsIsAFault() throws IOException {
    weights.addFloats("lora_unet_q.lora_down.weight", List.of(2, 2), new float[4]);

    assertFault(
        null,
        RejectCode.ADAPTER_UNSUPPORTED,
        "[%s] Tensor lora_unet_q.lora_down.weight: the name of a PEFT tensor starts with"
                .formatted(weightsUri())
            + " base_model.model.");
  }

  private Path kohyaFile() throws IOException {
    Path file = folder.resolve("kohya.safetensors");
    weights.write(file);
    return file;
  }

  @Test
  void aKohyaFileIsAnAdapterUnderItsOwnOrItsFoldersName() throws IOException {
    weights.addFloats("lora_unet_q.lora_down.weight", List.of(2, 3), new float[6]);
    weights.addFloats("lora_unet_q.lora_up.weight", List.of(4, 2), new float[8]);
    String file = kohyaFile().toString();

    assertThat(Adapter.isAdapter(storage, file)).isTrue();
    assertThat(Adapter.isAdapter(storage, folder.toString())).isTrue();
    assertThat(Adapter.open(storage, folder.toString()).uri()).isEqualTo("file:" + file);
    Adapter adapter = Adapter.open(storage, file);
    assertThat(adapter.ofPeft()).isFalse();
    assertThat(adapter.updates()).containsOnlyKeys("lora_unet_q.weight");
    assertThat(adapter.flattening().orElseThrow().apply("lora_unet_q.weight"))
        .isEqualTo("q.weight");
  }

  @Test
  void aFileWithoutConfigIsFoundInTheHubsCache() throws IOException {
    weights.addFloats("lora_unet_q.lora_down.weight", List.of(2, 3), new float[6]);
    weights.addFloats("lora_unet_q.lora_up.weight", List.of(4, 2), new float[8]);
    Path cache = folder.resolve("models--x--y");
    Path file = weights.write(cache.resolve("snapshots/0123abc/kohya.safetensors"));
    Files.createDirectories(cache.resolve("refs"));

    assertThat(Adapter.isAdapter(storage, cache.toString())).isTrue();
    assertThat(Adapter.open(storage, cache.toString()).uri()).isEqualTo("file:" + file);
  }

  /** The shard would be an adapter by its name alone. */
  @Test
  void aFolderWithTheIndexOfAModelIsNoAdapter() throws IOException {
    weights.addFloats("lora_unet_q.lora_down.weight", List.of(2, 3), new float[6]);
    kohyaFile();
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");

    assertThat(Adapter.isAdapter(storage, folder.toString())).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers.0.q_proj.weight, false",
    "lora_unet_q.weight, false",
    "transformer.q.lora_A.weight, true",
    "lora_te1_q.hada_w1_a, true",
    "lycoris_q.lokr_w1, true",
  })
  void aFileIsAnAdapterByTheNamesInIt(String name, boolean adapter) throws IOException {
    weights.addFloats(name, List.of(2, 2), new float[4]);

    assertThat(Adapter.isAdapter(storage, kohyaFile().toString())).isEqualTo(adapter);
  }

  /** torch counts such a tensor as empty, although the product of its dimensions overflows. */
  @Test
  void anEmptyTensorOfEndlessDimensionsIsRefused() {
    ModuleTensors tensors = new ModuleTensors(AdapterKind.IA3, "q", Map.of());
    List<Long> shape = List.of(1L << 40, 1L << 40, 0L);
    tensors.add("ia3_l", new TensorInfo("q.ia3_l", DType.F32, shape, "memory:/a.bin", 0, 0));

    assertThat(catchThrowableOfType(UserInputException.class, () -> tensors.vector("ia3_l")).code())
        .isEqualTo(RejectCode.ADAPTER_INVALID);
  }

  // ---- diffusers

  /** A file of diffusers: this JSON in the header, and factors of rank 2 for the modules. */
  private Path diffusers(String metadata, String... modules) throws IOException {
    SafetensorsFile file =
        new SafetensorsFile().metadata(Map.of("format", "pt", "lora_adapter_metadata", metadata));
    for (String module : modules) {
      file.addFloats(module + ".lora_A.weight", List.of(2, 3), new float[6]);
      file.addFloats(module + ".lora_B.weight", List.of(4, 2), new float[8]);
    }
    return file.write(folder.resolve("pytorch_lora_weights.safetensors"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"transformer.", "unet.", ""})
  void aFileOfDiffusersHasItsConfigInItsHeader(String component) throws IOException {
    String config =
        """
        {"Xpeft_type": "LORA", "Xr": 2, "Xlora_alpha": 8, "Xrank_pattern": {},
         "Xalpha_pattern": {"k": 3}, "Xtarget_modules": ["q", "k"], "Xbias": "none",
         "Xuse_rslora": false, "Xinit_lora_weights": "gaussian", "Xtask_type": null}"""
            .replace("X", component);
    Path file = diffusers(config, component + "blocks.0.q", component + "blocks.0.k");

    for (Path named : List.of(file, folder)) {
      assertThat(Adapter.isAdapter(storage, named.toString())).isTrue();
      Adapter adapter = Adapter.open(storage, named.toString());
      assertThat(adapter.faults()).isEmpty();
      assertThat(adapter.updates()).containsOnlyKeys("blocks.0.q.weight", "blocks.0.k.weight");
      assertThat(scale(adapter, "blocks.0.q")).isEqualTo(8 / 2.0);
      assertThat(scale(adapter, "blocks.0.k")).isEqualTo(3 / 2.0);
      assertThat(adapter.ofPeft()).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a.r\": 2, \"b.r\": 2}|ADAPTER_UNSUPPORTED|holds updates of several models, a., b.; save",
        "{\"lora_alpha\": 2}|ADAPTER_CONFIG_INVALID|Expected a field r, or one such as transformer.r",
        "{\"a.r\": 2, \"b.x\": 2}|ADAPTER_CONFIG_INVALID|Field b.x in the header's",
        "{\"a.r\": 2, \"a.x\": 2, \"a.peft_type\": \"LORA\"}|ADAPTER_UNSUPPORTED|x = 2 is not supported",
        "{\"a.r\": 2}|ADAPTER_CONFIG_INVALID|peft_type must name the kind of adapter",
        "[]|ADAPTER_CONFIG_INVALID|Expected a JSON object in the metadata",
        "nothing|ADAPTER_CONFIG_INVALID|Not valid JSON in the metadata",
      })
  void aConfigOfDiffusersThatCanNotBeUsedIsRefused(String json, RejectCode code, String message)
      throws IOException {
    Path file = diffusers(json, "a.q");

    UserInputException refusal =
        catchThrowableOfType(
            UserInputException.class, () -> Adapter.open(storage, file.toString()));

    assertThat(refusal).hasMessageStartingWith("[file:%s] ".formatted(file));
    assertThat(refusal).hasMessageContaining(message);
    assertThat(refusal.code()).isEqualTo(code);
  }

  @Test
  void aTensorBesideTheComponentOfDiffusersIsAFault() throws IOException {
    Path file =
        diffusers("{\"a.peft_type\": \"LORA\", \"a.r\": 2, \"a.lora_alpha\": 2}", "a.q", "b.q");

    assertThat(Adapter.open(storage, file.toString()).faults())
        .hasSize(2)
        .allSatisfy(
            fault ->
                assertThat(fault.error())
                    .hasMessageContaining("the names of this file's tensors begin with a."));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unet.down_blocks.0.attn1.to_q.lora.down.weight",
        "down_blocks.0.attn1.processor.to_q_lora.down.weight",
        "unet.mid_block.attn2.to_out_lora.up.weight",
        "text_encoder.layers.0.q_proj.lora_linear_layer.down.weight",
      })
  void olderNamesOfDiffusersAreAnAdaptersAndRefusedByName(String name) throws IOException {
    Path file = folder.resolve("pytorch_lora_weights.safetensors");
    weights.addFloats(name, List.of(2, 2), new float[4]);
    weights.write(file);

    for (Path named : List.of(file, folder)) {
      assertThat(Adapter.isAdapter(storage, named.toString())).isTrue();
      assertRefused(
          named,
          RejectCode.ADAPTER_UNSUPPORTED,
          "[file:%s] The tensors of an adapter without adapter_config.json, which would tell its kind"
                  .formatted(file)
              + " and scale; name the folder that PEFT saved, or merge the adapter and analyse the"
              + " merged checkpoint");
    }
  }

  @Test
  void aPickledFileWithoutAConfigIsAnAdapterToo() throws IOException {
    Files.copy(
        Twins.fixture("adapter-bin").resolve("adapter_model.bin"),
        folder.resolve("pytorch_lora_weights.bin"));

    assertThat(Adapter.isAdapter(storage, folder.toString())).isTrue();
    assertThat(
            catchThrowableOfType(
                UserInputException.class, () -> Adapter.open(storage, folder.toString())))
        .hasMessageContaining("The tensors of an adapter without adapter_config.json");
  }

  @Test
  void anAdaptersTensorsWithoutItsConfigAreRefused() throws IOException {
    weights.addFloats("transformer.q.lora_A.weight", List.of(2, 2), new float[4]);
    Path file = kohyaFile();

    assertRefused(
        file,
        RejectCode.ADAPTER_UNSUPPORTED,
        "[file:%s] The tensors of an adapter without adapter_config.json, which would tell its kind"
                .formatted(file)
            + " and scale; name the folder that PEFT saved, or merge the adapter and analyse the"
            + " merged checkpoint");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lora_mid.weight|2,2|ADAPTER_UNSUPPORTED|UNKNOWN",
        "dora_scale|2|ADAPTER_UNSUPPORTED|UNKNOWN",
        "hada_t1|2,2|ADAPTER_UNSUPPORTED|UNKNOWN",
        "diff|2,2|ADAPTER_UNSUPPORTED|UNKNOWN",
        "lora_down.other.weight|2,2|ADAPTER_UNSUPPORTED|UNKNOWN",
        "alpha|2|ADAPTER_INVALID|expected one number, found 2",
        "lokr_w2|2,2|ADAPTER_INVALID|it does not go with lora_down, lora_up of the same module",
      })
  void whatElseAKohyaFileHoldsSpoilsItsModule(
      String part, String shape, RejectCode code, String reason) throws IOException {
    List<Long> dimensions = Stream.of(shape.split(",")).map(Long::valueOf).toList();
    int elements = dimensions.stream().mapToInt(Long::intValue).reduce(1, (x, y) -> x * y);
    for (String module : List.of("lora_te_k", "lora_te_q")) {
      weights.addFloats(module + ".lora_down.weight", List.of(2, 3), new float[6]);
      weights.addFloats(module + ".lora_up.weight", List.of(4, 2), new float[8]);
    }
    weights.addFloats("lora_te_q." + part, dimensions, new float[elements]);
    Path file = kohyaFile();

    Adapter adapter = Adapter.open(storage, file.toString());

    assertThat(adapter.updates()).containsOnlyKeys("lora_te_k.weight");
    assertThat(adapter.faults())
        .singleElement()
        .satisfies(
            fault -> {
              assertThat(fault.baseTensor()).isEqualTo("lora_te_q.weight");
              assertThat(fault.error().code()).isEqualTo(code);
              assertThat(fault.error().getMessage())
                  .startsWith("[file:%s] Tensor lora_te_q.%s: ".formatted(file, part))
                  .contains(
                      reason.equals("UNKNOWN")
                          ? "it is not a tensor of kohya's that is supported"
                          : reason);
            });
  }

  @Test
  void kernelsInAKohyaFileAreFaults() throws IOException {
    weights.addFloats("lora_unet_q.lora_down.weight", List.of(2, 3, 3, 3), new float[54]);
    weights.addFloats("lora_unet_q.lora_up.weight", List.of(4, 2, 1, 1), new float[8]);
    Path file = kohyaFile();

    Adapter adapter = Adapter.open(storage, file.toString());

    assertThat(adapter.updates()).isEmpty();
    assertThat(adapter.faults())
        .singleElement()
        .satisfies(
            fault ->
                assertThat(fault.error().getMessage())
                    .isEqualTo(
                        "[file:%s] Tensor lora_unet_q.lora_down.weight: F32 2x3x3x3 is not a matrix;"
                            + " kohya on convolutions is not supported",
                        file));
  }

  @Test
  void anAlphaOfZeroIsRefusedSinceReadersDisagreeOnIt() throws IOException {
    weights.addFloats("lora_unet_q.lora_down.weight", List.of(2, 3), new float[6]);
    weights.addFloats("lora_unet_q.lora_up.weight", List.of(4, 2), new float[8]);
    weights.addFloats("lora_unet_q.alpha", List.of(), 0);
    Path file = kohyaFile();
    AdapterUpdate update =
        Adapter.open(storage, file.toString()).updates().get("lora_unet_q.weight");

    try (Arena arena = Arena.open()) {
      UserInputException refusal =
          catchThrowableOfType(
              UserInputException.class,
              () -> ((LowRankUpdate) update).readB(new TensorReader(storage)));
      assertThat(refusal.code()).isEqualTo(RejectCode.ADAPTER_INVALID);
      assertThat(refusal.getMessage())
          .isEqualTo("[file:%s] Tensor lora_unet_q.alpha: expected a number but 0", file);
    }
  }

  @Test
  void aFactorWithoutPartnerIsAFault() throws IOException {
    weights.addFloats(Q + "lora_A.weight", List.of(2, 3), new float[6]);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_INVALID,
        "[%s] Tensor %slora_A.weight: its lora_B is missing".formatted(weightsUri(), Q));
  }

  @Test
  void theOtherFactorWithoutPartnerIsAFault() throws IOException {
    weights.addFloats(Q + "lora_B.weight", List.of(3, 2), new float[6]);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_INVALID,
        "[%s] Tensor %slora_B.weight: its lora_A is missing".formatted(weightsUri(), Q));
  }

  @Test
  void factorsOfDifferentRanksAreAFault() throws IOException {
    weights.addFloats(Q + "lora_A.weight", List.of(2, 3), new float[6]);
    weights.addFloats(Q + "lora_B.weight", List.of(4, 5), new float[20]);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_INVALID,
        "[%s] Tensor %slora_B.weight: rank 5, but the rank of %slora_A.weight is 2"
            .formatted(weightsUri(), Q, Q));
  }

  @Test
  void factorsOfAnotherRankThanTheConfigsAreAFault() throws IOException {
    config.put("rank_pattern", "{\"layers.0.q_proj\": 4}");
    addFactors("layers.0.q_proj", 2);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_INVALID,
        "[%s] Tensor %slora_A.weight: rank 2, but adapter_config.json says 4 for this module"
            .formatted(weightsUri(), Q));
  }

  @Test
  void factorsOfConvolutionsAreAFault() throws IOException {
    weights.addFloats(Q + "lora_A.weight", List.of(2, 3, 1, 1), new float[6]);
    weights.addFloats(Q + "lora_B.weight", List.of(4, 2, 1, 1), new float[8]);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.ADAPTER_UNSUPPORTED,
        ("[%s] Tensor %slora_A.weight: F32 2x3x1x1 is not a matrix; LoRA on convolutions is not"
                + " supported")
            .formatted(weightsUri(), Q));
  }

  @Test
  void factorsThatCannotBeReadAreAFault() throws IOException {
    weights.add(Q + "lora_A.weight", "I8", List.of(2, 3), new byte[6]);
    weights.addFloats(Q + "lora_B.weight", List.of(4, 2), new float[8]);

    assertFault(
        "layers.0.q_proj.weight",
        RejectCode.DTYPE_UNSUPPORTED,
        ("[%s] Tensor %slora_A.weight: I8 elements can't be analysed: they are whole numbers, as in"
                + " weights packed by bitsandbytes, GPTQ, AWQ or MXFP4; use the checkpoint from"
                + " before the quantisation")
            .formatted(weightsUri(), Q));
  }

  @Test
  void severalAdaptersInOneFileAreRefused() throws IOException {
    addFactors("layers.0.q_proj", 2);
    weights.addFloats(Q + "lora_A.other.weight", List.of(2, 3), new float[6]);

    assertRefused(
        RejectCode.ADAPTER_INVALID,
        "[%s] The file mixes the tensors of several adapters: %slora_B.weight, %slora_A.other.weight"
            .formatted(weightsUri(), Q, Q));
  }

  @Test
  void anEndlessNameIsAFault() throws IOException {
    String name = "base_model.model." + "a".repeat(1000) + ".lora_A.weight";
    weights.addFloats(name, List.of(2, 3), new float[6]);

    assertFault(
        null,
        RejectCode.ADAPTER_UNSUPPORTED,
        "[%s] Tensor %s: its name has more than 1000 characters".formatted(weightsUri(), name));
  }
}
