/**
 * What changed between two states of a table. Input: rows by column. Output: {@link
 * io.github.intruders.diff.TableDiff}.
 */
package io.github.intruders.diff;
