package io.github.intruders.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaseNamesTest {
  private static final String HASH = "0e9e39f249a16976918f6564b8830bc894c89659";

  private static Set<String> names(String name) {
    Set<String> names = new TreeSet<>();
    BaseNames.last(name).ifPresent(names::add);
    return names;
  }

  @ParameterizedTest
  @CsvSource({
    "meta-llama/Llama-3.1-8B, /models/Llama-3.1-8B",
    "meta-llama/Llama-3.1-8B, /models/llama-3.1-8b/",
    "meta-llama/Llama-3.1-8B, file:/cache/models--meta-llama--Llama-3.1-8B/snapshots/" + HASH,
    "meta-llama/Llama-3.1-8B, s3a://bucket/unsloth/Llama-3.1-8B",
    "unsloth/Llama-3.1-8B-bnb-4bit, meta-llama/Llama-3.1-8B",
    "unsloth/Llama-3.1-8B-unsloth-bnb-4bit, meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.1-8B, C:\\models\\Llama-3.1-8B",
    "meta-llama/Llama_3.1_8B, /models/Llama-3.1-8B/model.safetensors",
    "meta-llama/Llama-3.1-8B, /models/Llama-3.1-8B.gguf",
  })
  void spellingsOfOneModelDoNotDiffer(String one, String other) {
    assertThat(BaseNames.last(one)).isPresent();
    assertThat(BaseNames.differ(names(one), other)).isFalse();
    assertThat(BaseNames.differ(names(other), one)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "meta-llama/Llama-3.1-8B, meta-llama/Llama-3.1-8B-Instruct",
    "meta-llama/Llama-2-7b-hf, /models/Llama-3.1-8B",
    "gpt2, gpt2-medium",
  })
  void othersDo(String one, String other) {
    assertThat(BaseNames.differ(names(one), other)).isTrue();
    assertThat(BaseNames.differ(names(other), one)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"/runs/7/base", "base", "/out/checkpoint-500", "model", "./", "''"})
  void namesThatTellNothingAreNotCompared(String name) {
    assertThat(BaseNames.differ(names("gpt2"), name)).isFalse();
    assertThat(BaseNames.differ(names(name), "gpt2")).isFalse();
  }
}
