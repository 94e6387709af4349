/**
 * What tasks have finished, durable as soon as each is done, below {@code OUT/_work}. Input: what
 * the tasks of {@code scan} and {@code mitigation} found; output: their entries, for {@code
 * results} and for later runs, which compute only what is not here.
 */
package io.github.intruders.jobs.ledger;
