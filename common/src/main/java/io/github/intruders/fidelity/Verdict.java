package io.github.intruders.fidelity;

import java.util.Locale;

/** What a merged matrix turned out to be. Those that come later weigh more. */
public enum Verdict {
  /** An adapter could not be read, as the cause says. */
  UNKNOWN,
  /** The base and all updates, up to what rounding explains. */
  FAITHFUL,
  /** The same, but rounding to half precision has cost more than a twentieth of the update. */
  ROUNDED,
  /** The difference is none that is known; its figures say how large it is. */
  UNEXPLAINED,
  /** All updates are in it, and a further one of low rank. */
  OTHER_UPDATE,
  /** A difference of high rank that no update explains: another base, or further training. */
  OTHER_BASE,
  /** Some updates are in it as they should be, and others not at all. */
  LINK_MISSING,
  /** Updates are in it, but not once. */
  SCALED,
  /** The base alone. */
  UNMERGED;

  /** As tables have it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether the matrix is not what it says it is; rounding does not count. */
  public boolean isFault() {
    return compareTo(ROUNDED) > 0;
  }
}
