/**
 * The plan stage: pairs every checkpoint with the base, on the executors. Input: manifest and
 * headers. Output: {@link io.github.intruders.jobs.plan.RunPlan}.
 */
package io.github.intruders.jobs.plan;
