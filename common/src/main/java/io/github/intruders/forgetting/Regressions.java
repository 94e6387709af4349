package io.github.intruders.forgetting;

import io.github.intruders.forgetting.Ladder.Question;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.special.Beta;

/** Regressions over the same checkpoints on one scale, each repeated over the same resamples. */
final class Regressions {
  private final List<Observation> observations;
  private final List<Question> questions;
  private final Scale scale;

  /** Places of the checkpoints, by sequence. */
  private final List<int[]> clusters;

  /** One column for each method but the first, 1 where a checkpoint was tuned so. */
  private final double[][] methods;

  private final List<String> measures;
  private final double[][] values;
  private final double[] forgetting;

  /** Which of the different values each one is, in ascending order; of measures and forgetting. */
  private final int[][] orders;

  /** The columns of each question's terms, and all of a question's in their order. */
  private final int[][][] columnsOfTerms;

  private final int[][] columnsOfQuestions;

  Regressions(List<Observation> observations, List<Question> questions, Scale scale) {
    this.observations = observations;
    this.questions = questions;
    this.scale = scale;
    this.clusters = clusters(observations);
    this.methods = methods(observations);
    this.measures =
        questions.stream()
            .flatMap(question -> question.terms().stream())
            .filter(term -> !term.equals(Ladder.METHOD))
            .distinct()
            .toList();
    this.values =
        measures.stream()
            .map(
                measure ->
                    observations.stream()
                        .mapToDouble(one -> scale.value(measure, one) + 0.0) // -0 is 0
                        .toArray())
            .toArray(double[][]::new);
    this.forgetting = observations.stream().mapToDouble(one -> one.forgetting() + 0.0).toArray();
    this.orders = new int[values.length + 1][];
    for (int i = 0; i < values.length; i++) {
      orders[i] = order(values[i]);
    }
    orders[values.length] = order(forgetting);
    this.columnsOfTerms =
        questions.stream()
            .map(question -> question.terms().stream().map(this::columnsOf).toArray(int[][]::new))
            .toArray(int[][][]::new);
    this.columnsOfQuestions =
        Arrays.stream(columnsOfTerms)
            .map(terms -> Arrays.stream(terms).flatMapToInt(Arrays::stream).toArray())
            .toArray(int[][]::new);
  }

  private static List<int[]> clusters(List<Observation> observations) {
    Map<Object, List<Integer>> places = new LinkedHashMap<>();
    for (int i = 0; i < observations.size(); i++) {
      String sequence = observations.get(i).sequence();
      places
          .computeIfAbsent(sequence == null ? (Object) i : sequence, unseen -> new ArrayList<>())
          .add(i);
    }
    return places.values().stream()
        .map(of -> of.stream().mapToInt(Integer::intValue).toArray())
        .toList();
  }

  private static double[][] methods(List<Observation> observations) {
    return observations.stream()
        .map(one -> String.valueOf(one.method()))
        .distinct()
        .sorted()
        .skip(1)
        .map(
            method ->
                observations.stream()
                    .mapToDouble(one -> String.valueOf(one.method()).equals(method) ? 1 : 0)
                    .toArray())
        .toArray(double[][]::new);
  }

  private static int[] order(double[] values) {
    double[] different = Arrays.stream(values).distinct().sorted().toArray();
    return Arrays.stream(values).mapToInt(value -> Arrays.binarySearch(different, value)).toArray();
  }

  /**
   * The last term of a regression.
   *
   * @param gain NaN where it has no figures
   * @param partial NaN where there is none
   * @param added how many columns it has
   * @param predictors how many columns all terms have
   */
  private record Fit(double r2, double gain, double partial, int added, int predictors) {
    private static final Fit NONE = new Fit(Double.NaN, Double.NaN, Double.NaN, 0, 0);
  }

  /** The fits of some checkpoints, question by question. */
  private Fit[] fits(int[] drawn) {
    double[][] columns = columns(drawn);
    Fit[] fits = new Fit[questions.size()];
    Arrays.fill(fits, Fit.NONE);
    if (Bootstrap.isConstant(columns[columns.length - 1])) {
      return fits;
    }
    double[][] correlations = Elimination.correlations(columns);
    BitSet different = new BitSet();
    for (int i : drawn) {
      different.set(i);
    }
    for (int i = 0; i < fits.length; i++) {
      fits[i] = fit(i, correlations, different.cardinality());
    }
    return fits;
  }

  private double[][] columns(int[] drawn) {
    double[][] columns = new double[methods.length + orders.length][];
    for (int i = 0; i < methods.length; i++) {
      columns[i] = take(methods[i], drawn);
    }
    for (int i = 0; i < orders.length; i++) {
      columns[methods.length + i] =
          scale == Scale.RANK
              ? ranks(orders[i], drawn)
              : take(i < values.length ? values[i] : forgetting, drawn);
    }
    return columns;
  }

  private static double[] take(double[] of, int[] drawn) {
    double[] taken = new double[drawn.length];
    for (int i = 0; i < drawn.length; i++) {
      taken[i] = of[drawn[i]];
    }
    return taken;
  }

  /** Ranks of what was drawn, by counting; equal values share the mean of theirs. */
  private static double[] ranks(int[] order, int[] drawn) {
    int[] counts = new int[order.length];
    for (int i : drawn) {
      counts[order[i]]++;
    }
    double[] rank = new double[counts.length];
    int below = 0;
    for (int i = 0; i < counts.length; i++) {
      rank[i] = below + (counts[i] + 1) / 2.0;
      below += counts[i];
    }
    double[] ranks = new double[drawn.length];
    for (int i = 0; i < drawn.length; i++) {
      ranks[i] = rank[order[drawn[i]]];
    }
    return ranks;
  }

