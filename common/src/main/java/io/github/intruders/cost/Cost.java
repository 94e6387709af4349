package io.github.intruders.cost;

import java.io.Serializable;

/**
 * What a piece of work is expected to take.
 *
 * @param flops floating-point operations
 * @param coreSeconds time of one core
 * @param bytesRead bytes from storage
 * @param nativeBytes peak native memory of the task that does it
 */
public record Cost(double flops, double coreSeconds, long bytesRead, long nativeBytes)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Nothing. */
  public static final Cost NONE = new Cost(0, 0, 0, 0);

  /** One after the other: all adds up but for memory, which is the larger of the two. */
  public Cost then(Cost next) {
    return new Cost(
        flops + next.flops,
        coreSeconds + next.coreSeconds,
        bytesRead + next.bytesRead,
        Math.max(nativeBytes, next.nativeBytes));
  }
}
