package io.github.intruders.discovery;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.manifest.CheckpointSpec;
import io.github.intruders.manifest.Manifest;
import io.github.intruders.manifest.ManifestReader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.nodes.CollectionNode;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Adds to a manifest's text and leaves the rest of it as it is, character by character: order,
 * comments, spelling and what a person has changed. A checkpoint that a person has put into a
 * comment stays there.
 */
public final class ManifestUpdate {
  private static final Pattern WORD = Pattern.compile("[^\\s\\[\\]{},\"']+");

  private final String uri;
  private final String text;
  private final UnaryOperator<String> resolve;
  private final Manifest manifest;

  /**
   * Reads a manifest.
   *
   * @param uri where it lies; named in every fault
   * @param resolve makes a qualified URI of one that is relative to the manifest
   * @throws UserInputException if it is none
   */
  public ManifestUpdate(String uri, String text, UnaryOperator<String> resolve) {
    this.uri = uri;
    this.text = text;
    this.resolve = resolve;
    this.manifest = ManifestReader.read(uri, text, resolve);
  }

  /** The manifest as it stands. */
  public String text() {
    return text;
  }

  /** What the manifest says. */
  public Manifest manifest() {
    return manifest;
  }

  /**
   * All URIs that need not be looked into: those it names, and those of checkpoints and results
   * that a person has put into a comment.
   */
  public Set<String> known() {
    Set<String> known = new HashSet<>();
    known.add(manifest.baseUri());
    manifest.checkpoints().forEach(spec -> known.addAll(spec.sources()));
    boolean ours = false;
    for (String line : text.split("\\R", -1)) {
      ours = (ours || line.startsWith(ManifestText.BEGIN)) && !line.startsWith(ManifestText.END);
      String trimmed = line.strip();
      if (!ours
          && trimmed.startsWith("#")
          && (trimmed.contains("uri:")
              || trimmed.contains("adapters:")
              || trimmed.contains(".json"))) {
        Matcher words = WORD.matcher(trimmed);
        while (words.find()) {
          String word = words.group();
          if (word.contains("/") || !word.endsWith(":")) {
            addResolved(word, known);
          }
        }
      }
    }
    return known;
  }

  private void addResolved(String word, Set<String> into) {
    try {
      into.add(Root.withoutSlash(resolve.apply(word)));
    } catch (UserInputException e) {
      // A word of a sentence.
    }
  }

  /**
   * The text with what is new. The same text if nothing is.
   *
   * @param trainerMetrics how it names the file of trainers' evaluations; null if there is none, or
   *     if it names it already
   * @throws UserInputException if this text can't be added to
   */
  public String with(ManifestText additions, Fleet fleet, String trainerMetrics) {
    String newline = text.contains("\r\n") ? "\r\n" : "\n";
    MappingNode root = (MappingNode) compose();
    boolean json = root.getFlowStyle() == FlowStyle.FLOW;
    UnaryOperator<String> spelling = json ? Scalar::quoted : Scalar::yaml;
    TreeMap<Integer, String> insertions = new TreeMap<>();
    if (!fleet.entries().isEmpty()) {
      SequenceNode list = (SequenceNode) value(root, "checkpoints");
      List<String> items = new ArrayList<>();
      List<String> notes = new ArrayList<>();
      for (Entry entry : fleet.entries()) {
        items.add(additions.item(entry, spelling, spelling));
        notes.add(entry.note());
      }
      insert(list, items, notes, newline, insertions);
    }
    List<String> metrics = additions.metrics(trainerMetrics);
    if (!metrics.isEmpty()) {
      insertMetrics(root, metrics.stream().map(spelling).toList(), newline, insertions);
    }
    StringBuilder edited = new StringBuilder(text);
    insertions.descendingMap().forEach((at, what) -> edited.insert(at, what));
    String result =
        json
            ? edited.toString()
            : withLeftOut(edited.toString(), additions.leftOut(newline), newline);
    requireSame(result, fleet);
    return result;
  }

