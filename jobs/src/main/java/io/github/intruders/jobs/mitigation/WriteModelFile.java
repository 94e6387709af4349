package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.ledger.MitigationEntry;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.mitigation.AdapterEditor;
import io.github.intruders.mitigation.CheckpointEditor;
import io.github.intruders.mitigation.EditStore;
import io.github.intruders.mitigation.MatrixEdit;
import io.github.intruders.mitigation.MitigationSettings;
import io.github.intruders.plan.MatrixPlan;
import io.github.intruders.scan.ScanSettings;
import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;

/** Executor work: one file of an edited model, unless it is there. */
final class WriteModelFile implements Function<ModelFile, WriteModelFile.Result> {
  private static final long serialVersionUID = 1L;

  private final TaskStorage taskStorage;
  private final String outUri;
  private final ScanSettings scan;
  private final MitigationSettings settings;
  private final Broadcast<Set<String>> rejected;
  private final StageCounters counters;

  /**
   * @param rejected checkpoints and matrices without an edit, see {@link MitigationStage#rejectKey}
   */
  WriteModelFile(
      TaskStorage taskStorage,
      JobConfig config,
      MitigationSettings settings,
      Broadcast<Set<String>> rejected,
      StageCounters counters) {
    this.taskStorage = taskStorage;
    this.outUri = config.outUri();
    this.scan = config.settings();
    this.settings = settings;
    this.rejected = rejected;
    this.counters = counters;
  }

  /**
   * What came of it.
   *
   * @param rejection why the file can't be written, or null
   */
  record Result(String checkpointId, String variant, Rejection rejection) implements Serializable {}

  @Override
  public Result call(ModelFile work) throws IOException {
    TaskThreads.apply();
    Storage storage = taskStorage.open();
    WrittenFiles written = new WrittenFiles(storage, outUri);
    String uri = ModelFolder.uri(storage, outUri, work.checkpointId(), work.variant());
    ModelFolder folder = new ModelFolder(storage, uri, work.modelKey());
    try {
      String lastOfIt = work.adapter() ? "adapter_config.json" : work.file();
      boolean there =
          storage.exists(folder.file(lastOfIt)) && written.has(work.modelKey(), work.file());
      if (!there) {
        write(storage, written.edits(), folder, uri, work);
        written.add(work.modelKey(), work.file());
      }
      counters.finished(1);
      return new Result(work.checkpointId(), work.variant().name(), null);
    } catch (UserInputException e) {
      counters.rejected(1);
      return new Result(
          work.checkpointId(), work.variant().name(), Rejection.of(work.checkpointId(), e));
    }
  }

  private void write(
      Storage storage, EditStore edits, ModelFolder folder, String uri, ModelFile work)
      throws IOException {
    if (work.adapter()) {
      Map<String, MatrixPlan> plans = new HashMap<>();
      work.plans().forEach(plan -> plans.put(plan.base().name(), plan));
      AdapterEditor.open(storage, work.sources())
          .write(
              baseTensor ->
                  plans.containsKey(baseTensor)
                      ? edit(edits, plans.get(baseTensor), work)
                      : new MatrixEdit.Kept(),
              uri);
    } else {
      CheckpointEditor.open(storage, work.sources().get(0))
          .write(
              work.file(), work.plans(), plan -> edit(edits, plan, work), folder.file(work.file()));
    }
  }

  private MatrixEdit edit(EditStore edits, MatrixPlan plan, ModelFile work) throws IOException {
    if (rejected
        .value()
        .contains(MitigationStage.rejectKey(plan.checkpointId(), plan.base().name()))) {
      return new MatrixEdit.Kept();
    }
    return edits.read(MitigationEntry.key(plan, scan, settings), work.variant());
  }
}
