/**
 * Looks through folders in parallel. Input: URIs. Output: what {@link
 * io.github.intruders.discovery.ManifestText} makes of what was found.
 */
package io.github.intruders.jobs.discovery;
