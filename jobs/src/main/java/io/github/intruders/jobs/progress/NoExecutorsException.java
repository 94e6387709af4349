package io.github.intruders.jobs.progress;

/** A job that was given up because the cluster gave it nothing to run on. */
public final class NoExecutorsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NoExecutorsException(String message, Throwable cause) {
    super(message, cause);
  }
}
