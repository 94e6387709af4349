package io.github.intruders.forgetting;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What an edit of a tuned model did to one metric of it, as tables 3 and 4 of arXiv 2410.21228 tell
 * it: relative to the tuned model before the edit.
 *
 * @param checkpointId the tuned model that was edited
 * @param variant the edit's name; {@value #UNEDITED} for the model itself
 * @param lambda factor of the intruders; null where the edit has none
 * @param metric what was measured
 * @param role what the metric tells of this model
 * @param lowerIsBetter whether the metric falls as a model gets better
 * @param value of the edited model
 * @param uneditedValue of the model before the edit; null where that was not measured
 * @param baseValue of the base
 * @param change value less uneditedValue; null without it
 * @param changePercent the same in percent of uneditedValue; null without it, and where it is not
 *     above 0, of which percents say nothing
 */
public record MitigationEffect(
    String checkpointId,
    String variant,
    Double lambda,
    String metric,
    Role role,
    boolean lowerIsBetter,
    double value,
    Double uneditedValue,
    double baseValue,
    Double change,
    Double changePercent)
    implements Serializable {
  /** The variant that is the model before the edit. */
  public static final String UNEDITED = "unedited";

  /** What a metric tells of a tuned model. */
  public enum Role {
    /** What it was tuned for: its task stands in the metric's name ({@link TaskNames}). */
    TARGET,
    /** What another checkpoint was tuned for. */
    OTHER_TASK,
    /** No task's, and less is better: a loss on what the base was trained on. */
    PRETRAINING,
    /** No task's, and more is better. */
    GENERAL;

    /** As tables have it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The role of a metric.
     *
     * @param task what the model was tuned for, or null
     */
    static Role of(MeasuredForgetting metric, String task, TaskNames names) {
      return names
          .of(metric.metric())
          .map(measured -> measured.task().equals(task) ? TARGET : OTHER_TASK)
          .orElse(metric.lowerIsBetter() ? PRETRAINING : GENERAL);
    }
  }

  /**
   * An evaluated edit.
   *
   * @param variant null for the model before the edit
   * @param lambda null where the edit has none
   */
  public record Evaluated(String variant, Double lambda, MeasuredForgetting measured)
      implements Serializable {}

  /**
   * The effects on one metric of one model, the model itself first, then by variant.
   *
   * @param task what the model was tuned for, or null
   * @param evaluated of the model and its edits, in any order
   * @return empty where no edit was evaluated
   */
  public static List<MitigationEffect> of(
      String checkpointId, String task, List<Evaluated> evaluated, TaskNames names) {
    MeasuredForgetting unedited = null;
    List<Evaluated> edits = new ArrayList<>();
    for (Evaluated one : evaluated) {
      if (one.variant() == null) {
        unedited = one.measured();
      } else {
        edits.add(one);
      }
    }
    if (edits.isEmpty()) {
      return List.of();
    }
    edits.sort(
        Comparator.comparing(Evaluated::variant)
            .thenComparing(one -> one.measured().checkpointId()));
    if (unedited != null) {
      edits.add(0, new Evaluated(UNEDITED, 1.0, unedited));
    }
    List<MitigationEffect> effects = new ArrayList<>();
    for (Evaluated edit : edits) {
      effects.add(of(checkpointId, task, edit, unedited, names));
    }
    return effects;
  }

  private static MitigationEffect of(
      String checkpointId,
      String task,
      Evaluated edit,
      MeasuredForgetting unedited,
      TaskNames names) {
    MeasuredForgetting measured = edit.measured();
    Double before = unedited == null ? null : (Double) unedited.value();
    Double change = before == null ? null : (Double) (measured.value() - before);
    return new MitigationEffect(
        checkpointId,
        edit.variant(),
        edit.lambda(),
        measured.metric(),
        Role.of(measured, task, names),
        measured.lowerIsBetter(),
        measured.value(),
        before,
        measured.baseValue(),
        change,
        change == null || before <= 0 ? null : (Double) (100 * change / before));
  }
}
