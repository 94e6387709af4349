package io.github.intruders.accumulation;

import java.io.Serializable;

/**
 * An intruder dimension of one matrix at one step.
 *
 * @param singularIndex place of its triplet in the tuned spectrum, from 0, descending
 * @param singularValue σ of the triplet
 * @param bestSimilarity to any singular vector of the original base; null where only bounds are
 *     known
 */
public record Intruder(int singularIndex, double singularValue, Double bestSimilarity)
    implements Serializable {}