  private Fit fit(int question, double[][] correlations, int different) {
    int[][] columns = columnsOfTerms[question];
    Elimination elimination = Elimination.of(correlations, columnsOfQuestions[question]);
    int column = 0;
    int predictors = 0;
    int added = 0;
    double before = 0;
    double partial = Double.NaN;
    for (int term = 0; term < columns.length; term++) {
      boolean isMethod = questions.get(question).terms().get(term).equals(Ladder.METHOD);
      before = elimination.explained();
      added = 0;
      for (int ignored : columns[term]) {
        if (!elimination.isDetermined(column)) {
          partial = isMethod ? Double.NaN : elimination.partial(column);
          elimination.takeOut(column);
          added++;
        }
        column++;
      }
      predictors += added;
      if (!isMethod && added == 0) {
        return Fit.NONE;
      }
    }
    double r2 = elimination.explained();
    return added > 0 && different > predictors + 1
        ? new Fit(r2, Math.max(0, r2 - before), partial, added, predictors)
        : Fit.NONE;
  }

  private int[] columnsOf(String term) {
    return term.equals(Ladder.METHOD)
        ? IntStream.range(0, methods.length).toArray()
        : new int[] {methods.length + measures.indexOf(term)};
  }

  /** What is told of every question. */
  Map<Question, Rung> answers() {
    int n = observations.size();
    Fit[] fits = new Fit[questions.size()];
    Arrays.fill(fits, Fit.NONE);
    Spread plain = null;
    Spread bySequence = null;
    if (n > 0) {
      fits = fits(IntStream.range(0, n).toArray());
    }
    if (Arrays.stream(fits).anyMatch(this::hasFigures)) {
      plain = new Spread();
      Bootstrap.resample(n, plain::add);
      if (clusters.size() == n) {
        bySequence = plain;
      } else if (clusters.size() >= Ladder.MIN_CLUSTERS) {
        Spread ofClusters = new Spread();
        Bootstrap.resample(clusters.size(), drawn -> ofClusters.add(members(drawn)));
        bySequence = ofClusters;
      }
    }
    Map<Question, Rung> answers = new HashMap<>();
    for (int i = 0; i < fits.length; i++) {
      answers.put(
          questions.get(i),
          hasFigures(fits[i])
              ? rung(i, fits[i], bySequence, plain)
              : withoutFigures(questions.get(i)));
    }
    return answers;
  }

  private boolean hasFigures(Fit fit) {
    return !Double.isNaN(fit.gain())
        && observations.size() - fit.predictors() - 1 >= Ladder.MIN_RESIDUAL;
  }

  private int[] members(int[] drawn) {
    return Arrays.stream(drawn).flatMap(cluster -> Arrays.stream(clusters.get(cluster))).toArray();
  }

  private Rung rung(int question, Fit fit, Spread bySequence, Spread plain) {
    int n = observations.size();
    double residual = 1 - fit.r2();
    double pValue =
        residual < Elimination.DETERMINED
            ? 0
            : Beta.regularizedBeta(
                residual / (residual + fit.gain()),
                (n - fit.predictors() - 1) / 2.0,
                fit.added() / 2.0);
    return new Rung(
        scale,
        place(questions.get(question)),
        questions.get(question).terms(),
        n,
        clusters.size(),
        fit.predictors(),
        fit.r2(),
        fit.gain(),
        bySequence == null ? null : bySequence.gains[question].interval(),
        plain.gains[question].interval(),
        Double.isNaN(fit.partial()) ? null : (Double) fit.partial(),
        bySequence == null ? null : bySequence.partials[question].interval(),
        plain.partials[question].interval(),
        pValue,
        null,
        Ladder.caution(n, clusters.size(), fit.predictors()));
  }

  private Rung withoutFigures(Question question) {
    return new Rung(
        scale,
        place(question),
        question.terms(),
        observations.size(),
        clusters.size(),
        0,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        fault(question.terms()));
  }

  private static Integer place(Question question) {
    return question.onLadder() ? (Integer) (question.terms().size() - 1) : null;
  }

  private String fault(List<String> terms) {
    int n = observations.size();
    int columns = terms.stream().mapToInt(term -> columnsOf(term).length).sum();
    int needed = columns + 1 + Ladder.MIN_RESIDUAL;
    if (n < needed) {
      return "n = %d, at least %d needed".formatted(n, needed);
    }
    if (Bootstrap.isConstant(forgetting)) {
      return "forgetting has one value throughout";
    }
    String added = terms.get(terms.size() - 1);
    if (added.equals(Ladder.METHOD)) {
      return "method has one value throughout";
    }
    for (String term : terms) {
      if (!term.equals(Ladder.METHOD) && Bootstrap.isConstant(values[measures.indexOf(term)])) {
        return "%s has one value throughout".formatted(term);
      }
    }
    return "one of %s is determined by the others".formatted(String.join(", ", terms));
  }

  /** The figures of all questions over resamples. */
  private final class Spread {
    private final Bootstrap.Values[] gains = new Bootstrap.Values[questions.size()];
    private final Bootstrap.Values[] partials = new Bootstrap.Values[questions.size()];

    private Spread() {
      Arrays.setAll(gains, i -> new Bootstrap.Values());
      Arrays.setAll(partials, i -> new Bootstrap.Values());
    }

    private void add(int[] drawn) {
      Fit[] fits = fits(drawn);
      for (int i = 0; i < fits.length; i++) {
        gains[i].add(fits[i].gain());
        partials[i].add(fits[i].partial());
      }
    }
  }
}
