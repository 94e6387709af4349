package io.github.intruders.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RulesReaderTest {
  private static RuleSet read(String text) {
    return RulesReader.read("file:/fleet/nightly.yaml", text, Fleet.TABLES);
  }

  @Test
  void rulesSayWhatTheyMean() {
    RuleSet rules =
        read(
            """
            lines: [method, "tags['team']"]
            rules:
              - id: energy
                about: Too heavy
                table: checkpoints
                column: intruder_energy_share
                max: 2.5e-1
              - id: grown
                table: checkpoints
                column: update_relative_norm
                against: last accepted
                max_ratio: 1.5
                min_ratio: 0.1
                severity: warning
                unknown: pass
                for: {method: lora, "tags['team']": [a, b]}
              - {id: mlp, table: matrices, column: intruder_count, max: 3, where: {module: mlp.up_proj}}
              - {id: margin, table: matrices, column: critical_margin, min: 1, unknown: info}
              - {id: copies, table: adapter_pairs, statistic: count, where: {duplicate: true}, max: 0}
              - {id: some, table: matrices, statistic: share, where: {intruder_count: {min: 1}}, max: 0.5}
            """);

    assertThat(rules.name()).isEqualTo("nightly");
    assertThat(rules.lines()).extracting(ColumnRef::text).containsExactly("method", "tags['team']");
    assertThat(rules.rules())
        .extracting(Rule::text)
        .containsExactly(
            "checkpoints.intruder_energy_share: at most 0.25",
            "checkpoints.update_relative_norm: at most 1.5 times, at least 0.1 times against last accepted",
            "max of matrices.intruder_count where module = mlp.up_proj: at most 3",
            "min of matrices.critical_margin: at least 1",
            "count of adapter_pairs where duplicate = true: at most 0",
            "share of matrices where 1 <= intruder_count: at most 0.5");
    assertThat(rules.rules())
        .extracting(Rule::severity)
        .startsWith(Severity.ERROR, Severity.WARNING, Severity.ERROR);
    assertThat(rules.rules())
        .extracting(Rule::unknown)
        .startsWith(Severity.ERROR, null, Severity.ERROR, Severity.INFO);
    assertThat(rules.rules()).extracting(Rule::line).startsWith(3, 8, 17);
    assertThat(rules.rules().get(1).checkpoints())
        .extracting(Condition::text)
        .containsExactly("method = lora", "tags['team'] in [a, b]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {id: a, table: checkpoints, column: matrices}                                            | rule a: no limit; expected at least one of [min, max, max_increase,
          {id: a, table: checkpoints, column: matrices, max: 1, colour: red}                       | Unknown key 'colour' in a rule; expected one of [id, about, for,
          {table: checkpoints, column: matrices, max: 1}                                           | Missing key 'id' in a rule
          {id: '!', table: checkpoints, column: matrices, max: 1}                                  | a rule: id: found '!', expected at most 100 letters, digits,
          {id: a, table: checkpoint, column: matrices, max: 1}                                     | rule a: table: found 'checkpoint', expected one of [adapter_pairs, checkpoints, matrices]
          {id: a, table: checkpoints, max: 1}                                                      | Missing key 'column' in rule a
          {id: a, table: checkpoints, column: matrix, max: 1}                                      | rule a: column: checkpoints has no column 'matrix'; expected one of [checkpoint_id,
          {id: a, table: checkpoints, column: method, max: 1}                                      | rule a: column: method is a text, expected a number; to count rows by it, use statistic: count and where
          {id: a, table: checkpoints, column: intruders, max: 1}                                   | rule a: column: intruders is a map of numbers; expected one of its values, such as intruders['0.5']
          {id: a, table: checkpoints, column: "matrices['0.5']", max: 1}                           | rule a: column: matrices is a number, which has no value ['0.5']
          {id: a, table: checkpoints, column: "tags['x']", max: 1}                                 | rule a: column: tags['x'] is a text, expected a number
          {id: a, table: checkpoints, column: "a b", max: 1}                                       | rule a: column: found 'a b', expected a column, or of a map a value such as intruders['0.5']
          {id: a, table: checkpoints, column: matrices, max: many}                                 | rule a: max: expected a number, found 'many'
          {id: a, table: checkpoints, column: matrices, max: 1e999}                                | rule a: max: expected a number, found '1e999'
          {id: a, table: checkpoints, column: matrices, max: .nan}                                 | rule a: max: expected a number, found '.nan'
          {id: a, table: checkpoints, column: matrices, min: 2, max: 1}                            | rule a: min 2 is above max 1
          {id: a, table: checkpoints, statistic: count, max: 1, where: {matrices: {min: 5, max: 1}}} | rule a: where: matrices: min 5 is above max 1
          {id: a, table: checkpoints, column: matrices, max: 1, for: {matrices: {min: 5, max: 1}}} | rule a: for: matrices: min 5 is above max 1
          {id: a, table: checkpoints, column: matrices, max: 1, statistic: median of all}          | rule a: statistic: found 'median of all', expected one of [max, min, mean, median, sum, count, share]
          {id: a, table: checkpoints, column: matrices, max: 1, statistic: count}                  | rule a: count counts rows and takes no column; say by where which ones
          {id: a, table: checkpoints, column: matrices, max_ratio: 2}                              | rule a: a limit that goes by a reference needs against: 'last accepted', 'as-of RUN', 'as-of TIME' or 'checkpoint ID'
          {id: a, table: checkpoints, column: matrices, max: 2, against: last accepted}            | rule a: min and max go by no reference; with against, expected one of [max_increase, max_decrease, max_ratio, min_ratio]
          {id: a, table: checkpoints, column: matrices, max_ratio: 2, against: yesterday}          | rule a: against: found 'yesterday', expected 'last accepted',
          {id: a, table: checkpoints, column: matrices, max_ratio: -1, against: last accepted}     | rule a: max_ratio: found -1.0, expected 0 or more
          {id: a, table: checkpoints, column: matrices, max: 2, max_ratio: 1, against: as-of x}    | rule a: min and max don't go together with bounds against a reference; expected two rules
          {id: a, table: matrices, column: intruder_count, min: 0, max: 2}                         | rule a: a checkpoint has many rows in matrices, and one figure can't be the smallest and the largest; expected a statistic, or two rules
          {id: a, table: matrices, column: intruder_count, max_ratio: 2, against: last accepted}   | rule a: a checkpoint has many rows in matrices; expected a statistic, one of [max, min,
          {id: a, table: checkpoints, column: matrices, max: 1, severity: fatal}                   | rule a: severity: found 'fatal', expected one of [error, warning, info]
          {id: a, table: checkpoints, column: matrices, max: 1, unknown: maybe}                    | rule a: unknown: found 'maybe', expected one of [error, warning, info, pass]
          {id: a, table: checkpoints, column: matrices, max: 1, where: {}}                         | rule a: where: expected at least one column
          {id: a, table: checkpoints, column: matrices, max: 1, where: {matrices: {least: 1}}}     | Unknown key 'least' in rule a: where: matrices; expected one of [min, max]
          {id: a, table: checkpoints, column: matrices, max: 1, where: {tags: x}}                  | rule a: where: tags is a map of texts; expected a number, a text or a flag
          {id: a, table: adapter_pairs, statistic: count, max: 1, where: {duplicate: yes}}         | rule a: where: duplicate: found 'yes', expected true or false
          {id: a, table: checkpoints, column: matrices, max: 1, for: {module: x}}                  | rule a: for: checkpoints has no column 'module'; expected one of
          """)
  void whatIsNotUnderstoodIsNamedWithItsLine(String rule, String message) {
    assertThatThrownBy(() -> read("rules:\n  - " + rule + "\n"))
        .isInstanceOfSatisfying(
            UserInputException.class,
            fault -> assertThat(fault.code()).isEqualTo(RejectCode.RULES_INVALID))
        .hasMessageStartingWith("[file:/fleet/nightly.yaml] line 2: " + message);
  }

  @Test
  void aFileThatHoldsNoRulesIsRefused() {
    assertThatThrownBy(() -> read("")).hasMessageContaining("line 1: The file of rules is empty");
    assertThatThrownBy(() -> read("rules: []"))
        .hasMessageContaining("line 1: rules: expected at least one");
    assertThatThrownBy(() -> read("name: x"))
        .hasMessageContaining("Missing key 'rules' in the file of rules");
    String rule = "{id: a, table: checkpoints, column: matrices, max: 1}";
    assertThatThrownBy(() -> read("rules:\n- " + rule + "\n- " + rule))
        .hasMessageContaining("line 3: id 'a' stands already on line 2");
  }
}
