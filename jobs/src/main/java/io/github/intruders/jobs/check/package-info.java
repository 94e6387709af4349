/**
 * What rules are held against, from the tables of runs: small tables in folders without a Spark
 * session, all others by Spark. Input: tables. Output: {@link
 * io.github.intruders.check.CheckInput}. Next: {@link io.github.intruders.check.Checker}.
 */
package io.github.intruders.jobs.check;
