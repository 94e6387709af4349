/**
 * The stages in their order. Every front end, the command line, a scheduler or a notebook, calls
 * these classes: {@code Pipeline} runs, {@code Preflight} looks before it leaps, {@code StageRun}
 * goes on from the tables of a scan, {@code MitigationRun} edits models, {@code ReportRun} draws
 * the report of tables.
 */
package io.github.intruders.jobs.pipeline;
