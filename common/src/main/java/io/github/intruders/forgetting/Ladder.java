package io.github.intruders.forgetting;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What predicts forgetting, and what adds nothing to the rest: a ladder of nested regressions by
 * least squares, and the partial rank correlation of each measure given each other one.
 *
 * <p>The ladder goes from the method over the size of the update and its stable rank to what
 * intruders add: their count, or in its place their share of the energy. It is climbed on ranks and
 * on logarithms. p-values are those of the F test, which takes checkpoints for independent; steps
 * of a sequence are not, so intervals come from resamples of whole sequences too, and a finding
 * should hold by both.
 */
public final class Ladder {
  /** The measure that stands for how a checkpoint was tuned. */
  public static final String METHOD = "method";

  public static final String NORM = "update_relative_norm";
  public static final String STABLE_RANK = "update_stable_rank";
  public static final String COUNT = "intruder_count";
  public static final String ENERGY = "intruder_energy_share";

  /** So many more checkpoints than coefficients a regression needs to tell anything. */
  static final int MIN_RESIDUAL = 5;

  /** Fewest sequences that an interval comes from. */
  static final int MIN_CLUSTERS = 4;

  /** With fewer sequences an interval is rough. */
  private static final int ENOUGH_CLUSTERS = 10;

  /** So many checkpoints a rule of thumb asks for, for each predictor. */
  private static final int ENOUGH_FOR_EACH = 10;

  private static final List<String> WITH_COUNT = List.of(METHOD, NORM, STABLE_RANK, COUNT);
  private static final List<String> WITH_ENERGY = List.of(METHOD, NORM, STABLE_RANK, ENERGY);

  private Ladder() {}

  /**
   * A regression.
   *
   * @param terms in the order in which they are added
   * @param told the first step that is told
   * @param onLadder whether its steps are rungs
   */
  record Question(Scale scale, List<String> terms, int told, boolean onLadder) {
    private boolean isPair() {
      return !onLadder && terms.size() > 1;
    }
  }

  /**
   * Climbs it.
   *
   * @param observations in an order that stays the same: resamples depend on it
   * @param measures the names of those that are compared by themselves and in pairs
   * @return the rungs on ranks, those on logarithms, the measures by themselves, then the pairs
   */
  public static List<Rung> of(List<Observation> observations, List<String> measures) {
    List<Question> questions = new ArrayList<>();
    for (Scale scale : Scale.values()) {
      questions.add(new Question(scale, WITH_COUNT, 0, true));
      questions.add(new Question(scale, WITH_ENERGY, WITH_ENERGY.size() - 1, true));
    }
    measures.forEach(one -> questions.add(new Question(Scale.RANK, List.of(one), 0, false)));
    for (String given : measures) {
      for (String added : measures) {
        if (!given.equals(added)) {
          questions.add(new Question(Scale.RANK, List.of(given, added), 1, false));
        }
      }
    }
    Map<Question, List<Rung>> answers = answers(observations, questions);
    return Stream.of(
            questions.stream().filter(one -> one.onLadder() && one.scale() == Scale.RANK),
            questions.stream().filter(one -> one.onLadder() && one.scale() == Scale.LOG),
            questions.stream().filter(one -> !one.onLadder() && !one.isPair()),
            questions.stream().filter(Question::isPair))
        .flatMap(family -> corrected(family.flatMap(one -> answers.get(one).stream()).toList()))
        .toList();
  }

  private static Stream<Rung> corrected(List<Rung> family) {
    Double[] adjusted = Holm.adjustKnown(family.stream().map(Rung::pValue).toArray(Double[]::new));
    return IntStream.range(0, adjusted.length).mapToObj(i -> family.get(i).withHolm(adjusted[i]));
  }

  /** Questions over the same checkpoints go together, over the same resamples. */
  private static Map<Question, List<Rung>> answers(
      List<Observation> observations, List<Question> questions) {
    Map<List<Integer>, List<Question>> byCheckpoints =
        questions.stream().collect(Collectors.groupingBy(one -> complete(observations, one)));
    Map<Question, List<Rung>> answers = new HashMap<>();
    byCheckpoints.forEach(
        (kept, asked) -> {
          List<Observation> own = kept.stream().map(observations::get).toList();
          for (Scale scale : Scale.values()) {
            List<Question> onScale = asked.stream().filter(one -> one.scale() == scale).toList();
            if (!onScale.isEmpty()) {
              answers.putAll(new Regressions(own, onScale, scale).answers());
            }
          }
        });
    return answers;
  }

  /** The checkpoints that have a value of every measure in question. */
  private static List<Integer> complete(List<Observation> observations, Question question) {
    return IntStream.range(0, observations.size())
        .filter(
            i ->
                question.terms().stream()
                    .allMatch(
                        term ->
                            term.equals(METHOD)
                                || question.scale().value(term, observations.get(i)) != null))
        .boxed()
        .toList();
  }

  /** What to know about a regression of which the figures are there. */
  static String caution(int n, int clusters, int predictors) {
    List<String> cautions = new ArrayList<>();
    if (n < ENOUGH_FOR_EACH * predictors) {
      cautions.add(
          "%d predictors on %d checkpoints, fewer than %d for each: the gain may be chance"
              .formatted(predictors, n, ENOUGH_FOR_EACH));
    }
    if (clusters < MIN_CLUSTERS) {
      cautions.add(
          "%d sequences, at least %d needed for an interval".formatted(clusters, MIN_CLUSTERS));
    } else if (clusters < ENOUGH_CLUSTERS) {
      cautions.add("only %d sequences: the interval is rough".formatted(clusters));
    }
    return cautions.isEmpty() ? null : String.join("; ", cautions);
  }
}
