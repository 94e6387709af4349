package io.github.intruders.input;

import java.io.Serializable;
import java.util.Objects;

/**
 * One input that was left out: a row of the {@code rejects} table.
 *
 * @param checkpointId the checkpoint that lost something, or the base's id
 * @param matrix the matrix that is left out, null if it is a file or the checkpoint as a whole
 * @param file URI of the file at fault, null if it is no particular file
 * @param code kind of fault
 * @param message for a person; names file, tensor, found and expected
 */
public record Rejection(
    String checkpointId, String matrix, String file, RejectCode code, String message)
    implements Serializable {
  public Rejection {
    Objects.requireNonNull(checkpointId, "checkpointId");
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(message, "message");
  }

  /** A whole checkpoint or file. */
  public static Rejection of(String checkpointId, UserInputException fault) {
    return of(checkpointId, fault.tensor().orElse(null), fault);
  }

  /** One matrix. */
  public static Rejection of(String checkpointId, String matrix, UserInputException fault) {
    return new Rejection(
        checkpointId, matrix, fault.file().orElse(null), fault.code(), fault.getMessage());
  }
}
