package io.github.intruders.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModulePatternsTest {
  private static ModulePatterns patterns(String... keys) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (String key : keys) {
      values.put(key, values.size() + 1.0);
    }
    return new ModulePatterns("memory:/c.json", "rank_pattern", values);
  }

  /** What Python 3 answers to re.match(r"(.*\.)?(KEY)$", name); tried there. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      quoteCharacter = '`',
      value = {
        "q_proj model.layers.0.self_attn.q_proj true",
        "q_proj q_proj true",
        "q_proj model.xq_proj false",
        "q_proj model.q_proj.0 false",
        "self_attn.q_proj model.layers.0.self_attn.q_proj true",
        "^q_proj model.layers.0.self_attn.q_proj false",
        "^model\\.layers\\.0\\..*q_proj model.layers.0.self_attn.q_proj true",
        "^model\\.layers\\.0\\..*q_proj model.layers.10.self_attn.q_proj false",
        "layers\\.[0-4]\\.(.*)\\.(q|v)_proj model.layers.3.self_attn.v_proj true",
        "q_proj|k_proj model.k_proj true",
        "\\d+ model.layers.12 true",
        "(?:a|b)_proj x.b_proj true",
        "(?<!no)proj x.proj true",
        "[^.]+_proj x.y.q_proj true",
        "[\\w-]{2,}$ a.b-c true",
      })
  void keysMatchAsInPython(String key, String module, boolean expected) {
    assertThat(patterns(key).valueFor(module).isPresent()).isEqualTo(expected);
  }

  @Test
  void theFirstKeyThatMatchesCounts() {
    assertThat(patterns("k_proj", ".*_proj", "q_proj").valueFor("model.q_proj")).contains(2.0);
  }

  @Test
  void aKeyThatIsTheNameCountsWhereNoneMatches() {
    assertThat(patterns("block+").valueFor("block+")).contains(1.0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(?P<n>q)_proj",
        "(?i)q_proj",
        "\\Aq_proj",
        "q_proj\\Z",
        "\\p{Alpha}",
        "(q)\\1",
        "[a&&b]",
        "[[a]b]",
        "[]a]",
        "\\x41",
        "\\Qq\\E",
        "(?>a)",
        "(?#comment)",
        "[q",
        "q\\"
      })
  void keysThatTheLanguagesReadDifferentlyAreRefused(String key) {
    assertThatThrownBy(() -> patterns(key))
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "[memory:/c.json] rank_pattern key \"%s\" uses regular expressions that Python and Java"
                    .formatted(key)
                + " read differently")
        .extracting(e -> ((UserInputException) e).code())
        .isEqualTo(RejectCode.ADAPTER_UNSUPPORTED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "(q_proj;Unclosed group",
        "*q_proj;Dangling meta character '*'",
        "q{x};Illegal repetition"
      })
  void keysThatAreNoExpressionAreRefused(String key, String description) {
    assertThatThrownBy(() -> patterns(key))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith(
            "[memory:/c.json] rank_pattern key \"%s\" is not a regular expression: %s"
                .formatted(key, description));
  }

  @Test
  void anExpressionThatNeverEndsIsRefused() {
    ModulePatterns patterns = patterns("((a+)+)+b");
    String module = "a".repeat(100);

    assertThatThrownBy(() -> patterns.valueFor(module))
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "[memory:/c.json] rank_pattern key \"((a+)+)+b\" takes too long to match against "
                + module);
  }

  @Test
  void anEndlessKeyIsRefused() {
    String key = "(".repeat(1001);

    assertThatThrownBy(() -> patterns(key)).isInstanceOf(UserInputException.class);
  }
}
