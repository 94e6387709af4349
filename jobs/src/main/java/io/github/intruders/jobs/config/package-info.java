/** What a run was asked to do, parsed and validated once. Input: options. Used by: every stage. */
package io.github.intruders.jobs.config;
