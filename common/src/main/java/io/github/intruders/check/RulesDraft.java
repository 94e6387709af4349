package io.github.intruders.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A first set of rules by what a fleet has been like. An error is what lies beyond everything that
 * was seen and beyond Tukey's far fence, the upper quartile and three times the distance between
 * the quartiles, or a quarter beyond the largest that was seen where the fence is wider; a warning
 * is what lies beyond 95 % of what was seen.
 */
public final class RulesDraft {
  /** Of fewer checkpoints quantiles say little: what goes beyond is a warning alone. */
  private static final int ENOUGH = 8;

  /** Of fewer, the 95 % quantile is hardly below the largest. */
  private static final int ENOUGH_FOR_WARNINGS = 20;

  private static final int MOST_LETTERS = 40;
  private static final double FENCE = 3;

  /** What is spread widely, or ends at 1 as shares do, has a fence that nothing reaches. */
  private static final double BEYOND_LARGEST = 1.25;

  private static final double USUAL = 0.95;
  private static final MathContext UP = new MathContext(3, RoundingMode.CEILING);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** The columns of checkpoints of which more is worse, and what they tell. */
  private static final Map<String, String> WATCHED =
      new TreeMap<>(
          Map.of(
              "intruder_energy_share", "how much intruders weigh",
              "intruder_count", "how many intruders there are",
              "update_relative_norm", "how far the update goes"));

  private final List<Subject> analysed;
  private final Map<String, List<Subject>> methods;
  private final StringBuilder text = new StringBuilder();

  private RulesDraft(List<Subject> analysed) {
    this.analysed = analysed;
    this.methods = methods(analysed);
  }

  /**
   * The rules as YAML with comments, which say of what they were made.
   *
   * @param fleet all checkpoints there are
   * @throws UserInputException if none of them was analysed
   */
  public static String of(List<Subject> fleet) {
    List<Subject> analysed = fleet.stream().filter(Subject::isAnalysed).toList();
    if (analysed.isEmpty()) {
      throw UserInputException.of(
          RejectCode.NOTHING_TO_ANALYSE,
          "No checkpoint of the table checkpoints was analysed; rules follow from those that were");
    }
    return new RulesDraft(analysed).draft();
  }

  private String draft() {
    text.append(
        """
        # Rules for `intruders check`, drafted from %s. Read and change them.
        # An error refuses a checkpoint, a warning does not. A rule whose figure is not known
        # counts as broken, unless it says unknown: pass, info or warning.
        name: drafted
        # Checkpoints with the same values here follow one another: `last accepted` means in the
        # same line. Tags are possible too, such as tags['team'].
        lines: [sequence]
        rules:
          # Nothing may be left out: a figure that lacks matrices is not the checkpoint's.
          - {id: nothing-rejected, table: checkpoints, column: rejected, max: 0}
        """
            .formatted(Excerpt.counted(analysed.size(), "analysed checkpoint")));
    long fewest =
        analysed.stream().mapToLong(one -> number(one, "matrices").longValue()).min().orElseThrow();
    comment("The fewest matrices that were analysed of a checkpoint so far.");
    line("- {id: matrices, table: checkpoints, column: matrices, min: %d}".formatted(fewest));
    methods.forEach(this::group);
    text.append(
        """
          # What was accepted last in the same line can be a reference, too: remove the # below.
          # While nothing has been accepted, that is not known; begin with `check --accept ID`.
          # - id: grown
          #   table: checkpoints
          #   column: update_relative_norm
          #   against: last accepted
          #   max_ratio: 1.5
          #   unknown: warning
        """);
    return text.toString();
  }

  /** Methods differ by far: each has rules of its own, where there are several. */
  private static Map<String, List<Subject>> methods(List<Subject> analysed) {
    Map<String, List<Subject>> byMethod =
        analysed.stream()
            .filter(one -> one.row().get("method") != null)
            .collect(
                Collectors.groupingBy(
                    one -> (String) one.row().get("method"), TreeMap::new, Collectors.toList()));
    int tagged = byMethod.values().stream().mapToInt(List::size).sum();
    return byMethod.size() > 1 && tagged == analysed.size() ? byMethod : Map.of("", analysed);
  }

  private void group(String method, List<Subject> members) {
    WATCHED.forEach((column, about) -> rules(method, members, column, about));
  }

  private void rules(String method, List<Subject> members, String column, String about) {
    double[] values =
        members.stream()
            .map(one -> number(one, column))
            .filter(Objects::nonNull)
            .mapToDouble(Double::doubleValue)
            .sorted()
            .toArray();
    if (values.length == 0) {
      return;
    }
    Quantiles quantiles = new Quantiles(values);
    double largest = values[values.length - 1];
    double usual = quantiles.at(USUAL);
    double upper = quantiles.at(0.75);
    double fence = upper + FENCE * (upper - quantiles.at(0.25));
    double far = Math.max(largest, Math.min(fence, BEYOND_LARGEST * largest));
    comment(
        "%s%s: of %d checkpoints half have at most %s, 95 %% at most %s, and the largest has %s."
            .formatted(
                about.substring(0, 1).toUpperCase(Locale.ROOT),
                about.substring(1) + (method.isEmpty() ? "" : " with method " + quoted(method)),
                values.length,
                Figures.text(quantiles.at(0.5)),
                Figures.text(usual),
                Figures.text(largest)));
    boolean enough = values.length >= ENOUGH;
    if (!enough) {
      comment("That is few: what goes beyond is no error yet.");
    }
    rule(method, column, "", far, enough ? Severity.ERROR : Severity.WARNING);
    if (values.length >= ENOUGH_FOR_WARNINGS && usual < far) {
      rule(method, column, "-unusual", usual, Severity.WARNING);
    }
  }

  private void rule(String method, String column, String ending, double max, Severity severity) {
    List<String> parts = new ArrayList<>();
    String group = idOf(method);
    parts.add(
        "id: %s%s%s"
            .formatted(column.replace('_', '-'), method.isEmpty() ? "" : "-" + group, ending));
    if (!method.isEmpty()) {
      parts.add("for: {method: %s}".formatted(quoted(method)));
    }
    parts.add("table: " + Subject.TABLE);
    parts.add("column: " + column);
    parts.add("max: " + BigDecimal.valueOf(max).round(UP).stripTrailingZeros());
    parts.add("severity: " + severity.text());
    line("- {%s}".formatted(String.join(", ", parts)));
  }

  /** A method as part of an id; one whose letters and digits another has too gets a number. */
  private String idOf(String method) {
    String plain = plain(method);
    List<String> same = methods.keySet().stream().filter(one -> plain(one).equals(plain)).toList();
    return same.size() == 1 ? plain : plain + "-" + (same.indexOf(method) + 1);
  }

  private static String plain(String method) {
    String plain = method.replaceAll("[^A-Za-z0-9]+", "-");
    return plain.substring(0, Math.min(MOST_LETTERS, plain.length()));
  }

  private static String quoted(String text) {
    try {
      return JSON.writeValueAsString(text);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A text is JSON", e);
    }
  }

  private static Double number(Subject subject, String column) {
    return ColumnRef.number(subject.row().get(column));
  }

  private void comment(String words) {
    Arrays.stream(words.split("\n")).forEach(line -> line("# " + line));
  }

  private void line(String line) {
    text.append("  ").append(line).append('\n');
  }
}
