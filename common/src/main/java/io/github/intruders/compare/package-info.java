/**
 * Pairs of updates of one base matrix: how alike two updates are, in direction and in the spaces
 * they use, and what merging them would disturb. Works on the singular triplets of each update,
 * which are made once; a pair then costs products of its small Gram matrices.
 */
package io.github.intruders.compare;
