package io.github.intruders.manifest;

import io.github.intruders.document.DocumentNode;
import io.github.intruders.document.DocumentNode.Document;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** Reads a manifest. Every fault names the file, the line, what was found and what was expected. */
public final class ManifestReader {
  private static final List<String> ROOT_KEYS =
      List.of("base", "checkpoints", "metrics", "group_by");
  private static final List<String> BASE_KEYS = List.of("id", "uri");
  private static final List<String> CHECKPOINT_KEYS =
      List.of("id", "uri", "adapters", "merged_from", "sequence", "step", "task", "tags");

  private final UnaryOperator<String> resolve;
  private final Map<String, DocumentNode> ids = new HashMap<>();
  private final Map<String, Map<Integer, DocumentNode>> steps = new HashMap<>();
  private final Map<String, DocumentNode> merges = new HashMap<>();

  private ManifestReader(UnaryOperator<String> resolve) {
    this.resolve = resolve;
  }

  /**
   * Reads a manifest.
   *
   * @param uri where it lies; named in every fault
   * @param text YAML, of which JSON is a part
   * @param resolve makes a qualified URI of one that is relative to the manifest
   * @throws UserInputException if anything in it is not as it should be
   */
  public static Manifest read(String uri, String text, UnaryOperator<String> resolve) {
    return new ManifestReader(resolve)
        .manifest(
            DocumentNode.parse(new Document(uri, "manifest", RejectCode.MANIFEST_INVALID), text),
            text);
  }

  private Manifest manifest(DocumentNode node, String text) {
    Map<String, DocumentNode> root = node.object("the manifest", ROOT_KEYS);
    DocumentNode baseNode = node.required(root, "base", "the manifest");
    Map<String, DocumentNode> base = baseNode.object("base", BASE_KEYS);
    String baseId = id(baseNode, base, "base");
    String baseUri = resolve.apply(baseNode.required(base, "uri", "base").text("base.uri"));
    DocumentNode list = node.required(root, "checkpoints", "the manifest");
    List<CheckpointSpec> checkpoints = new ArrayList<>();
    for (DocumentNode checkpoint : list.list("checkpoints")) {
      checkpoints.add(checkpoint(checkpoint));
    }
    if (checkpoints.isEmpty()) {
      throw list.fault("checkpoints: expected at least one");
    }
    return new Manifest(
        baseId,
        baseUri,
        withMerges(checkpoints),
        metrics(root),
        groupBy(root, checkpoints),
        Fingerprint.of(text));
  }

  private List<String> metrics(Map<String, DocumentNode> root) {
    DocumentNode metrics = root.get("metrics");
    if (metrics == null) {
      return List.of();
    }
    return metrics.value() instanceof List
        ? uris(metrics, "metrics")
        : List.of(uri(metrics, "metrics"));
  }

  private static List<String> groupBy(
      Map<String, DocumentNode> root, List<CheckpointSpec> checkpoints) {
    DocumentNode groupBy = root.get("group_by");
    if (groupBy == null) {
      return List.of();
    }
    Set<String> known = new TreeSet<>();
    checkpoints.forEach(spec -> known.addAll(spec.tags().keySet()));
    Set<String> tags = new LinkedHashSet<>();
    for (DocumentNode node :
        groupBy.value() instanceof List ? groupBy.list("group_by") : List.of(groupBy)) {
      String tag = node.text("group_by");
      if (tag.equals("sequence")) {
        throw node.fault("group_by: sequences are groups already, without being named here");
      }
      if (!known.contains(tag)) {
        throw node.fault(
            "group_by: no checkpoint has the tag '%s'; expected one of %s".formatted(tag, known));
      }
      if (!tags.add(tag)) {
        throw node.fault("group_by: the tag '%s' stands there twice".formatted(tag));
      }
    }
    return List.copyOf(tags);
  }

