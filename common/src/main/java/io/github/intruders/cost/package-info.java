/**
 * What the routes cost: operations, time and memory by shapes alone. Input: plans, scan settings.
 * Output: {@link io.github.intruders.cost.Cost}. Before it: {@code scan}, whose routes it counts;
 * after it: schedules and estimates in {@code jobs}.
 */
package io.github.intruders.cost;
