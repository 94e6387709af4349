package io.github.intruders.adapter;

import java.util.Locale;

/** Where the scale of an update comes from. */
public enum ScaleOrigin {
  /** The config's alpha and rank, or the scale of mlx-lm's. */
  CONFIG,
  /** An entry of {@code alpha_pattern} or {@code rank_pattern}. */
  PATTERN,
  /** A tensor {@code alpha} beside the update's. */
  TENSOR,
  /** Nothing names one, so that it is 1. */
  DEFAULT,
  /** The kind of adapter has none. */
  NONE;

  /** As tables have it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
