package io.github.intruders.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

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
    Map<String, List<Integer>> steps = new TreeMap<>();
    for (CheckpointSpec checkpoint : zoo.checkpoints()) {
      steps.computeIfAbsent(checkpoint.sequence(), key -> new ArrayList<>()).add(checkpoint.step());
    }
    assertThat(steps).containsOnlyKeys("full", "lora-r1", "lora-r8", "lora-r32");
    assertThat(steps.values()).containsOnly(List.of(1, 2, 3, 4));
    CheckpointSpec chain = zoo.checkpoints().get(5);
    assertThat(chain.id()).isEqualTo("lora-r1/2-c");
    assertThat(chain.sources()).containsExactly("file:/lora-r1/1-python", "file:/lora-r1/2-c");
    assertThat(chain.sequence()).isEqualTo("lora-r1");
    assertThat(chain.step()).isEqualTo(2);
    assertThat(chain.task()).isEqualTo("c");
    assertThat(chain.method()).contains("lora");
  }

  @Test
  void aMergeIsOfListedAdaptersOrOfThoseOfAnotherCheckpoint() {
    Manifest manifest =
        read(
            BASE
                + "checkpoints:\n"
                + "  - {id: listed, uri: x, merged_from: [a, b]}\n"
                + "  - {id: named, uri: y, merged_from: chain}\n"
                + "  - {id: chain, adapters: [c, d]}\n");

    assertThat(manifest.checkpoints())
        .extracting(CheckpointSpec::mergedFrom)
        .containsExactly(List.of("file:/a", "file:/b"), List.of("file:/c", "file:/d"), List.of());
  }

  @Test
  void groupsGoByOneTagOrSeveral() {
    String checkpoints = checkpoints("{id: t, uri: x, tags: {rank: 8, lr: 1e-4}}");
    assertThat(read(checkpoints).groupBy()).isEmpty();
    assertThat(read(checkpoints + "group_by: lr\n").groupBy()).containsExactly("lr");
    Manifest several = read(checkpoints + "group_by: [rank, lr]\n");
    assertThat(several.groupBy()).containsExactly("rank", "lr");
    assertThat(several.withMetrics(List.of("m")).groupBy()).containsExactly("rank", "lr");
    assertThat(several.withCheckpoints(List.of("t"))).isEqualTo(several);
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
        Arguments.of("# only a comment\n", "line 1: The manifest is empty"),
        Arguments.of("---\n", "line 2: the manifest: expected an object, found nothing"),
        Arguments.of("hello", "line 1: the manifest: expected an object, found 'hello'"),
        Arguments.of("[1]", "line 1: the manifest: expected an object, found a list"),
        Arguments.of("checkpoints: []", "line 1: Missing key 'base' in the manifest"),
        Arguments.of(BASE, "line 1: Missing key 'checkpoints' in the manifest"),
        Arguments.of("base: {id: b}\n", "line 1: Missing key 'uri' in base"),
        Arguments.of("base: {uri: x}\n", "line 1: Missing key 'id' in base"),
        Arguments.of("base: {id: ~, uri: x}\n", "line 1: base: id: expected a text, found nothing"),
        Arguments.of("base: {id: b, uri: []}\n", "line 1: base.uri: expected a text, found a list"),
        Arguments.of(
            "base: {id: b, url: x}\n",
            "line 1: Unknown key 'url' in base; expected one of [id, uri]"),
        Arguments.of(
            BASE + "checkpoints:\n", "line 2: checkpoints: expected a list, found nothing"),
        Arguments.of(
            BASE + "checkpoints: {}\n", "line 2: checkpoints: expected a list, found an object"),
        Arguments.of(
            checkpoints("{id: t, uri: x}") + "metrics: {a: b}\n",
            "line 4: metrics: expected a text, found an object"),
        Arguments.of(
            checkpoints("{id: t, uri: x}") + "metrics: [a, [b]]\n",
            "line 4: metrics: expected a text, found a list"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: {rank: 8, lr: 1}}") + "group_by: [rank, rnk]\n",
            "line 4: group_by: no checkpoint has the tag 'rnk'; expected one of [lr, rank]"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: {rank: 8}}") + "group_by: [rank, rank]\n",
            "line 4: group_by: the tag 'rank' stands there twice"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: {sequence: 8}}") + "group_by: sequence\n",
            "line 4: group_by: sequences are groups already, without being named here"),
        Arguments.of("base: x\n", "line 1: base: expected an object, found 'x'"),
        Arguments.of(BASE + "checkpoints: []\n", "line 2: checkpoints: expected at least one"),
        Arguments.of(
            BASE + "checkpoint: []\n",
            "line 2: Unknown key 'checkpoint' in the manifest; expected one of [base, checkpoints,"
                + " metrics, group_by]"),
        Arguments.of(
            BASE + "checkpoint:\n\n  - id: t\n", // the key's line, not its value's
            "line 2: Unknown key 'checkpoint' in the manifest; expected one of [base, checkpoints,"
                + " metrics, group_by]"),
        Arguments.of(
            BASE + "checkpoints:\n  - id: t\n    url:\n      x\n",
            "line 4: Unknown key 'url' in a checkpoint; expected one of [id, uri, adapters,"
                + " merged_from, sequence, step, task, tags]"),
        Arguments.of(checkpoints("x"), "line 3: a checkpoint: expected an object, found 'x'"),
        Arguments.of(checkpoints("''"), "line 3: a checkpoint: expected an object, found ''"),
        Arguments.of(checkpoints("{id: ' ', uri: x}"), "line 3: a checkpoint: id is blank"),
        Arguments.of(
            checkpoints("{id: {}, uri: x}"),
            "line 3: a checkpoint: id: expected a text, found an object"),
        Arguments.of(
            checkpoints("{id: t, adapters: [a], merged_from: [a]}"),
            "line 3: checkpoint t: merged_from is for a whole checkpoint; expected uri and no"
                + " adapters"),
        Arguments.of(
            checkpoints("{id: t, uri: x, merged_from: []}"),
            "line 3: checkpoint t: merged_from: expected at least one adapter"),
        Arguments.of(
            checkpoints("{id: t, uri: x, merged_from: t}"),
            "line 3: checkpoint t: merged_from: expected a list of adapters, or the id of another"
                + " checkpoint of the manifest that is made of adapters; found 't'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, merged_from: nobody}"),
            "line 3: checkpoint t: merged_from: expected a list of adapters, or the id of another"
                + " checkpoint of the manifest that is made of adapters; found 'nobody'"),
        Arguments.of(
            checkpoints("{id: t, adapters: []}"),
            "line 3: checkpoint t: expected uri, adapters or both"),
        Arguments.of(
            checkpoints("{id: t, uri: x, task: }"),
            "line 3: checkpoint t: task: expected a text, found nothing"),
        Arguments.of(checkpoints("{id: t, uri: ''}"), "line 3: checkpoint t: uri is blank"),
        Arguments.of(
            checkpoints("{id: t, adapters: [a, ~]}"),
            "line 3: checkpoint t: adapters: expected a text, found nothing"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: [a]}"),
            "line 3: checkpoint t: tags: expected an object, found a list"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: {a: [1]}}"),
            "line 3: checkpoint t: tag a: expected a text, found a list"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: {a: }}"),
            "line 3: checkpoint t: tag a: expected a text, found nothing"),
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
            "line 3: checkpoint t: step: expected an integer from 0 to 2147483647, found 'one'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s, step: 1.0}"),
            "line 3: checkpoint t: step: expected an integer from 0 to 2147483647, found '1.0'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s, step: -1}"),
            "line 3: checkpoint t: step: expected an integer from 0 to 2147483647, found '-1'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s, step: 2147483648}"),
            "line 3: checkpoint t: step: expected an integer from 0 to 2147483647, found"
                + " '2147483648'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s, step: 99999999999999999999}"),
            "line 3: checkpoint t: step: expected an integer from 0 to 2147483647, found"
                + " '99999999999999999999'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s, step: 0x2}"),
            "line 3: checkpoint t: step: expected an integer from 0 to 2147483647, found '0x2'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: s, step: []}"),
            "line 3: checkpoint t: step: expected an integer from 0 to 2147483647, found a list"),
        Arguments.of(
            checkpoints("{id: t, uri: x, sequence: [s], step: 1}"),
            "line 3: checkpoint t: sequence: expected a text, found a list"),
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
            "line 4: Aliases (*name) are not supported in a manifest"),
        Arguments.of(
            BASE + "checkpoints:\n  - &x {id: t, uri: x}\n  - {<<: *x, id: u}\n",
            "line 4: Aliases (*name) are not supported in a manifest"),
        Arguments.of(
            checkpoints("[".repeat(30) + "]".repeat(30)),
            "line 3: Expected at most 20 levels of nesting"));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aFaultIsNamedWithItsLine(String text, String message) {
    UserInputException fault = catchThrowableOfType(UserInputException.class, () -> read(text));

    assertThat(fault).hasMessage("[file:/m.yaml] " + message);
    assertThat(fault.code()).isEqualTo(RejectCode.MANIFEST_INVALID);
    assertThat(fault.file()).contains("file:/m.yaml");
  }

  private static Stream<Arguments> brokenSyntax() {
    return Stream.of(
        Arguments.of(BASE + BASE, "line 2: Duplicate field 'base'"),
        Arguments.of("base:\n  id: b\n  uri: x\n  id: c\n", "line 4: Duplicate field 'id'"),
        Arguments.of(
            checkpoints("{id: t, uri: x, tags: {a: 1, a: 2}}"), "line 3: Duplicate field 'a'"),
        Arguments.of(BASE + "---\nx: 1\n", "line 3: Expected one document, found a second one"),
        Arguments.of(
            BASE + "checkpoints: [\n",
            "line 3: Cannot read as YAML: expected the node content, but found '<stream end>',"
                + " while parsing a flow node that starts on line 3"),
        Arguments.of(
            checkpoints("{id: t", "{id: u}"),
            "line 4: Cannot read as YAML: expected ',' or '}', but got {, while parsing a flow"
                + " mapping that starts on line 3"),
        Arguments.of(
            "base: 'x\n",
            "line 2: Cannot read as YAML: found unexpected end of stream, while scanning a quoted"
                + " scalar that starts on line 1"),
        Arguments.of(
            BASE + "checkpoints:\n  - id: t\n   uri: x\n",
            "line 4: Cannot read as YAML: expected <block end>, but found '<block mapping start>',"
                + " while parsing a block collection that starts on line 3"),
        Arguments.of(
            BASE + "\tcheckpoints: []\n",
            "line 2: Cannot read as YAML: found character '\\t(TAB)' that cannot start any token."
                + " (Do not use \\t(TAB) for indentation)"),
        Arguments.of(
            BASE + "task: a: b\n",
            "line 2: Cannot read as YAML: mapping values are not allowed here"),
        Arguments.of(
            checkpoints("{? [a] : b}"),
            "line 3: Expected a text as key, found an object or a list"),
        Arguments.of(
            checkpoints("{id: \"a\u0007\", uri: x}"),
            "line 3: YAML can't hold the character U+0007"),
        Arguments.of(BASE + "\ud800", "line 2: YAML can't hold the character U+D800"));
  }

  @ParameterizedTest
  @MethodSource("brokenSyntax")
  void brokenSyntaxIsNamedWithItsLine(String text, String message) {
    aFaultIsNamedWithItsLine(text, message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a/../b",
        "..",
        ".",
        "./a",
        "a/.",
        "/a",
        "a/",
        "a//b",
        "a\\\\b",
        "a\\tb",
        "a\\u007fb"
      })
  void anIdThatCanNotNameAFolderIsRefused(String escaped) {
    String shown = escaped.replace("\\\\", "\\").replaceAll("\\\\(t|u007f)", "?");

    aFaultIsNamedWithItsLine(
        checkpoints("{id: \"%s\", uri: x}".formatted(escaped)),
        "line 3: id '%s' can't name a folder: expected no backslash, control character, '.'"
                .formatted(shown)
            + " or '..' part, and no slash at its start or end or beside another");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "a/b", "..a", "a..b/c.d", ".hidden", "a b", "größe", "a=b", "a:b"})
  void anOrdinaryIdIsTaken(String id) {
    assertThat(read(checkpoints("{id: '%s', uri: x}".formatted(id))).checkpoints())
        .extracting(CheckpointSpec::id)
        .containsExactly(id);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.10", "007", "1e3", "True", "0x1F", "1_000", ".nan", "2026-01-01"})
  void aScalarIsTakenAsItIsWritten(String scalar) {
    CheckpointSpec checkpoint =
        read(checkpoints("{id: %s, uri: x, tags: {a: %s}}".formatted(scalar, scalar)))
            .checkpoints()
            .get(0);

    assertThat(checkpoint.id()).isEqualTo(scalar);
    assertThat(checkpoint.tags()).containsEntry("a", scalar);
  }

  @ParameterizedTest
  @CsvSource({"0,0", "08,8", "010,10", "2147483647,2147483647"})
  void aStepIsReadAsADecimalNumber(String written, int step) {
    Manifest manifest =
        read(checkpoints("{id: t, uri: x, sequence: s, step: %s}".formatted(written)));

    assertThat(manifest.checkpoints().get(0).step()).isEqualTo(step);
  }

  private static Stream<String> valuesOfNothing() {
    return Stream.of("_none", "__HIVE_DEFAULT_PARTITION__", "__hive_default_partition__", "'Null'");
  }

  @ParameterizedTest
  @MethodSource("valuesOfNothing")
  void whatReadersOfPartitionedTablesTakeForNoValueIsRefused(String yaml) {
    String shown = yaml.replace("'", "");
    String reason =
        " '%s' can't name a folder: readers of the tables take it for no value; choose another"
            .formatted(shown);

    aFaultIsNamedWithItsLine(
        checkpoints("{id: %s, uri: x}".formatted(yaml)), "line 3: id" + reason);
    aFaultIsNamedWithItsLine("base: {id: %s, uri: x}".formatted(yaml), "line 1: id" + reason);
    aFaultIsNamedWithItsLine(
        checkpoints("{id: t, uri: x, sequence: %s, step: 1}".formatted(yaml)),
        "line 3: sequence" + reason);
  }

  @ParameterizedTest
  @CsvSource({"x,200,201", "/x,50,51", "é,100,101", "=,66,67"})
  void anIdThatIsTooLongForAFolderOnceItIsEscapedIsRefused(String part, int most, int tooMany) {
    String longest = "y" + part.repeat(most).substring(1);
    String tooLong = "y" + part.repeat(tooMany);

    assertThat(read(checkpoints("{id: '%s', uri: x}".formatted(longest))).checkpoints()).hasSize(1);
    UserInputException fault =
        catchThrowableOfType(
            UserInputException.class,
            () -> read(checkpoints("{id: '%s', uri: x}".formatted(tooLong))));
    assertThat(fault)
        .hasMessageContaining("line 3: id '%s' can't name a folder: it takes ".formatted(tooLong))
        .hasMessageEndingWith("expected at most 200");
  }

  @Test
  void aManifestOfManyMegabytesIsRead() {
    StringBuilder text = new StringBuilder(BASE + "checkpoints:\n");
    String path = "a-long-path/".repeat(20);
    int count = 0;
    for (; text.length() < 4 << 20; count++) { // SnakeYAML's own bound is 3 MiB
      text.append("  - {id: run/%d, uri: %s%d}\n".formatted(count, path, count));
    }

    assertThat(read(text.toString()).checkpoints()).hasSize(count);
  }

  @Test
  void aManifestOfCountlessEmptyListsIsRefusedBeforeItFillsTheMemory() {
    aFaultIsNamedWithItsLine(
        "base: [" + "[],".repeat(9_000_000) + "]",
        "line 1: Token count (16000001) exceeds the maximum allowed (16000000, from"
            + " `StreamReadConstraints.getMaxTokenCount()`)");
  }

  @Test
  void stepsThatLeaveNumbersOutAreASequence() {
    Manifest manifest =
        read(
            checkpoints(
                "{id: a, uri: x, sequence: s, step: 500}",
                "{id: d, uri: x, sequence: s, step: 1000}",
                "{id: c, uri: x, sequence: s, step: 1500}"));

    assertThat(manifest.checkpoints())
        .extracting(CheckpointSpec::step)
        .containsExactly(500, 1000, 1500);
  }

  @Test
  void aSequenceMayStartAnywhereAndStandInAnyOrder() {
    Manifest manifest =
        read(
            checkpoints(
                "{id: c, uri: x, sequence: s, step: 5}",
                "{id: d, uri: x, sequence: other, step: 0}",
                "{id: a, uri: x, sequence: s, step: 3}",
                "{id: e, uri: x, sequence: s, step: 4}"));

    assertThat(manifest.checkpoints())
        .extracting(CheckpointSpec::id)
        .containsExactly("c", "d", "a", "e");
  }

  @Test
  void aWholeCheckpointMayHaveAdaptersOnTop() {
    CheckpointSpec checkpoint =
        read(checkpoints("{id: t, adapters: [a, b], uri: x}")).checkpoints().get(0);

    assertThat(checkpoint.sources()).containsExactly("file:/x", "file:/a", "file:/b");
    assertThat(checkpoint.sequence()).isNull();
    assertThat(checkpoint.step()).isNull();
    assertThat(checkpoint.task()).isNull();
    assertThat(checkpoint.method()).isEmpty();
  }

  @Test
  void metricsAreOneFileOrSeveral() {
    String text = checkpoints("{id: t, uri: x}");

    assertThat(read(text).metrics()).isEmpty();
    assertThat(read(text + "metrics: a.csv\n").metrics()).containsExactly("file:/a.csv");
    assertThat(read(text + "metrics: [a.csv, b.csv]\n").metrics())
        .containsExactly("file:/a.csv", "file:/b.csv");
  }

  @Test
  void windowsLinesAByteOrderMarkAndAnEndMarkerAreNoHindrance() {
    String text = checkpoints("{id: t, uri: x}");

    assertThat(read("\ufeff" + text.replace("\n", "\r\n") + "...\r\n").checkpoints()).hasSize(1);
  }

  private static String checkpoints(String... lines) {
    StringBuilder text = new StringBuilder(BASE + "checkpoints:\n");
    for (String line : lines) {
      text.append("  - ").append(line).append('\n');
    }
    return text.toString();
  }
}
