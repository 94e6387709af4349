package io.github.intruders.forgetting;

import java.io.Serializable;

/**
 * A cell of the task × step matrix of a sequence: what a metric is after a step, beside what it was
 * before. A loss of a task counts as forgetting, a gain as transfer, whichever way the metric goes.
 *
 * @param sequence the sequence
 * @param step of it
 * @param checkpointId the checkpoint of that step
 * @param task what the step was tuned for, or null
 * @param metric the metric
 * @param metricTask the task that the metric measures, see {@link TaskNames}; null if none of the
 *     sequences'
 * @param family the metric's words without that task, such as {@code loss *}; null with it
 * @param value of the checkpoint
 * @param baseValue of the base
 * @param lowerIsBetter whether the metric falls as a model gets better
 * @param forgetting how much worse than the base
 * @param bestStep the earlier step at which the metric was best; null at the first, and where an
 *     earlier one was not measured
 * @param forgettingFromBest how much worse than there
 * @param learnedAtStep the last step up to here that was tuned for the metric's task; null before
 * @param transfer how much better than right after that step; null at that step itself
 * @param tasksBefore how many other tasks the steps before were tuned for; null without a family
 * @param averageForgetting mean of {@code forgettingFromBest} over those tasks, by this family
 *     (Chaudhry et al. 2018); null unless every one of them is known
 * @param backwardTransfer mean of {@code transfer} over them (Lopez-Paz and Ranzato 2017); null
 *     likewise
 */
public record Retention(
    String sequence,
    int step,
    String checkpointId,
    String task,
    String metric,
    String metricTask,
    String family,
    double value,
    double baseValue,
    boolean lowerIsBetter,
    double forgetting,
    Integer bestStep,
    Double forgettingFromBest,
    Integer learnedAtStep,
    Double transfer,
    Integer tasksBefore,
    Double averageForgetting,
    Double backwardTransfer)
    implements Serializable {
  Retention withMeans(Integer tasks, Double forgettingMean, Double transferMean) {
    return new Retention(
        sequence,
        step,
        checkpointId,
        task,
        metric,
        metricTask,
        family,
        value,
        baseValue,
        lowerIsBetter,
        forgetting,
        bestStep,
        forgettingFromBest,
        learnedAtStep,
        transfer,
        tasks,
        forgettingMean,
        transferMean);
  }
}
