/**
 * Where the tables live: Parquet in folders, with its two ways to commit, or an Iceberg catalog;
 * and what is published when. Input: rows of {@code table}; output: tables that readers see.
 */
package io.github.intruders.jobs.store;
