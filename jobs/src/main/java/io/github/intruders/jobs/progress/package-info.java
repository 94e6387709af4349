/**
 * How a job shows what it does: progress and time left, the context of log lines, metrics. Stages
 * count their work here; nothing here knows a stage.
 */
package io.github.intruders.jobs.progress;
