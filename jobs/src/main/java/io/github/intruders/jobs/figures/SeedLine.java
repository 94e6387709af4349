package io.github.intruders.jobs.figures;

import io.github.intruders.forgetting.Configuration;
import io.github.intruders.forgetting.SeedSpread;
import java.io.Serializable;

/**
 * A figure over the seeds of one configuration.
 *
 * @param quantity {@code measure} for what the scan found, {@code forgetting} for a metric's
 * @param name of the measure or the metric
 */
public record SeedLine(
    String baseId, Configuration configuration, String quantity, String name, SeedSpread spread)
    implements Serializable {}
