package io.github.intruders.jobs.discovery;

import io.github.intruders.discovery.Fleet;
import io.github.intruders.manifest.Manifest;

/**
 * What came of looking through folders.
 *
 * @param fleet what is new, and what is left out
 * @param manifest what the text says
 * @param text of the manifest
 * @param changed whether the text differs from what stands in storage
 * @param trainerMetrics the text of the file of trainers' evaluations; null if there is none to
 *     write
 */
public record Discovered(
    Fleet fleet, Manifest manifest, String text, boolean changed, String trainerMetrics) {}
