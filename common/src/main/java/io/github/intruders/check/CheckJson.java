package io.github.intruders.check;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.temporal.ChronoUnit;

/** A result as JSON. */
public final class CheckJson {
  private CheckJson() {}

  /** The counts, who is accepted and who is not, and the verdicts that matter. */
  public static ObjectNode of(CheckResult result) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("rule_set", result.rules().name());
    json.put("rules_hash", result.rules().hash());
    json.put("checked_at", result.checkedAt().truncatedTo(ChronoUnit.SECONDS).toString());
    json.put("rules", result.rules().rules().size());
    json.put("checkpoints", result.checkpoints().size());
    for (Verdict.State state : Verdict.State.values()) {
      json.put(state.text(), result.count(state));
    }
    ArrayNode accepted = json.putArray("accepted");
    result.accepted().forEach(accepted::add);
    ArrayNode refused = json.putArray("refused");
    result.refused().forEach(refused::add);
    ArrayNode findings = json.putArray("findings");
    result.findings().forEach(verdict -> finding(findings.addObject(), verdict));
    return json;
  }

  private static void finding(ObjectNode node, Verdict verdict) {
    node.put("rule", verdict.rule().id());
    node.put("severity", verdict.effect().text());
    node.put("state", verdict.state().text());
    node.put("checkpoint_id", verdict.checkpointId());
    node.put("subject", verdict.subject());
    node.put("figure", verdict.rule().figure().text());
    node.put("observed", verdict.observed());
    node.put("bound", verdict.bound());
    node.put("limit", verdict.limit());
    node.put("reference", verdict.reference());
    node.put("reference_of", verdict.referenceOf());
    node.put("reason", verdict.reason());
  }
}
