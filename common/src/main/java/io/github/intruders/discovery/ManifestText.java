package io.github.intruders.discovery;

import io.github.intruders.discovery.Finding.LeftOut;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.Secrets;
import io.github.intruders.manifest.CheckpointSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Writes what was found as a manifest. */
public final class ManifestText {
  /** The lines between these two are written anew each time. */
  static final String BEGIN = "# >>> discover: what is left out; --update writes this part anew";

  static final String END = "# <<< discover";

  private static final int MAX_LINES = 1_000;
  private static final int MAX_EXAMPLES = 5;
  private static final int MAX_REASON = 500;

  private final Fleet fleet;
  private final String folder;

  /**
   * @param folder the URI of the manifest's own folder, from where URIs are written relative if
   *     they lie in it; null to write all of them whole
   */
  public ManifestText(Fleet fleet, String folder) {
    this.fleet = fleet;
    this.folder = folder;
  }

  /**
   * A new manifest.
   *
   * @param trainerMetrics how it names the file of trainers' evaluations; null if there is none
   */
  public String render(String trainerMetrics) {
    StringBuilder text = new StringBuilder();
    text.append(
        "# Written by intruders discover. Change what you like: --update adds what is new, and\n");
    text.append("# rewrites only the part between the two marks at the end.\n");
    text.append(
        "base: {id: %s, uri: %s}\n"
            .formatted(Scalar.yaml(fleet.baseId()), Scalar.yaml(relative(fleet.baseUri()))));
    text.append("checkpoints:\n");
    for (Entry entry : fleet.entries()) {
      if (entry.note() != null) {
        text.append("  # ").append(comment(entry.note())).append('\n');
      }
      text.append("  - ").append(item(entry, Scalar::yaml, Scalar::yaml)).append('\n');
    }
    List<String> metrics = metrics(trainerMetrics);
    if (!metrics.isEmpty()) {
      text.append("metrics:\n");
      metrics.forEach(uri -> text.append("  - ").append(Scalar.yaml(uri)).append('\n'));
    }
    return text.append(leftOut("\n")).toString();
  }

  /** The new metrics files as the manifest names them. */
  List<String> metrics(String trainerMetrics) {
    List<String> metrics = new ArrayList<>();
    if (trainerMetrics != null) {
      metrics.add(trainerMetrics);
    }
    fleet.metrics().forEach(uri -> metrics.add(relative(uri)));
    return metrics;
  }

  /**
   * One checkpoint as a flow mapping.
   *
   * @param key writes a key of ours
   * @param value writes any other text
   */
  String item(Entry entry, UnaryOperator<String> key, UnaryOperator<String> value) {
    CheckpointSpec spec = entry.spec();
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("id", value.apply(spec.id()));
    String uri = value.apply(relative(spec.sources().get(0)));
    if (entry.adapter()) {
      fields.put("adapters", "[" + uri + "]");
    } else {
      fields.put("uri", uri);
    }
    if (spec.sequence() != null) {
      fields.put("sequence", value.apply(spec.sequence()));
      fields.put("step", spec.step().toString());
    }
    if (spec.task() != null) {
      fields.put("task", value.apply(spec.task()));
    }
    if (!spec.tags().isEmpty()) {
      fields.put("tags", mapping(spec.tags(), key, value));
    }
    return fields.entrySet().stream()
        .map(field -> key.apply(field.getKey()) + ": " + field.getValue())
        .collect(Collectors.joining(", ", "{", "}"));
  }

  private static String mapping(
      Map<String, String> tags, UnaryOperator<String> key, UnaryOperator<String> value) {
    return tags.entrySet().stream()
        .map(tag -> key.apply(tag.getKey()) + ": " + value.apply(tag.getValue()))
        .collect(Collectors.joining(", ", "{", "}"));
  }

  /** A URI as the manifest names it: seen from its folder if it lies there. */
  private String relative(String uri) {
    if (folder == null || !uri.startsWith(folder)) {
      return uri;
    }
    String below = uri.substring(folder.length());
    boolean misread =
        below.isEmpty() || below.startsWith("/") || below.matches("[A-Za-z][A-Za-z0-9+.-]+:.*");
    return misread ? uri : below;
  }

  /** What is left out and why, between the two marks; empty if there is nothing to say. */
  String leftOut(String newline) {
    List<String> lines = new ArrayList<>();
    fleet.remarks().stream().limit(MAX_LINES).forEach(remark -> lines.add(comment(remark)));
    List<LeftOut> broken = fleet.leftOut().stream().filter(LeftOut::broken).toList();
    if (!broken.isEmpty()) {
      lines.add("Can't be used (%d):".formatted(broken.size()));
      broken.stream()
          .limit(MAX_LINES)
          .forEach(one -> lines.add("  %s: %s".formatted(comment(path(one)), reason(one))));
      if (broken.size() > MAX_LINES) {
        lines.add("  … and %d more".formatted(broken.size() - MAX_LINES));
      }
    }
    Map<String, List<String>> byReason = new LinkedHashMap<>();
    for (LeftOut one : fleet.leftOut()) {
      if (!one.broken()) {
        byReason.computeIfAbsent(reason(one), key -> new ArrayList<>()).add(comment(path(one)));
      }
    }
    if (!byReason.isEmpty()) {
      lines.add("Left out:");
      byReason.entrySet().stream()
          .limit(MAX_LINES)
          .forEach(
              entry ->
                  lines.add(
                      "  %s%s: %s"
                          .formatted(
                              Excerpt.of(entry.getValue(), MAX_EXAMPLES),
                              entry.getValue().size() > 1
                                  ? " (%d)".formatted(entry.getValue().size())
                                  : "",
                              entry.getKey())));
      if (byReason.size() > MAX_LINES) {
        lines.add("  … and %d other reasons".formatted(byReason.size() - MAX_LINES));
      }
    }
    if (lines.isEmpty()) {
      return "";
    }
    return lines.stream()
        .map(line -> "# " + line)
        .collect(Collectors.joining(newline, BEGIN + newline, newline + END + newline));
  }

  private String path(LeftOut one) {
    String uri = fleet.uri(one);
    return folder == null ? uri : relative(uri);
  }

  private static String reason(LeftOut one) {
    return Excerpt.of(comment(one.reason()), MAX_REASON);
  }

  private static String comment(String text) {
    return Secrets.masked(Scalar.comment(text));
  }
}
