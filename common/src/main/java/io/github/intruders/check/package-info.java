/**
 * Rules held against the rows of tables, and what comes of it. Input: rules in YAML, rows by
 * column. Output: {@link io.github.intruders.check.Verdict}s, as JSON, JUnit XML, SARIF and lines
 * for people. Knows no table by name but that of checkpoints; who reads the rows tells what there
 * is.
 */
package io.github.intruders.check;
