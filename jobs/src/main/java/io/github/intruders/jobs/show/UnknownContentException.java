package io.github.intruders.jobs.show;

import java.io.IOException;

/** A table is not one of those this package reads; Spark may read it, or say what is wrong. */
final class UnknownContentException extends IOException {
  private static final long serialVersionUID = 1L;

  UnknownContentException(String message) {
    super(message);
  }

  UnknownContentException(Throwable cause) {
    super(cause);
  }
}
