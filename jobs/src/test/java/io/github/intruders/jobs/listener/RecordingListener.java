package io.github.intruders.jobs.listener;

import java.util.ArrayList;
import java.util.List;

/**
 * Stands for the listener to OpenLineage where tests ask for that: keeps what it is told. Public,
 * as ServiceLoader needs it.
 */
public final class RecordingListener implements RunListener {
  private static final List<Told> TOLD = new ArrayList<>();

  /**
   * One call.
   *
   * @param what {@code started}, {@code completed}, or why the run failed
   * @param result null but for {@code completed}
   */
  public record Told(String what, RunStart run, RunResult result) {}

  /** What was told since the last time. */
  public static synchronized List<Told> take() {
    List<Told> told = List.copyOf(TOLD);
    TOLD.clear();
    return told;
  }

  private static synchronized void add(Told told) {
    TOLD.add(told);
  }

  @Override
  public String name() {
    return "openlineage";
  }

  @Override
  public void open(String address) {}

  @Override
  public void started(RunStart run) {
    add(new Told("started", run, null));
  }

  @Override
  public void completed(RunStart run, RunResult result) {
    add(new Told("completed", run, result));
  }

  @Override
  public void failed(RunStart run, String why) {
    add(new Told(why, run, null));
  }
}
