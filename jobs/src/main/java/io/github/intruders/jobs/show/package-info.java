/**
 * Small Parquet tables as {@code show} prints them, read without a Spark session. Input: the
 * folders that a run wrote. What it does not understand is left to Spark, which reads the same.
 */
package io.github.intruders.jobs.show;
