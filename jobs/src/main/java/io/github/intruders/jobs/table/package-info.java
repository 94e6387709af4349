/**
 * The tables, one class each: its name, its columns, how a row is made from a record and a record
 * from a row. The only place that knows columns. Input and output: records of {@code figures} and
 * {@code ledger}; {@code store} keeps the rows.
 */
package io.github.intruders.jobs.table;
