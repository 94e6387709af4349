package io.github.intruders.forgetting;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whether a metric falls or rises when a model gets worse. What the user says comes first, then
 * what the file says ({@code higher_is_better} of lm-evaluation-harness), then the metric's name.
 *
 * @param lowerIsBetter metrics of which the user says so
 * @param higherIsBetter metrics of which the user says so
 */
public record MetricDirections(Set<String> lowerIsBetter, Set<String> higherIsBetter)
    implements Serializable {
  private static final Set<String> LOWER =
      Set.of("loss", "ppl", "perplexity", "nll", "error", "errors", "wer", "cer", "brier");
  private static final Set<String> HIGHER =
      Set.of(
          "acc",
          "accuracy",
          "f1",
          "score",
          "bleu",
          "sacrebleu",
          "rouge",
          "rougel",
          "rougelsum",
          "rouge1",
          "rouge2",
          "mcc",
          "pass");

  public MetricDirections {
    lowerIsBetter = Set.copyOf(lowerIsBetter);
    higherIsBetter = Set.copyOf(higherIsBetter);
    for (String metric : new TreeSet<>(lowerIsBetter)) {
      if (higherIsBetter.contains(metric)) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "Metric '%s' stands in both --lower-is-better and --higher-is-better"
                .formatted(metric));
      }
    }
  }

  /** Nothing said by the user. */
  public static MetricDirections byName() {
    return new MetricDirections(Set.of(), Set.of());
  }

  /**
   * Checks that the user speaks of metrics that are there.
   *
   * @throws UserInputException naming one that is not
   */
  public void requireKnown(Collection<String> metrics) {
    for (Set<String> said : List.of(lowerIsBetter, higherIsBetter)) {
      for (String name : new TreeSet<>(said)) {
        if (metrics.stream().noneMatch(metric -> means(name, metric))) {
          throw UserInputException.of(
              RejectCode.SETTING_INVALID,
              "There is no metric '%s'; expected one of %s"
                  .formatted(name, new TreeSet<>(metrics)));
        }
      }
    }
  }

  /**
   * Whether lower values of a metric are better.
   *
   * @param metric its name; what stands before a last slash, a task, is not looked at
   * @param fileSaysHigher what the file says, or null
   * @throws UserInputException if it is not known
   */
  public boolean isLowerBetter(String metric, Boolean fileSaysHigher) {
    if (lowerIsBetter.stream().anyMatch(name -> means(name, metric))) {
      return true;
    }
    if (higherIsBetter.stream().anyMatch(name -> means(name, metric))) {
      return false;
    }
    if (fileSaysHigher != null) {
      return !fileSaysHigher;
    }
    String name = lastPart(metric).toLowerCase(Locale.ROOT);
    List<String> words = Arrays.asList(name.split("[^a-z0-9]+", -1));
    boolean lower = words.stream().anyMatch(LOWER::contains) || name.contains("bits_per_byte");
    boolean higher = words.stream().anyMatch(HIGHER::contains) || name.contains("exact_match");
    if (lower == higher) {
      throw UserInputException.of(
          RejectCode.METRIC_INVALID,
          "Metric '%s': its name does not tell whether more is better; say --lower-is-better %s or"
                  .formatted(metric, metric)
              + " --higher-is-better %s".formatted(metric));
    }
    return lower;
  }

  private static boolean means(String name, String metric) {
    return name.equals(metric) || name.equals(lastPart(metric));
  }

  private static String lastPart(String metric) {
    return metric.substring(metric.lastIndexOf('/') + 1);
  }
}
