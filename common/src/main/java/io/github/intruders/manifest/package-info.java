/**
 * What to compare with what: one base, its tuned checkpoints, their order in sequences. Input: a
 * YAML or JSON text. Output: {@link io.github.intruders.manifest.Manifest}. Next: {@code plan}.
 */
package io.github.intruders.manifest;
