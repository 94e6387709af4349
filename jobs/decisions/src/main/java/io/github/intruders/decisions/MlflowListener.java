package io.github.intruders.decisions;

import io.github.intruders.check.CheckResult.Checked;
import io.github.intruders.input.Excerpt;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.figures.CheckpointResult;
import io.github.intruders.jobs.listener.RunListener;
import io.github.intruders.jobs.listener.RunResult;
import io.github.intruders.jobs.listener.RunStart;
import io.github.intruders.manifest.CheckpointSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mlflow.tracking.MlflowHttpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs figures, verdict and report of each checkpoint to the MLflow run and the model version that
 * its tags name. Makes no run and no model of its own. A second time the same figures add nothing.
 */
public final class MlflowListener implements RunListener {
  private static final Logger LOG = LoggerFactory.getLogger(MlflowListener.class);

  private final Map<String, String> environment;
  private MlflowServer server;

  /** For {@link java.util.ServiceLoader}. */
  public MlflowListener() {
    this(System.getenv());
  }

  MlflowListener(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public String name() {
    return "mlflow";
  }

  @Override
  public void open(String address) {
    String uri = address == null ? environment.get("MLFLOW_TRACKING_URI") : address;
    if (uri == null || uri.isBlank()) {
      throw refusal("--mlflow names no server: give --mlflow URI, or set MLFLOW_TRACKING_URI");
    }
    server = MlflowServer.at(uri.strip(), environment);
  }

  static UserInputException refusal(String message) {
    return UserInputException.of(RejectCode.SETTING_INVALID, message);
  }

  /** Looks at the tags, which may hold what can't be understood, and whether the server answers. */
  @Override
  public void started(RunStart run) throws IOException {
    boolean named = false;
    for (CheckpointSpec spec : run.checkpoints()) {
      named |= !MlflowTarget.of(spec.id(), spec.tags()).isEmpty();
    }
    if (!named && !run.checkpoints().isEmpty()) {
      warnOfNoTarget();
      return;
    }
    server.requireAnswer();
  }

  private static void warnOfNoTarget() {
    LOG.warn(
        "MLflow: no checkpoint has a tag {} or {}, so there is nothing to log to",
        MlflowTarget.RUN,
        MlflowTarget.MODEL);
  }

  @Override
  public void completed(RunStart run, RunResult result) throws IOException {
    Map<String, Checked> checked = new HashMap<>();
    if (result.checked() != null) {
      result.checked().checkpoints().stream()
          .filter(one -> !one.verdicts().isEmpty())
          .forEach(one -> checked.put(one.subject().id(), one));
    }
    Map<CheckpointResult, MlflowTarget> targets = new HashMap<>();
    List<String> faults = new ArrayList<>();
    for (CheckpointResult one : result.checkpoints()) {
      if (result.checked() == null || checked.containsKey(one.checkpointId())) {
        try {
          MlflowTarget target = MlflowTarget.of(one.checkpointId(), one.tags());
          if (!target.isEmpty()) {
            targets.put(one, target);
          }
        } catch (UserInputException e) { // of tables that were not written with this option
          faults.add(e.getMessage());
        }
      }
    }
    log(run, result, targets, checked, faults);
  }

  private void log(
      RunStart run,
      RunResult result,
      Map<CheckpointResult, MlflowTarget> targets,
      Map<String, Checked> checked,
      List<String> faults)
      throws IOException {
    int all = targets.size() + faults.size();
    if (!targets.isEmpty()) {
      server.requireAnswer();
      MlflowReport report = new MlflowReport(server, run.storage(), result.report());
      for (CheckpointResult one : result.checkpoints()) {
        if (targets.containsKey(one)) {
          MlflowTags tags =
              MlflowTags.of(run, result, one, Optional.ofNullable(checked.get(one.checkpointId())));
          try {
            server.log(targets.get(one), one, run.startedAt(), tags, report);
          } catch (
              MlflowHttpException e) { // of this one alone: a run that is gone, a missing right
            faults.add("%s: %s".formatted(one.checkpointId(), MlflowServer.words(e)));
          }
        }
      }
      report.unsent().ifPresent(why -> LOG.warn("MLflow: the report is a link in a tag: {}", why));
    }
    if (!faults.isEmpty()) {
      throw new IOException(
          "%d of %d checkpoints could not be logged, the first: %s"
              .formatted(faults.size(), all, faults.get(0)));
    }
    if (all == 0) {
      warnOfNoTarget();
    } else {
      LOG.info("MLflow: {} logged to {}", Excerpt.counted(all, "checkpoint"), server.name());
    }
  }

  /** The runs and models are of others, who have done nothing wrong. */
  @Override
  public void failed(RunStart run, String why) {}
}
