/** The command line: options, help, exit codes. The only place that ends the process. */
package io.github.intruders.jobs.cli;
