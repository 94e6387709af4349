/** The Spark session and what every task needs of it: storage and BLAS threads. */
package io.github.intruders.jobs.session;
