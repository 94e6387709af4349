package io.github.intruders.input;

import java.io.Serializable;
import java.util.Locale;

/**
 * How much memory outside the Java heap one task may use.
 *
 * @param bytes the bound; {@link Long#MAX_VALUE} where nothing tells
 * @param source where the figure comes from, for messages
 * @param remedy what can be set to get more, for messages
 */
public record MemoryLimit(long bytes, String source, String remedy) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** No bound. */
  public static final MemoryLimit NONE = new MemoryLimit(Long.MAX_VALUE, "no bound is set", "");

  /** Whether so much fits. */
  public boolean allows(long needed) {
    return needed <= bytes;
  }

  /**
   * Refuses what would not fit, before anything is allocated.
   *
   * @param needed bytes
   * @param what it is needed for, such as {@code the dense decomposition of 10x20}
   * @throws UserInputException with code {@code TOO_LARGE}
   */
  public void require(long needed, String what, String file, String tensor) {
    if (!allows(needed)) {
      throw UserInputException.inTensor(
          RejectCode.TOO_LARGE, file, tensor, refusal(needed, what) + "; " + remedy);
    }
  }

  /** Both figures in words. */
  public String refusal(long needed, String what) {
    return "%s takes %s of native memory, a task has %s (%s)"
        .formatted(what, amount(needed), amount(bytes), source);
  }

  /** A number of bytes in words. */
  public static String amount(long bytes) {
    return bytes < 1L << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20))
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}
