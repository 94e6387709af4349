/**
 * Whether a checkpoint is what it says it is: a merge of these adapters, a descendant of this base.
 * Input: matrices of base and tuned, and the updates of the adapters. Output: figures, a verdict
 * and its cause in words.
 */
package io.github.intruders.fidelity;
