package io.github.intruders.jobs.listener;

import io.github.intruders.input.UserInputException;
import java.io.IOException;

/**
 * Is told of one run. Made by {@link java.util.ServiceLoader}, one for each run; called from one
 * thread at a time, {@link #open} first, then {@link #started}, then one of the other two. Whatever
 * these three throw becomes a warning and changes nothing of the run; a call that takes too long is
 * interrupted and is the last.
 */
public interface RunListener {
  /** How options name it, such as {@code mlflow}. */
  String name();

  /**
   * Gets ready, before a session is open; must not wait for a server.
   *
   * @param address as the user gave it, or null to go by the settings that its own clients have
   * @throws UserInputException if these settings can't be used; the run does not begin
   */
  void open(String address);

  /**
   * A command that writes tables has begun.
   *
   * @throws UserInputException if it asks for what can't be; the run does not go on
   */
  void started(RunStart run) throws IOException;

  /** It is done; something may have been left out. */
  void completed(RunStart run, RunResult result) throws IOException;

  /**
   * It has failed.
   *
   * @param why in one line, without secrets
   */
  void failed(RunStart run, String why) throws IOException;
}
