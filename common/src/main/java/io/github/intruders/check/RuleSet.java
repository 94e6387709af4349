package io.github.intruders.check;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rules of one file.
 *
 * @param name under which acceptances are kept
 * @param lines columns of the table {@code checkpoints}: those with the same values are one line of
 *     checkpoints, each of which follows the one before it
 * @param rules in the file's order
 * @param uri where the file lies
 * @param hash SHA-256 of its text
 */
public record RuleSet(
    String name, List<ColumnRef> lines, List<Rule> rules, String uri, String hash) {
  public RuleSet {
    Objects.requireNonNull(name, "name");
    lines = List.copyOf(lines);
    rules = List.copyOf(rules);
  }

  /** The same rules, the relative ones against something else. */
  public RuleSet against(Reference reference) {
    return new RuleSet(
        name, lines, rules.stream().map(rule -> rule.against(reference)).toList(), uri, hash);
  }

  /** The states of the tables that rules compare with. */
  public Set<String> versions() {
    Set<String> versions = new TreeSet<>();
    for (Rule rule : rules) {
      if (rule.against() instanceof Reference.AsOf asOf) {
        versions.add(asOf.version());
      }
    }
    return versions;
  }

  /** What rules ask for, each once. */
  public List<Figure> figures() {
    return rules.stream().map(Rule::figure).distinct().toList();
  }
}
