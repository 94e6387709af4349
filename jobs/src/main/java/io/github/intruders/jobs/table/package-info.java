/**
 * The tables: names, columns and how rows are made, one class per table; and the ledger that the
 * tables are derived from. The only place that knows columns.
 */
package io.github.intruders.jobs.table;
