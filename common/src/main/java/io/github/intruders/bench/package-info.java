/**
 * Measures the routes of {@code scan} beside the published algorithm. Input: shapes. Output: {@link
 * io.github.intruders.bench.RouteBenchmark.Result}.
 */
package io.github.intruders.bench;
