package io.github.intruders.forgetting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which way a metric points, and what is left out of a comparison. */
class MetricComparisonTest {
  private static MetricValue value(String checkpoint, String metric, double value) {
    return new MetricValue(checkpoint, metric, value, null, "file:/m.csv", "line " + value);
  }

  private static MetricComparison compare(String metric, MetricValue... values) {
    return MetricComparison.of(metric, List.of(values), "base", MetricDirections.byName());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "loss",
        "loss_english",
        "eval/Loss",
        "ppl",
        "word_perplexity",
        "bits_per_byte",
        "word_error_rate",
        "nll-mean",
        "accuracy_tasks/loss"
      })
  void aRiseOfWhatShouldBeLowIsForgotten(String metric) {
    MetricComparison comparison = compare(metric, value("base", metric, 1), value("t", metric, 3));

    assertThat(comparison.measured())
        .singleElement()
        .satisfies(
            one -> {
              assertThat(one.lowerIsBetter()).isTrue();
              assertThat(one.forgetting()).isEqualTo(2);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "acc",
        "arc_easy/acc_norm",
        "Accuracy",
        "f1-macro",
        "exact_match,strict",
        "bleu",
        "rougeL",
        "mcc",
        "pass@1",
        "error_tasks/score"
      })
  void aFallOfWhatShouldBeHighIsForgotten(String metric) {
    MetricComparison comparison = compare(metric, value("base", metric, 3), value("t", metric, 1));

    assertThat(comparison.measured())
        .singleElement()
        .satisfies(
            one -> {
              assertThat(one.lowerIsBetter()).isFalse();
              assertThat(one.forgetting()).isEqualTo(2);
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"fertility", "brier_score", "accuracy_loss", "glossary"})
  void aMetricWhoseNameDoesNotTellIsRefused(String metric) {
    MetricComparison comparison = compare(metric, value("base", metric, 3), value("t", metric, 1));

    assertThat(comparison.measured()).isEmpty();
    assertThat(comparison.rejections())
        .extracting(Rejection::message)
        .containsExactly(
            "Metric '%1$s': its name does not tell whether more is better; say --lower-is-better %1$s or --higher-is-better %1$s"
                .formatted(metric));
  }

  @Test
  void theUserIsHeardBeforeTheFileAndTheFileBeforeTheName() {
    MetricDirections said = new MetricDirections(Set.of("acc"), Set.of("t/loss"));

    assertThat(said.isLowerBetter("a/acc", true)).isTrue();
    assertThat(said.isLowerBetter("t/loss", null)).isFalse();
    assertThat(said.isLowerBetter("other/loss", null)).isTrue();
    assertThat(said.isLowerBetter("other/loss", true)).isFalse();
  }

  @Test
  void whatTheUserSaysOfAnUnknownMetricOrTwiceIsRefused() {
    assertThatThrownBy(
            () ->
                new MetricDirections(Set.of("lost"), Set.of()).requireKnown(Set.of("loss", "acc")))
        .isInstanceOf(UserInputException.class)
        .hasMessage("There is no metric 'lost'; expected one of [acc, loss]");
    assertThatThrownBy(() -> new MetricDirections(Set.of("x"), Set.of("x")))
        .isInstanceOf(UserInputException.class)
        .hasMessage("Metric 'x' stands in both --lower-is-better and --higher-is-better");
  }

  @Test
  void aMetricWithoutTheBasesValueIsRefused() {
    MetricComparison comparison = compare("loss", value("t", "loss", 1), value("u", "loss", 2));

    assertThat(comparison.measured()).isEmpty();
    assertThat(comparison.rejections())
        .extracting(Rejection::message)
        .containsExactly("[file:/m.csv] Metric 'loss' has no usable value of the base 'base'");
  }

  @Test
  void ofValuesThatDifferNoneIsUsedAndOfEqualOnesOne() {
    MetricComparison comparison =
        compare(
            "loss",
            value("base", "loss", 1),
            value("base", "loss", 1),
            value("t", "loss", 2),
            value("t", "loss", 3),
            value("u", "loss", 4));

    assertThat(comparison.measured())
        .extracting(MeasuredForgetting::checkpointId)
        .containsExactly("u");
    assertThat(comparison.rejections())
        .extracting(Rejection::message)
        .containsExactly(
            "[file:/m.csv] line 1.0: metric loss of base stands already in [file:/m.csv] line 1.0, with the same value; one of them is used",
            "[file:/m.csv] line 3.0: metric loss of t stands already in [file:/m.csv] line 2.0, with 2.0, not 3.0; none of them is used");
  }

  @Test
  void filesThatDisagreeOnTheDirectionAreRefused() {
    MetricValue base = new MetricValue("base", "ece", 1, true, "file:/a.json", "x");
    MetricValue tuned = new MetricValue("t", "ece", 1, false, "file:/b.json", "x");

    assertThat(
            MetricComparison.of("ece", List.of(base, tuned), "base", MetricDirections.byName())
                .rejections())
        .extracting(Rejection::message)
        .containsExactly(
            "[file:/b.json] Metric 'ece': the files do not agree whether more is better");
  }

  @Test
  void aDifferenceThatOverflowsIsRefused() {
    MetricComparison comparison =
        compare("loss", value("base", "loss", -1e308), value("t", "loss", 1e308));

    assertThat(comparison.measured()).isEmpty();
    assertThat(comparison.rejections())
        .extracting(Rejection::message)
        .containsExactly("[file:/m.csv] line 1.0E308: the difference to the base is not finite");
  }
}
