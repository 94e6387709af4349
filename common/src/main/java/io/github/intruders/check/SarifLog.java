package io.github.intruders.check;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.intruders.input.Fingerprint;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A result in SARIF 2.1.0, which code scanning shows. Each finding stands at its rule in the file
 * of rules, since a checkpoint is no text that lines could be shown of. What passed is left out.
 */
public final class SarifLog {
  private static final String SCHEMA =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
  private static final String VERSION = "2.1.0";
  private static final String TOOL = "intruders";
  private static final String SITE = "https://arxiv.org/abs/2410.21228";

  private SarifLog() {}

  /**
   * The log.
   *
   * @param rulesFile the file of rules as a reader of the log finds it, a path or a URI
   * @param toolVersion of this program
   */
  public static ObjectNode of(CheckResult result, String rulesFile, String toolVersion) {
    ObjectNode log = JsonNodeFactory.instance.objectNode();
    log.put("$schema", SCHEMA);
    log.put("version", VERSION);
    ObjectNode run = log.putArray("runs").addObject();
    ObjectNode driver = run.putObject("tool").putObject("driver");
    driver.put("name", TOOL);
    driver.put("version", toolVersion);
    driver.put("informationUri", SITE);
    List<Rule> rules = result.rules().rules();
    ArrayNode descriptors = driver.putArray("rules");
    rules.forEach(rule -> descriptor(descriptors.addObject(), rule));
    ObjectNode invocation = run.putArray("invocations").addObject();
    invocation.put("executionSuccessful", true);
    invocation.put("endTimeUtc", result.checkedAt().truncatedTo(ChronoUnit.SECONDS).toString());
    run.putObject("automationDetails").put("id", result.rules().name() + "/");
    Map<String, Integer> places =
        IntStream.range(0, rules.size())
            .boxed()
            .collect(Collectors.toMap(i -> rules.get(i).id(), Function.identity()));
    ArrayNode results = run.putArray("results");
    String uri = reference(rulesFile);
    for (Verdict verdict : result.findings()) {
      finding(results.addObject(), verdict, places.get(verdict.rule().id()), uri);
    }
    return log;
  }

  private static void descriptor(ObjectNode node, Rule rule) {
    node.put("id", rule.id());
    node.putObject("shortDescription").put("text", rule.text());
    if (rule.about() != null) {
      node.putObject("fullDescription").put("text", rule.about());
    }
    node.putObject("defaultConfiguration").put("level", level(rule.severity()));
  }

  private static String level(Severity severity) {
    return switch (severity) {
      case ERROR -> "error";
      case WARNING -> "warning";
      case INFO -> "note";
    };
  }

  private static void finding(ObjectNode node, Verdict verdict, int place, String rulesFile) {
    node.put("ruleId", verdict.rule().id());
    node.put("ruleIndex", place);
    node.put("kind", "fail");
    node.put("level", level(verdict.effect()));
    node.putObject("message").put("text", verdict.text());
    ObjectNode location = node.putArray("locations").addObject();
    ObjectNode physical = location.putObject("physicalLocation");
    physical.putObject("artifactLocation").put("uri", rulesFile);
    physical.putObject("region").put("startLine", verdict.rule().line());
    ObjectNode logical = location.putArray("logicalLocations").addObject();
    logical.put("name", verdict.checkpointId());
    logical.put("fullyQualifiedName", verdict.subject());
    logical.put("kind", "resource");
    node.putObject("partialFingerprints")
        .put(
            "ruleAndCheckpoint/v1",
            Fingerprint.of(verdict.rule().id() + "\n" + verdict.checkpointId()));
    ObjectNode properties = node.putObject("properties");
    properties.put("state", verdict.state().text());
    properties.put("observed", verdict.observed());
    properties.put("limit", verdict.limit());
    properties.put("bound", verdict.bound());
  }

  /** A path or URI with what URIs can't hold escaped. */
  private static String reference(String file) {
    try {
      int scheme = file.indexOf(':');
      URI uri =
          scheme > 1
              ? new URI(file.substring(0, scheme), file.substring(scheme + 1), null)
              : new URI(null, file, null);
      return uri.toASCIIString();
    } catch (URISyntaxException e) {
      return "rules.yaml";
    }
  }
}
