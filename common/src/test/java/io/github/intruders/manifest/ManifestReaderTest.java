package io.github.intruders.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.UserInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestReaderTest {
  private static final String BASE = "base: {id: b, uri: base}\n";

  private static Manifest read(String text) {
    return ManifestReader.read("file:/m.yaml", text, relative -> "file:/" + relative);
  }

  @Test
  void theZoosManifestHoldsFourSequencesOfFourSteps() throws Exception {
    Manifest zoo = read(Files.readString(Path.of(System.getProperty("zoo"), "manifest.yaml")));

    assertThat(zoo.baseUri()).isEqualTo("file:/base");
    assertThat(zoo.metrics()).containsExactly("file:/evals.csv");
    assertThat(zoo.checkpoints()).hasSize(16);
    CheckpointSpec chain = zoo.checkpoints().get(5);
    assertThat(chain.id()).isEqualTo("lora-r1/2-c");
    assertThat(chain.sources()).containsExactly("file:/lora-r1/1-python", "file:/lora-r1/2-c");
    assertThat(chain.sequence()).isEqualTo("lora-r1");
    assertThat(chain.step()).isEqualTo(2);
    assertThat(chain.task()).isEqualTo("c");
    assertThat(chain.method()).contains("lora");
  }

  @Test
  void jsonIsRead() {
    Manifest manifest =
        read(
            "{\"base\": {\"id\": \"b\", \"uri\": \"x\"},"
                + " \"checkpoints\": [{\"id\": \"t\", \"uri\": \"y\"}]}");

    assertThat(manifest.checkpoints()).extracting(CheckpointSpec::id).containsExactly("t");
    assertThat(manifest.contentHash()).hasSize(64);
  }

  private static Stream<Arguments> faults() {
    return Stream.of(
        Arguments.of("", "line 1: The manifest is empty"),
        Arguments.of("[1]", "line 1: the manifest: expected an object, found a list"),
        Arguments.of("checkpoints: []", "line 1: Missing key 'base' in the manifest"),
        Arguments.of(BASE, "line 1: Missing key 'checkpoints' in the manifest"),
        Arguments.of("base: {id: b}\n", "line 1: Missing key 'uri' in base"),
        Arguments.of("base: x\n", "line 1: base: expected an object, found 'x'"),
        Arguments.of(BASE + "checkpoints: []\n", "line 2: checkpoints: expected at least one"),
        Arguments.of(
            BASE + "checkpoint: []\n",
            "line 2: Unknown key 'checkpoint' in the manifest; expected one of [base, checkpoints,"
                + " metrics]"),
        Arguments.of(checkpoints("{uri: x}"), "line 3: Missing key 'id' in a checkpoint"),
        Arguments.of(
            checkpoints("{id: t}"), "line 3: checkpoint t: expected uri, adapters or both"),
        Arguments.of(
            checkpoints("{id: t, uri: x}", "{id: t, uri: y}"),
            "line 4: id 't' stands already on line 3"),
        Arguments.of(checkpoints("{id: b, uri: x}"), "line 3: id 'b' stands already on line 1"),
        Arguments.of(
            checkpoints("{id: t, uri: x, step: 1}"),
            "line 3: checkpoint t: expected both sequence and step, or neither"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s}"),
            "line 3: checkpoint t: expected both sequence and step, or neither"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s, step: one}"),
            "line 3: checkpoint t: step: expected an integer of 0 or more, found 'one'"),
        Arguments.of(
            checkpoints(
                "{id: t, uri: x, sequence: s, step: 1}", "{id: u, uri: y, sequence: s, step: 3}"),
            "line 4: Sequence 's' has step 3 but no step 2"),
        Arguments.of(
            checkpoints(
                "{id: t, uri: x, sequence: s, step: 1}", "{id: u, uri: y, sequence: s, step: 1}"),
            "line 4: Step 1 of sequence 's' stands already on line 3"),
        Arguments.of(
            checkpoints("{id: a/../b, uri: x}"),
            "line 3: id 'a/../b' can't name a folder: expected no backslash, control character, '.'"
                + " or '..' part, and no slash at its start or end or beside another"),
        Arguments.of(
            checkpoints("{id: t, uri: [x]}"),
            "line 3: checkpoint t: uri: expected a text, found a list"),
        Arguments.of(
            checkpoints("{id: t, adapters: x}"),
            "line 3: checkpoint t: adapters: expected a list, found 'x'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: {a: {}}}"),
            "line 3: checkpoint t: tag a: expected a text, found an object"),
        Arguments.of(
            BASE + "checkpoints:\n  - &x {id: t, uri: x}\n  - *x\n",
            "line 4: Aliases (*name) are not supported in a manifest"));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aFaultIsNamedWithItsLine(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(UserInputException.class)
        .hasMessage("[file:/m.yaml] " + message);
  }

  @Test
  void aDoubledKeyAndBrokenSyntaxAreNamedWithTheirLine() {
    assertThatThrownBy(() -> read(BASE + BASE))
        .hasMessageStartingWith("[file:/m.yaml] line 2: Duplicate field 'base'");
    assertThatThrownBy(() -> read(BASE + "checkpoints: [")).hasMessageContaining("line 2: ");
    assertThatThrownBy(() -> read(BASE + "---\nx: 1\n")).hasMessageStartingWith("[file:/m.yaml]");
  }

  @Test
  void oneComparisonTakesItsIdsFromThePaths() {
    assertThat(Manifest.single("file:/m/base", List.of("file:/a/chat/")).checkpoints())
        .extracting(CheckpointSpec::id)
        .containsExactly("chat");
    assertThat(Manifest.single("file:/m/model", List.of("s3a://bucket/tuned/model")).checkpoints())
        .extracting(CheckpointSpec::id)
        .containsExactly("tuned/model");
  }

  private static String checkpoints(String... lines) {
    StringBuilder text = new StringBuilder(BASE + "checkpoints:\n");
    for (String line : lines) {
      text.append("  - ").append(line).append('\n');
    }
    return text.toString();
  }
}
