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
   * A step of a regression.
   *
   * @param gain NaN where the step has no figures
   * @param partial NaN where there is none
   * @param added how many columns came in with it
   * @param predictors how many there are now
   */
  private record Fit(double r2, double gain, double partial, int added, int predictors) {
    private static final Fit NONE = new Fit(Double.NaN, Double.NaN, Double.NaN, 0, 0);
  }

  /** The fits of some checkpoints, question by question and step by step. */
  private Fit[][] fits(int[] drawn) {
    double[][] columns = columns(drawn);
    double[][] correlations = Elimination.correlations(columns);
    BitSet different = new BitSet();
    for (int i : drawn) {
      different.set(i);
    }
    boolean constant = Bootstrap.isConstant(columns[columns.length - 1]);
    Fit[][] fits = new Fit[questions.size()][];
    for (int i = 0; i < fits.length; i++) {
      fits[i] = fit(questions.get(i), correlations, different.cardinality());
      if (constant) {
        Arrays.fill(fits[i], Fit.NONE);
      }
    }
    return fits;
  }

  private double[][] columns(int[] drawn) {
    List<double[]> columns = new ArrayList<>();
    for (double[] method : methods) {
      columns.add(Arrays.stream(drawn).mapToDouble(i -> method[i]).toArray());
    }
    for (int i = 0; i < orders.length; i++) {
      double[] of = i < values.length ? values[i] : forgetting;
      columns.add(
          scale == Scale.RANK
              ? ranks(orders[i], drawn)
              : Arrays.stream(drawn).mapToDouble(place -> of[place]).toArray());
    }
    return columns.toArray(double[][]::new);
  }

  /** Ranks of what was drawn, by counting; equal values share the mean of theirs. */
  private static double[] ranks(int[] order, int[] drawn) {
    int[] counts = new int[order.length + 1];
    for (int i : drawn) {
      counts[order[i]]++;
    }
    double[] rank = new double[counts.length];
    int below = 0;
    for (int i = 0; i < counts.length; i++) {
      rank[i] = below + (counts[i] + 1) / 2.0;
      below += counts[i];
    }
    return Arrays.stream(drawn).mapToDouble(i -> rank[order[i]]).toArray();
  }

  private Fit[] fit(Question question, double[][] correlations, int different) {
    int[][] columns = question.terms().stream().map(this::columnsOf).toArray(int[][]::new);
    Elimination elimination =
        Elimination.of(correlations, Arrays.stream(columns).flatMapToInt(Arrays::stream).toArray());
    Fit[] fits = new Fit[columns.length];
    int column = 0;
    int predictors = 0;
    double before = 0;
    boolean possible = true;
    for (int term = 0; term < columns.length; term++) {
      boolean isMethod = question.terms().get(term).equals(Ladder.METHOD);
      double partial = Double.NaN;
      int added = 0;
      for (int ignored : columns[term]) {
        if (!elimination.isDetermined(column)) {
          partial = isMethod ? Double.NaN : elimination.partial(column);
          elimination.takeOut(column);
          added++;
        }
        column++;
      }
      predictors += added;
      possible &= isMethod || added == 1;
      possible &= different > predictors + 1;
      double r2 = elimination.explained();
      fits[term] =
          possible && added > 0
              ? new Fit(r2, Math.max(0, r2 - before), partial, added, predictors)
              : Fit.NONE;
      before = r2;
    }
    return fits;
  }

  private int[] columnsOf(String term) {
    return term.equals(Ladder.METHOD)
        ? IntStream.range(0, methods.length).toArray()
        : new int[] {methods.length + measures.indexOf(term)};
  }

  /** The steps that are told, of every question. */
  Map<Question, List<Rung>> answers() {
    int n = observations.size();
    Fit[][] fits = n == 0 ? null : fits(IntStream.range(0, n).toArray());
    Spread plain = null;
    Spread bySequence = null;
    if (fits != null
        && Arrays.stream(fits).flatMap(Arrays::stream).anyMatch(fit -> hasFigures(fit))) {
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
    Map<Question, List<Rung>> answers = new HashMap<>();
    for (int i = 0; i < questions.size(); i++) {
      List<Rung> rungs = new ArrayList<>();
      for (int step = questions.get(i).told(); step < questions.get(i).terms().size(); step++) {
        Fit fit = fits == null ? Fit.NONE : fits[i][step];
        rungs.add(
            hasFigures(fit)
                ? rung(i, step, fit, bySequence, plain)
                : withoutFigures(questions.get(i), step));
      }
      answers.put(questions.get(i), rungs);
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

  private Rung rung(int question, int step, Fit fit, Spread bySequence, Spread plain) {
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
        place(questions.get(question), step),
        terms(questions.get(question), step),
        n,
        clusters.size(),
        fit.predictors(),
        fit.r2(),
        fit.gain(),
        bySequence == null ? null : bySequence.gains[question][step].interval(),
        plain.gains[question][step].interval(),
        Double.isNaN(fit.partial()) ? null : (Double) fit.partial(),
        bySequence == null ? null : bySequence.partials[question][step].interval(),
        plain.partials[question][step].interval(),
        pValue,
        null,
        Ladder.caution(n, clusters.size(), fit.predictors()));
  }

  private Rung withoutFigures(Question question, int step) {
    return new Rung(
        scale,
        place(question, step),
        terms(question, step),
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
        fault(terms(question, step)));
  }

  private static Integer place(Question question, int step) {
    return question.onLadder() ? (Integer) step : null;
  }

  private static List<String> terms(Question question, int step) {
    return question.terms().subList(0, step + 1);
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

  /** The figures of all steps over resamples, by question and step. */
  private final class Spread {
    private final Bootstrap.Values[][] gains = new Bootstrap.Values[questions.size()][];
    private final Bootstrap.Values[][] partials = new Bootstrap.Values[questions.size()][];

    private Spread() {
      for (int i = 0; i < gains.length; i++) {
        int steps = questions.get(i).terms().size();
        gains[i] =
            IntStream.range(0, steps)
                .mapToObj(k -> new Bootstrap.Values())
                .toArray(Bootstrap.Values[]::new);
        partials[i] =
            IntStream.range(0, steps)
                .mapToObj(k -> new Bootstrap.Values())
                .toArray(Bootstrap.Values[]::new);
      }
    }

    private void add(int[] drawn) {
      Fit[][] fits = fits(drawn);
      for (int i = 0; i < fits.length; i++) {
        for (int step = questions.get(i).told(); step < fits[i].length; step++) {
          gains[i][step].add(fits[i][step].gain());
          partials[i][step].add(fits[i][step].partial());
        }
      }
    }
  }
}
