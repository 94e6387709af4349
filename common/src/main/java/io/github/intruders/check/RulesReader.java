package io.github.intruders.check;

import io.github.intruders.document.DocumentNode;
import io.github.intruders.document.DocumentNode.Document;
import io.github.intruders.input.Fingerprint;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads rules. Every fault names the file, the line, what was found and what was expected. */
public final class RulesReader {
  private static final List<String> ROOT_KEYS = List.of("name", "lines", "rules");
  private static final List<String> BOUND_KEYS =
      List.of("min", "max", "max_increase", "max_decrease", "max_ratio", "min_ratio");
  private static final List<String> RULE_KEYS =
      Stream.concat(
              Stream.of(
                  "id",
                  "about",
                  "for",
                  "table",
                  "column",
                  "where",
                  "statistic",
                  "against",
                  "severity",
                  "unknown"),
              BOUND_KEYS.stream())
          .toList();
  private static final List<String> RANGE_KEYS = List.of("min", "max");
  private static final String PASS = "pass";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][\\w .:/-]{0,99}");

  private final Map<String, CheckedTable> tables;
  private final Map<String, DocumentNode> ids = new HashMap<>();

  private RulesReader(List<CheckedTable> tables) {
    this.tables = new TreeMap<>();
    tables.forEach(table -> this.tables.put(table.name(), table));
  }

  /**
   * Reads rules.
   *
   * @param uri where they lie; named in every fault
   * @param text YAML, of which JSON is a part
   * @param tables that rules can ask for; the one of checkpoints must be among them
   * @throws UserInputException if anything in it is not as it should be
   */
  public static RuleSet read(String uri, String text, List<CheckedTable> tables) {
    return new RulesReader(tables)
        .rules(
            DocumentNode.parse(new Document(uri, "file of rules", RejectCode.RULES_INVALID), text),
            uri,
            text);
  }

  private RuleSet rules(DocumentNode node, String uri, String text) {
    Map<String, DocumentNode> root = node.object("the rules", ROOT_KEYS);
    DocumentNode list = node.required(root, "rules", "the file of rules");
    List<Rule> rules = new ArrayList<>();
    for (DocumentNode rule : list.list("rules")) {
      rules.add(rule(rule));
    }
    if (rules.isEmpty()) {
      throw list.fault("rules: expected at least one");
    }
    String name = root.containsKey("name") ? name(root.get("name"), "name") : stem(uri);
    return new RuleSet(name, lines(root.get("lines")), rules, uri, Fingerprint.of(text));
  }

  /** The file's name without its ending. */
  private static String stem(String uri) {
    String file = uri.substring(uri.lastIndexOf('/') + 1);
    return file.replaceFirst("(?<=.)\\.[^.]*$", "");
  }

  private static String name(DocumentNode node, String what) {
    String name = node.text(what);
    if (!NAME.matcher(name).matches()) {
      throw node.fault(
          "%s: found '%s', expected at most 100 letters, digits, blanks and any of _.:/-"
              .formatted(what, name));
    }
    return name;
  }

  private List<ColumnRef> lines(DocumentNode node) {
    if (node == null) {
      return List.of(new ColumnRef("sequence", null));
    }
    List<ColumnRef> columns = new ArrayList<>();
    for (DocumentNode column : items(node, "lines")) {
      columns.add(column(column, "lines", tables.get(Subject.TABLE)));
    }
    return columns;
  }

  private Rule rule(DocumentNode node) {
    Map<String, DocumentNode> keys = node.object("a rule", RULE_KEYS);
    DocumentNode idNode = node.required(keys, "id", "a rule");
    String id = name(idNode, "a rule: id");
    DocumentNode first = ids.putIfAbsent(id, idNode);
    if (first != null) {
      throw idNode.fault("id '%s' stands already on line %d".formatted(id, first.line()));
    }
    String rule = "rule " + id;
    CheckedTable table = table(node, keys, rule);
    Figure figure = figure(node, keys, rule, table);
    Bounds bounds = bounds(node, keys, rule);
    Reference against = against(node, keys, rule, bounds);
    Severity severity =
        keys.containsKey("severity")
            ? severity(keys.get("severity"), rule + ": severity", List.of())
            : Severity.ERROR;
    return new Rule(
        id,
        keys.containsKey("about") ? keys.get("about").text(rule + ": about") : null,
        withStatistic(node, rule, table, figure, bounds),
        bounds,
        against,
        severity,
        keys.containsKey("unknown")
            ? severity(keys.get("unknown"), rule + ": unknown", List.of(PASS))
            : severity,
        conditions(keys.get("for"), rule + ": for", tables.get(Subject.TABLE)),
        node.line());
  }

  private CheckedTable table(DocumentNode node, Map<String, DocumentNode> keys, String rule) {
    DocumentNode tableNode = node.required(keys, "table", rule);
    String name = tableNode.text(rule + ": table");
    CheckedTable table = tables.get(name);
    if (table == null) {
      throw tableNode.fault(
          "%s: table: found '%s', expected one of %s".formatted(rule, name, tables.keySet()));
    }
    return table;
  }

  private Figure figure(
      DocumentNode node, Map<String, DocumentNode> keys, String rule, CheckedTable table) {
    Statistic statistic = Statistic.VALUE;
    if (keys.containsKey("statistic")) {
      DocumentNode statisticNode = keys.get("statistic");
      String text = statisticNode.text(rule + ": statistic");
      Optional<Statistic> named = Statistic.named(text);
      if (named.isEmpty()) {
        throw statisticNode.fault(
            "%s: statistic: found '%s', expected one of %s"
                .formatted(rule, text, Statistic.named()));
      }
      statistic = named.get();
    }
    List<Condition> where = conditions(keys.get("where"), rule + ": where", table);
    if (statistic.countsRows()) {
      if (keys.containsKey("column")) {
        throw keys.get("column")
            .fault(
                "%s: %s counts rows and takes no column; say by where which ones"
                    .formatted(rule, statistic.text()));
      }
      return new Figure(table.name(), null, statistic, where);
    }
    DocumentNode columnNode = node.required(keys, "column", rule);
    ColumnRef column = column(columnNode, rule + ": column", table);
    ColumnKind kind = table.columns().get(column.name());
    if (kind.isMap() && column.key() == null) {
      throw columnNode.fault(
          "%s: column: %s is %s; expected one of its values, such as %s['0.5']"
              .formatted(rule, column.name(), kind.text(), column.name()));
    }
    if (kind.mapped() != ColumnKind.NUMBER && kind != ColumnKind.FLAG) {
      throw columnNode.fault(
          "%s: column: %s is %s, expected a number; to count rows by it, use statistic: count and where"
              .formatted(rule, column.text(), kind.mapped().text()));
    }
    return new Figure(table.name(), column, statistic, where);
  }

  /**
   * Where a checkpoint has many rows, an upper bound is on the largest, a lower on the smallest.
   */
  private static Figure withStatistic(
      DocumentNode node, String rule, CheckedTable table, Figure figure, Bounds bounds) {
    if (figure.statistic() != Statistic.VALUE || table.hasOneRowEach()) {
      return figure;
    }
    if (bounds.isRelative()) {
      throw node.fault(
          "%s: a checkpoint has many rows in %s; expected a statistic, one of %s, to compare by"
              .formatted(rule, table.name(), Statistic.named()));
    }
    if (bounds.min() != null && bounds.max() != null) {
      throw node.fault(
          "%s: a checkpoint has many rows in %s, and one figure can't be the smallest and the largest; expected a statistic, or two rules"
              .formatted(rule, table.name()));
    }
    return new Figure(
        figure.table(),
        figure.column(),
        bounds.max() != null ? Statistic.MAX : Statistic.MIN,
        figure.where());
  }

  private static Bounds bounds(DocumentNode node, Map<String, DocumentNode> keys, String rule) {
    Bounds bounds =
        new Bounds(
            number(keys, "min", rule),
            number(keys, "max", rule),
            notNegative(keys, "max_increase", rule),
            notNegative(keys, "max_decrease", rule),
            notNegative(keys, "max_ratio", rule),
            notNegative(keys, "min_ratio", rule));
    if (bounds.isAbsolute() && bounds.isRelative()) {
      throw node.fault(
          "%s: min and max don't go together with bounds against a reference; expected two rules"
              .formatted(rule));
    }
    if (!bounds.isAbsolute() && !bounds.isRelative()) {
      throw node.fault("%s: no limit; expected at least one of %s".formatted(rule, BOUND_KEYS));
    }
    requireOrder(node, rule, "min", bounds.min(), "max", bounds.max());
    requireOrder(node, rule, "min_ratio", bounds.minRatio(), "max_ratio", bounds.maxRatio());
    return bounds;
  }

  /** Nothing lies between a lower bound and an upper one that is below it. */
  private static void requireOrder(
      DocumentNode node, String of, String lower, Double low, String upper, Double high) {
    if (low != null && high != null && low > high) {
      throw node.fault(
          "%s: %s %s is above %s %s"
              .formatted(of, lower, Figures.text(low), upper, Figures.text(high)));
    }
  }

  private static Double number(Map<String, DocumentNode> keys, String key, String rule) {
    return keys.containsKey(key) ? (Double) keys.get(key).number(rule + ": " + key) : null;
  }

  private static Double notNegative(Map<String, DocumentNode> keys, String key, String rule) {
    Double number = number(keys, key, rule);
    if (number != null && number < 0) {
      throw keys.get(key)
          .fault("%s: %s: found %s, expected 0 or more".formatted(rule, key, number));
    }
    return number;
  }

  private static Reference against(
      DocumentNode node, Map<String, DocumentNode> keys, String rule, Bounds bounds) {
    DocumentNode againstNode = keys.get("against");
    if (againstNode == null) {
      if (bounds.isRelative()) {
        throw node.fault(
            "%s: a limit that goes by a reference needs against: %s"
                .formatted(rule, Reference.EXPECTED));
      }
      return null;
    }
    String text = againstNode.text(rule + ": against");
    Optional<Reference> reference = Reference.parse(text);
    if (reference.isEmpty()) {
      throw againstNode.fault(
          "%s: against: found '%s', expected %s".formatted(rule, text, Reference.EXPECTED));
    }
    if (!bounds.isRelative()) {
      throw againstNode.fault(
          "%s: min and max go by no reference; with against, expected one of %s"
              .formatted(rule, BOUND_KEYS.subList(RANGE_KEYS.size(), BOUND_KEYS.size())));
    }
    return reference.get();
  }

  /** A severity, or null for {@code pass} where that is allowed. */
  private static Severity severity(DocumentNode node, String what, List<String> further) {
    String text = node.text(what);
    if (further.contains(text)) {
      return null;
    }
    List<String> expected =
        Stream.concat(Arrays.stream(Severity.values()).map(Severity::text), further.stream())
            .toList();
    if (!expected.contains(text)) {
      throw node.fault("%s: found '%s', expected one of %s".formatted(what, text, expected));
    }
    return Severity.valueOf(text.toUpperCase(Locale.ROOT));
  }

  private static List<Condition> conditions(DocumentNode node, String what, CheckedTable table) {
    if (node == null) {
      return List.of();
    }
    List<Condition> conditions = new ArrayList<>();
    node.anyObject(what)
        .forEach((name, value) -> conditions.add(condition(name, value, what, table)));
    if (conditions.isEmpty()) {
      throw node.fault("%s: expected at least one column".formatted(what));
    }
    return conditions;
  }

  private static Condition condition(
      String name, DocumentNode value, String what, CheckedTable table) {
    ColumnRef column = column(name, value, what, table);
    String of = what + ": " + name;
    ColumnKind kind = table.columns().get(column.name());
    if (kind == ColumnKind.OTHER || (kind.isMap() && column.key() == null)) {
      throw value.fault("%s is %s; expected a number, a text or a flag".formatted(of, kind.text()));
    }
    if (kind.mapped() == ColumnKind.NUMBER) {
      if (value.value() instanceof String) {
        double number = value.number(of);
        return new Condition.Within(column, number, number);
      }
      Map<String, DocumentNode> range = value.object(of, RANGE_KEYS);
      if (range.isEmpty()) {
        throw value.fault("%s: expected min, max or both".formatted(of));
      }
      Double min = number(range, "min", of);
      Double max = number(range, "max", of);
      requireOrder(value, of, "min", min, "max", max);
      return new Condition.Within(column, min, max);
    }
    List<String> values = new ArrayList<>();
    for (DocumentNode item : items(value, of)) {
      String text = item.text(of);
      if (kind == ColumnKind.FLAG && !text.equals("true") && !text.equals("false")) {
        throw item.fault("%s: found '%s', expected true or false".formatted(of, text));
      }
      values.add(text);
    }
    return new Condition.OneOf(column, values);
  }

  private static ColumnRef column(DocumentNode node, String what, CheckedTable table) {
    return column(node.text(what), node, what, table);
  }

  private static ColumnRef column(String text, DocumentNode at, String what, CheckedTable table) {
    Optional<ColumnRef> parsed = ColumnRef.parse(text);
    if (parsed.isEmpty()) {
      throw at.fault(
          "%s: found '%s', expected a column, or of a map a value such as intruders['0.5']"
              .formatted(what, text));
    }
    ColumnRef column = parsed.get();
    ColumnKind kind = table.columns().get(column.name());
    if (kind == null) {
      throw at.fault(
          "%s: %s has no column '%s'; expected one of %s"
              .formatted(what, table.name(), column.name(), table.columns().keySet()));
    }
    if (column.key() != null && !kind.isMap()) {
      throw at.fault(
          "%s: %s is %s, which has no value ['%s']"
              .formatted(what, column.name(), kind.text(), column.key()));
    }
    return column;
  }

  private static List<DocumentNode> items(DocumentNode node, String what) {
    List<DocumentNode> items = node.value() instanceof List ? node.list(what) : List.of(node);
    if (items.isEmpty()) {
      throw node.fault("%s: expected at least one".formatted(what));
    }
    return items;
  }
}