  private Node compose() {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE);
    return new Yaml(options).compose(new StringReader(text));
  }

  private static Node value(MappingNode root, String key) {
    for (NodeTuple tuple : root.getValue()) {
      if (tuple.getKeyNode() instanceof ScalarNode name && name.getValue().equals(key)) {
        return tuple.getValueNode();
      }
    }
    return null;
  }

  private void insert(
      SequenceNode list,
      List<String> items,
      List<String> notes,
      String newline,
      NavigableMap<Integer, String> into) {
    Node last = list.getValue().get(list.getValue().size() - 1);
    if (list.getFlowStyle() == FlowStyle.FLOW) {
      int line = last.getStartMark().getLine();
      boolean own = list.getStartMark().getLine() != line;
      String gap = own ? "," + newline + " ".repeat(last.getStartMark().getColumn()) : ", ";
      StringBuilder added = new StringBuilder();
      items.forEach(item -> added.append(gap).append(item));
      into.put(index(last.getEndMark().getIndex()), added.toString());
      return;
    }
    int lineStart = lineStart(index(last.getStartMark().getIndex()));
    int dash = text.indexOf('-', lineStart);
    String indent = text.substring(lineStart, dash);
    if (!indent.isBlank()) {
      throw cannotAdd("expected each item of the list on lines of its own");
    }
    int at = lineEnd(end(last));
    StringBuilder added = new StringBuilder();
    for (int i = 0; i < items.size(); i++) {
      if (notes != null && notes.get(i) != null) {
        added.append(newline).append(indent).append("# ").append(Scalar.comment(notes.get(i)));
      }
      added.append(newline).append(indent).append("- ").append(items.get(i));
    }
    into.put(at, added.toString());
  }

  private void insertMetrics(
      MappingNode root, List<String> metrics, String newline, NavigableMap<Integer, String> into) {
    Node value = value(root, "metrics");
    if (value instanceof SequenceNode list && !list.getValue().isEmpty()) {
      insert(list, metrics, null, newline, into);
    } else if (value instanceof ScalarNode scalar
        && scalar.getEndMark().getIndex() > scalar.getStartMark().getIndex()) {
      int start = index(scalar.getStartMark().getIndex());
      int end = index(scalar.getEndMark().getIndex());
      into.merge(start, "[", String::concat);
      into.merge(end, ", " + String.join(", ", metrics) + "]", String::concat);
    } else if (value != null) {
      throw cannotAdd("its metrics are an empty list; take that line out");
    } else if (root.getFlowStyle() == FlowStyle.FLOW) {
      NodeTuple last = root.getValue().get(root.getValue().size() - 1);
      into.merge(
          index(last.getValueNode().getEndMark().getIndex()),
          ", \"metrics\": [%s]".formatted(String.join(", ", metrics)),
          String::concat);
    } else {
      Node last = root.getValue().get(root.getValue().size() - 1).getValueNode();
      String indent = " ".repeat(root.getValue().get(0).getKeyNode().getStartMark().getColumn());
      into.merge(
          lineEnd(end(last)),
          newline
              + indent
              + "metrics:"
              + metrics.stream()
                  .map(one -> newline + indent + "  - " + one)
                  .reduce("", String::concat),
          String::concat);
    }
  }

  /** Where the last character of a node stands, and not what follows it up to the next one. */
  private int end(Node node) {
    if (node instanceof MappingNode mapping
        && mapping.getFlowStyle() != FlowStyle.FLOW
        && !mapping.getValue().isEmpty()) {
      NodeTuple last = mapping.getValue().get(mapping.getValue().size() - 1);
      return Math.max(end(last.getKeyNode()), end(last.getValueNode()));
    }
    if (node instanceof SequenceNode list
        && list.getFlowStyle() != FlowStyle.FLOW
        && !list.getValue().isEmpty()) {
      return end(list.getValue().get(list.getValue().size() - 1));
    }
    int end = index(node.getEndMark().getIndex());
    boolean whole = node instanceof CollectionNode<?>;
    while (!whole
        && end > index(node.getStartMark().getIndex())
        && Character.isWhitespace(text.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  /** SnakeYAML counts characters beyond the 65,536 first ones once. */
  private int index(int codePoints) {
    return text.offsetByCodePoints(0, codePoints);
  }

  private int lineStart(int at) {
    return text.lastIndexOf('\n', at - 1) + 1;
  }

  /** The end of a line, without what ends it. */
  private int lineEnd(int at) {
    int end = text.indexOf('\n', Math.max(0, at));
    if (end < 0) {
      return text.length();
    }
    return end > 0 && text.charAt(end - 1) == '\r' ? end - 1 : end;
  }

  private static String withLeftOut(String text, String leftOut, String newline) {
    int begin =
        text.startsWith(ManifestText.BEGIN) ? 0 : text.indexOf("\n" + ManifestText.BEGIN) + 1;
    boolean there = begin > 0 || text.startsWith(ManifestText.BEGIN);
    int endMark = there ? text.indexOf(ManifestText.END, begin) : -1;
    if (endMark >= 0) {
      int lineEnd = text.indexOf('\n', endMark);
      String after = lineEnd < 0 ? "" : text.substring(lineEnd + 1);
      return text.substring(0, begin) + leftOut + after;
    }
    if (leftOut.isEmpty()) {
      return text;
    }
    return text + (text.endsWith("\n") ? "" : newline) + leftOut;
  }

  /** What a person wrote must say the same as before, and what was added must be there. */
  private void requireSame(String result, Fleet fleet) {
    Manifest edited;
    try {
      edited = ManifestReader.read(uri, result, resolve);
    } catch (UserInputException e) {
      throw cannotAdd(e.getMessage());
    }
    List<CheckpointSpec> expected = new ArrayList<>(manifest.checkpoints());
    fleet.entries().forEach(entry -> expected.add(entry.spec()));
    boolean same =
        edited.baseId().equals(manifest.baseId())
            && edited.baseUri().equals(manifest.baseUri())
            && edited.checkpoints().equals(expected);
    if (!same) {
      throw cannotAdd("what was written would not read as what was meant");
    }
  }

  private UserInputException cannotAdd(String reason) {
    return UserInputException.inFile(
        RejectCode.MANIFEST_INVALID, uri, "Cannot add to this manifest: " + reason);
  }
}
