/**
 * What people are shown at the end of a run. Input: figures and records. Output: the summary, texts
 * for a terminal, and the page.
 */
package io.github.intruders.jobs.report;
