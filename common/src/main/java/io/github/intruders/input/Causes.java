package io.github.intruders.input;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** All that is behind a failure. */
public final class Causes {
  private Causes() {}

  /**
   * The failure, its causes and what was suppressed for them, each once; a cause comes after what
   * it has caused.
   */
  public static List<Throwable> of(Throwable failure) {
    List<Throwable> causes = new ArrayList<>();
    add(failure, causes, Collections.newSetFromMap(new IdentityHashMap<>()));
    return causes;
  }

  private static void add(Throwable failure, List<Throwable> causes, Set<Throwable> seen) {
    for (Throwable cause = failure; cause != null && seen.add(cause); cause = cause.getCause()) {
      causes.add(cause);
    }
    for (Throwable cause : List.copyOf(causes)) {
      for (Throwable suppressed : cause.getSuppressed()) {
        if (!seen.contains(suppressed)) {
          add(suppressed, causes, seen);
        }
      }
    }
  }

  /** The outermost failure of a class among them. */
  public static <T extends Throwable> Optional<T> first(Class<T> type, Throwable failure) {
    return of(failure).stream().filter(type::isInstance).map(type::cast).findFirst();
  }
}
