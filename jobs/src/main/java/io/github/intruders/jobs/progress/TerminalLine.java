package io.github.intruders.jobs.progress;

import java.io.PrintStream;

/** One line on a terminal, drawn over itself; nothing where standard error is none. */
final class TerminalLine {
  private final boolean on = "true".equals(System.getenv("INTRUDERS_TERMINAL"));
  private final PrintStream err = System.err;

  /** Whether there is a terminal, as the launcher tells. */
  boolean isOn() {
    return on;
  }

  /** Draws the line; what is printed next writes over it. */
  void draw(String line) {
    print("\r" + line + "\u001b[K\r");
  }

  void erase() {
    print("\r\u001b[K");
  }

  private void print(String text) {
    if (on) {
      err.print(text);
      err.flush();
    }
  }
}
