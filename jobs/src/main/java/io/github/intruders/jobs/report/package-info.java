/** What people are shown at the end of a run. Input: tables. Output: the run summary. */
package io.github.intruders.jobs.report;
