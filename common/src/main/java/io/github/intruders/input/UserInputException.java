package io.github.intruders.input;

import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Optional;

/**
 * An input that can't be used, and that its owner can mend: a broken file, an unsupported adapter,
 * a wrong manifest. Carries what a row of the {@code rejects} table needs. Its message names the
 * file and the tensor, what was found and what was expected; secrets in URIs are masked in it. It
 * is one line.
 */
public final class UserInputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final RejectCode code;
  private final String file;
  private final String tensor;

  private UserInputException(RejectCode code, String file, String tensor, String message) {
    super(Excerpt.printable(Secrets.masked(message)));
    this.code = Objects.requireNonNull(code, "code");
    this.file = file;
    this.tensor = tensor;
  }

  /** A fault of no particular file. */
  public static UserInputException of(RejectCode code, String message) {
    return new UserInputException(code, null, null, message);
  }

  /** A fault of a file as a whole; the message becomes {@code [file] message}. */
  public static UserInputException inFile(RejectCode code, String file, String message) {
    return new UserInputException(code, file, null, "[%s] %s".formatted(file, message));
  }

  /** A fault of one tensor; the message becomes {@code [file] Tensor name: message}. */
  public static UserInputException inTensor(
      RejectCode code, String file, String tensor, String message) {
    return new UserInputException(
        code, file, tensor, "[%s] Tensor %s: %s".formatted(file, tensor, message));
  }

  /**
   * What an input has triggered in this program: a fault that nobody foresaw, told like any other
   * so that it costs this input alone.
   *
   * @param fault unchecked; returned as it is if it was foreseen
   * @param file that was read, or null
   * @param tensor that was worked on, or null
   * @throws UncheckedIOException if the fault is the storage's: then trying again may help
   */
  public static UserInputException of(RuntimeException fault, String file, String tensor) {
    if (fault instanceof UserInputException foreseen) {
      return foreseen;
    }
    if (fault instanceof UncheckedIOException storage) {
      throw storage;
    }
    StackTraceElement[] trace = fault.getStackTrace();
    String message =
        "This input triggers a fault of this program; please report it: %s%s"
            .formatted(fault, trace.length == 0 ? "" : " at " + trace[0]);
    if (file == null) {
      return of(RejectCode.INTERNAL, message);
    }
    return tensor == null
        ? inFile(RejectCode.INTERNAL, file, message)
        : inTensor(RejectCode.INTERNAL, file, tensor, message);
  }

  public RejectCode code() {
    return code;
  }

  /** URI of the file at fault, if one is. */
  public Optional<String> file() {
    return Optional.ofNullable(file);
  }

  /** Name of the tensor at fault, if one is. */
  public Optional<String> tensor() {
    return Optional.ofNullable(tensor);
  }
}