  private CheckpointSpec checkpoint(DocumentNode node) {
    Map<String, DocumentNode> keys = node.object("a checkpoint", CHECKPOINT_KEYS);
    String id = id(node, keys, "a checkpoint");
    String name = "checkpoint " + id;
    List<String> sources = new ArrayList<>();
    if (keys.containsKey("uri")) {
      sources.add(uri(keys.get("uri"), name + ": uri"));
    }
    if (keys.containsKey("adapters")) {
      sources.addAll(uris(keys.get("adapters"), name + ": adapters"));
    }
    if (sources.isEmpty()) {
      throw node.fault("%s: expected uri, adapters or both".formatted(name));
    }
    if (keys.containsKey("merged_from")) {
      if (keys.containsKey("adapters") || !keys.containsKey("uri")) {
        throw keys.get("merged_from")
            .fault(
                "%s: merged_from is for a whole checkpoint; expected uri and no adapters"
                    .formatted(name));
      }
      merges.put(id, keys.get("merged_from"));
    }
    return new CheckpointSpec(
        id,
        sources,
        sequence(node, keys, name),
        keys.containsKey("step") ? keys.get("step").integer(name + ": step") : null,
        keys.containsKey("task") ? keys.get("task").text(name + ": task") : null,
        tags(keys, name));
  }

  /** Adapters that {@code merged_from} lists, or those of the checkpoint that it names. */
  private List<CheckpointSpec> withMerges(List<CheckpointSpec> checkpoints) {
    Map<String, List<String>> sources = new HashMap<>();
    checkpoints.forEach(spec -> sources.put(spec.id(), spec.sources()));
    List<CheckpointSpec> all = new ArrayList<>();
    for (CheckpointSpec spec : checkpoints) {
      DocumentNode merge = merges.get(spec.id());
      all.add(merge == null ? spec : spec.withMergedFrom(adapters(spec.id(), merge, sources)));
    }
    return all;
  }

  private List<String> adapters(String id, DocumentNode merge, Map<String, List<String>> sources) {
    String name = "checkpoint %s: merged_from".formatted(id);
    if (merge.value() instanceof List) {
      List<String> adapters = uris(merge, name);
      if (adapters.isEmpty()) {
        throw merge.fault("%s: expected at least one adapter".formatted(name));
      }
      return adapters;
    }
    String other = merge.text(name);
    if (other.equals(id) || merges.containsKey(other) || !sources.containsKey(other)) {
      throw merge.fault(
          "%s: expected a list of adapters, or the id of another checkpoint of the manifest that is made of adapters; found '%s'"
              .formatted(name, other));
    }
    return sources.get(other);
  }

  private String id(DocumentNode node, Map<String, DocumentNode> keys, String name) {
    DocumentNode idNode = node.required(keys, "id", name);
    String id = idNode.text(name + ": id");
    requireFolderName(idNode, "id", id);
    DocumentNode first = ids.putIfAbsent(id, idNode);
    if (first != null) {
      throw idNode.fault("id '%s' stands already on line %d".formatted(id, first.line()));
    }
    return id;
  }

  private static void requireFolderName(DocumentNode node, String kind, String name) {
    FolderName.fault(name)
        .ifPresent(
            fault -> {
              throw node.fault("%s '%s' can't name a folder: %s".formatted(kind, name, fault));
            });
  }

  private String sequence(DocumentNode node, Map<String, DocumentNode> keys, String name) {
    if (keys.containsKey("sequence") != keys.containsKey("step")) {
      throw node.fault("%s: expected both sequence and step, or neither".formatted(name));
    }
    if (!keys.containsKey("sequence")) {
      return null;
    }
    DocumentNode sequenceNode = keys.get("sequence");
    String sequence = sequenceNode.text(name + ": sequence");
    requireFolderName(sequenceNode, "sequence", sequence);
    DocumentNode stepNode = keys.get("step");
    int step = stepNode.integer(name + ": step");
    DocumentNode first =
        steps.computeIfAbsent(sequence, key -> new HashMap<>()).putIfAbsent(step, stepNode);
    if (first != null) {
      throw stepNode.fault(
          "Step %d of sequence '%s' stands already on line %d"
              .formatted(step, sequence, first.line()));
    }
    return sequence;
  }

  private static Map<String, String> tags(Map<String, DocumentNode> keys, String name) {
    Map<String, String> tags = new TreeMap<>();
    if (keys.containsKey("tags")) {
      keys.get("tags")
          .anyObject(name + ": tags")
          .forEach((tag, value) -> tags.put(tag, value.text(name + ": tag " + tag)));
    }
    return tags;
  }

  private String uri(DocumentNode node, String name) {
    return resolve.apply(node.text(name));
  }

  private List<String> uris(DocumentNode node, String name) {
    List<String> uris = new ArrayList<>();
    for (DocumentNode item : node.list(name)) {
      uris.add(uri(item, name));
    }
    return uris;
  }
}
