package io.github.intruders.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** What a result looks like, against the schemas of those who read it. */
class CheckOutputsTest {
  private static final String HOSTILE = "x\u0001<&]]>\uD800'\"\uFFFF\u00e9";

  /** Every state and every effect there is, and an id with all that may go wrong. */
  private static CheckResult result() {
    return new Fleet()
        .checkpoint("bad", 0.9)
        .checkpoint("good", 0.1, "intruder_count", 3)
        .checkpoint(HOSTILE, 0.7)
        .check(
            Fleet.rules(
                "{id: norm, about: Far, table: checkpoints, column: update_relative_norm, max: 0.5}",
                "{id: usual, table: checkpoints, column: update_relative_norm, max: 0.5, severity: warning}",
                "{id: count, table: checkpoints, column: intruder_count, max: 5}",
                "{id: look, table: checkpoints, column: intruder_count, max: 5, unknown: info}",
                "{id: maybe, table: checkpoints, column: intruder_count, max: 5, unknown: pass}"),
            List.of());
  }

  @Test
  void junitFitsTheSchemaOfJenkinsAndCountsWhatItHolds() throws Exception {
    ByteArrayOutputStream xml = new ByteArrayOutputStream();
    JUnitXml.write(result(), xml);

    assertThatCode(
            () ->
                SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
                    .newSchema(getClass().getResource("/schemas/junit-10.xsd"))
                    .newValidator()
                    .validate(new StreamSource(new ByteArrayInputStream(xml.toByteArray()))))
        .doesNotThrowAnyException();
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(xml.toByteArray()));
    Element root = document.getDocumentElement();
    assertThat(root.getAttribute("tests")).isEqualTo("15");
    assertThat(root.getAttribute("failures")).isEqualTo("2");
    assertThat(root.getAttribute("errors")).isEqualTo("2");
    assertThat(document.getElementsByTagName("testcase").getLength()).isEqualTo(15);
    assertThat(document.getElementsByTagName("failure").getLength()).isEqualTo(2);
    assertThat(document.getElementsByTagName("error").getLength()).isEqualTo(2);
    assertThat(document.getElementsByTagName("skipped").getLength()).isEqualTo(2);
    assertThat(document.getElementsByTagName("system-out").getLength()).isEqualTo(4);
    assertThat(((Element) document.getElementsByTagName("failure").item(0)).getAttribute("message"))
        .isEqualTo("checkpoints.update_relative_norm is 0.9, allowed is at most 0.5 (bad)");
  }

  @Test
  void sarifFitsItsSchema() throws IOException {
    JsonNode log = SarifLog.of(result(), "ci/rules of mine.yaml", "1.2");

    try (InputStream schema = getClass().getResourceAsStream("/schemas/sarif-2.1.0-rtm.5.json")) {
      assertThat(
              JsonSchemaFactory.getInstance(VersionFlag.V4)
                  .getSchema(new JsonMapper().readTree(schema))
                  .validate(log))
          .isEmpty();
    }
    JsonNode run = log.at("/runs/0");
    assertThat(run.at("/tool/driver/rules")).hasSize(5);
    assertThat(run.at("/results")).hasSize(8);
    assertThat(run.at("/results").findValuesAsText("level"))
        .containsExactly("error", "error", "error", "error", "warning", "warning", "note", "note");
    assertThat(run.at("/results/0/locations/0/physicalLocation/artifactLocation/uri").asText())
        .isEqualTo("ci/rules%20of%20mine.yaml");
    assertThat(run.at("/results/0/locations/0/physicalLocation/region/startLine").asInt())
        .isEqualTo(2);
    assertThat(Set.copyOf(run.at("/results").findValuesAsText("ruleAndCheckpoint/v1"))).hasSize(8);
  }

  @Test
  void peopleReadALineForEachBrokenRuleAndOneThatSumsUp() {
    List<String> lines = CheckLines.of(result());

    assertThat(lines)
        .contains(
            "error   norm: checkpoints.update_relative_norm is 0.9, allowed is at most 0.5 (bad)",
            "warning usual: checkpoints.update_relative_norm is 0.9, allowed is at most 0.5 (bad)",
            "5 rules, 3 checkpoints: 1 accepted, 2 not; 5 verdicts passed, 4 broken, 6 not known");
    assertThat(lines)
        .filteredOn(line -> line.contains("not known: it has no value"))
        .containsExactly(
            "error   count: checkpoints.intruder_count is not known: it has no value (2 checkpoints: bad, x?<&]]>?'\"?\u00e9)",
            "info    look: checkpoints.intruder_count is not known: it has no value (2 checkpoints: bad, x?<&]]>?'\"?\u00e9)");
  }

  @Test
  void jsonHoldsWhatMatters() {
    JsonNode json = CheckJson.of(result());

    assertThat(json.get("accepted")).hasSize(1);
    assertThat(json.get("refused")).hasSize(2);
    assertThat(json.at("/findings/0/rule").asText()).isEqualTo("norm");
    assertThat(json.at("/findings/0/limit").asDouble()).isEqualTo(0.5);
    assertThat(json.get("unknown").asInt()).isEqualTo(6);
  }
}
