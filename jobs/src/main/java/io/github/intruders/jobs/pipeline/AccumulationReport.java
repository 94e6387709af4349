package io.github.intruders.jobs.pipeline;

import io.github.intruders.jobs.figures.AccumulationStep;
import java.util.List;

/**
 * What the sequences show.
 *
 * @param steps every step of every sequence
 * @param rejected how many matrices could not be followed through a step
 */
public record AccumulationReport(List<AccumulationStep> steps, long rejected) {}
