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
        "q.proj model.q_proj true",
        "q\\.proj model.q_proj false",
        "^self_attn.q_proj self_attn.q_proj true",
        "^self_attn.q_proj model.self_attn.q_proj false",
        "(?!k_)[a-z]_proj model.k_proj false",
        "(?!k_)[a-z]_proj model.q_proj true",
        "a++b model.aab true",
        "a{1,2}b model.aab true",
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

  /** Each of these keeps a backtracking matcher busy for longer than anybody waits. */
  @ParameterizedTest
  @ValueSource(strings = {"((a+)+)+b", "(a|a)*b", "(a*)*b", "(a|aa)+b", "(.*.*)*b", "(|)(|)(a|)*b"})
  void expressionsThatWouldBacktrackAreMatchedInLinearTime(String key) {
    assertThat(patterns(key).valueFor("a".repeat(900))).isEmpty();
    assertThat(patterns(key).valueFor("a".repeat(899) + "b")).contains(1.0);
  }

  @Test
  void manyWaysToMatchNothingTakeNoTime() {
    assertThat(patterns("(|)".repeat(300) + "x").valueFor("a.b")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {21, 120, 490})
  void nestedGroupsAreRefused(int depth) {
    String key = "(".repeat(depth) + "a|b" + ")".repeat(depth) + "*c";

    assertThatThrownBy(() -> patterns(key))
        .isInstanceOf(UserInputException.class)
        .hasMessageStartingWith("[memory:/c.json] rank_pattern key \"")
        .hasMessageEndingWith(" nests groups %d deep, at most 20 levels are read".formatted(depth));
  }

  @Test
  void groupsAsDeepAsIsReadAreMatched() {
    String key = "(".repeat(20) + "a|b" + ")".repeat(20) + "*c";

    assertThat(patterns(key).valueFor("ab".repeat(450) + "c")).contains(1.0);
    assertThat(patterns(key).valueFor("a".repeat(900))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"((a{100}){100}){100}", "a{2000000000}", "(ab{5}){3000}", "(a{1000}|x){11}"})
  void repetitionsOfRepetitionsAreRefused(String key) {
    assertThatThrownBy(() -> patterns(key))
        .isInstanceOf(UserInputException.class)
        .hasMessageEndingWith(
            " is too long with its repetitions written out, more than 10000 parts");
  }

  @ParameterizedTest
  @ValueSource(strings = {"(?=(a+)+b)a*", "(?!x)(a|a)*b", "(?=a)(a)*b", "(?=.*.*.*.*.*.*.*.*.*b)a"})
  void whatOnlyABacktrackingMatcherCanDoIsReadWhereItIsSimple(String key) {
    assertThatThrownBy(() -> patterns(key))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining(" could take too long to match, since it looks around");
  }

  @Test
  void theStepsOfAllMatchesOfAConfigAreBoundTogether() {
    ModulePatterns patterns = patterns("(?=.*.*.*.*.*.*.*b)a", "(a{50}){20}c");
    String module = "a".repeat(900);

    assertThatThrownBy(() -> patterns.valueFor(module))
        .isInstanceOf(UserInputException.class)
        .hasMessage(
            "[memory:/c.json] rank_pattern key \"(?=.*.*.*.*.*.*.*b)a\" takes too long to match"
                + " against "
                + "a".repeat(80)
                + "…");
    ModulePatterns many = patterns("(a{50}){90}c");
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100_000; i++) {
                many.valueFor(module + i);
              }
            })
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("takes too long to match against aaa");
  }

  @Test
  void thousandsOfNamesAreComparedWithThousandsOfModules() {
    String[] names = new String[5_000];
    for (int i = 0; i < names.length; i++) {
      names[i] =
          (i % 2 == 0 ? "model.layers.%d.q_proj" : "^model\\.layers\\.%d\\.q_proj").formatted(i);
    }
    ModulePatterns patterns = patterns(names);

    for (int i = 0; i < names.length; i++) {
      assertThat(patterns.valueFor("model.layers.%d.q_proj".formatted(i))).contains(i + 1.0);
    }
  }

  @Test
  void aNameBeyondAsciiIsComparedWithNamesOnly() {
    assertThat(patterns("größe", "x").valueFor("model.x")).contains(2.0);
    assertThatThrownBy(() -> patterns("\\w+").valueFor("model.größe"))
        .isInstanceOf(UserInputException.class)
        .hasMessageContaining("is not compared with a name beyond ASCII");
  }

  @Test
  void anEndlessKeyIsRefused() {
    String key = "(".repeat(1001);

    assertThatThrownBy(() -> patterns(key)).isInstanceOf(UserInputException.class);
  }
}
