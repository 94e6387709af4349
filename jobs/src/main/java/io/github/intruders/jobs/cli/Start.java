package io.github.intruders.jobs.cli;

import java.lang.reflect.InvocationTargetException;

/**
 * What the jar's manifest names: starts {@link Main} where this process has all that it needs. This
 * class, {@link Requirements} and {@link Ending} are compiled for Java 8 and link to nothing, so
 * that a Spark or a Java from before gets a sentence rather than a trace.
 */
public final class Start {
  private static final String MAIN = "io.github.intruders.jobs.cli.Main";
  private static final int UNUSABLE = 2;

  private Start() {}

  /** Ends the process with the command's exit code; returns normally where that is 0. */
  public static void main(String[] args) throws ReflectiveOperationException {
    String unmet = Requirements.unmet();
    if (!unmet.isEmpty()) {
      System.err.println("intruders: " + unmet);
      Ending.with(UNUSABLE, unmet);
    }
    try {
      Class.forName(MAIN).getMethod("main", String[].class).invoke(null, (Object) args);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Ending.Unsuccessful) {
        throw (Ending.Unsuccessful) e.getCause();
      }
      throw new IllegalStateException("The job failed", e.getCause());
    }
  }
}
