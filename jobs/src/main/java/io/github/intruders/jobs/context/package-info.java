/** What every stage of a run works with: the session, the settings, the progress. */
package io.github.intruders.jobs.context;
