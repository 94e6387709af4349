package io.github.intruders.jobs.mitigation;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.progress.StageCounters;
import io.github.intruders.jobs.session.TaskStorage;
import io.github.intruders.jobs.session.TaskThreads;
import io.github.intruders.mitigation.AdapterEditor;
import io.github.intruders.mitigation.CheckpointEditor;
import io.github.intruders.mitigation.Edits;
import io.github.intruders.mitigation.MitigationSettings;
import java.io.IOException;
import java.io.Serializable;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Executor work: one file of an edited model, unless it is there; what is written is read back. */
final class WriteModelFile implements FlatMapFunction<ModelFile, WriteModelFile.Failure> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(WriteModelFile.class);

  private final TaskStorage taskStorage;
  private final ModelFolders folders;
  private final String outUri;
  private final ModelEdits modelEdits;
  private final StageCounters counters;

  WriteModelFile(
      TaskStorage taskStorage,
      JobConfig config,
      MitigationSettings settings,
      ModelEdits edits,
      StageCounters counters) {
    this.taskStorage = taskStorage;
    this.folders = new ModelFolders(config, settings);
    this.outUri = config.outUri();
    this.modelEdits = edits;
    this.counters = counters;
  }

  /** Why a model can't be written. */
  record Failure(ModelFile work, Rejection rejection) implements Serializable {
    static Failure of(ModelFile work, UserInputException reason) {
      return new Failure(work, Rejection.of(work.checkpointId(), reason));
    }
  }

  @Override
  public Iterator<Failure> call(ModelFile work) throws IOException {
    TaskThreads.apply();
    Storage storage = taskStorage.open();
    WrittenFiles written = new WrittenFiles(storage, outUri);
    ModelFolder folder = folders.of(storage, work);
    try {
      if (!folder.isFinished()) {
        write(storage, written, folder, work);
      }
      counters.finished(1);
      return Collections.emptyIterator();
    } catch (UserInputException e) {
      counters.rejected(1);
      return List.of(Failure.of(work, ModelSource.orChange(storage, work, e))).iterator();
    }
  }

  /** What a killed job left is kept if it proves to be right. */
  private void write(Storage storage, WrittenFiles written, ModelFolder folder, ModelFile work)
      throws IOException {
    Edits edits = modelEdits.of(storage, work.variant());
    Writing writing =
        work.adapter()
            ? new AdapterWriting(
                AdapterEditor.open(storage, work.sources(), work.plans()), edits, folder.uri())
            : new FileWriting(
                CheckpointEditor.open(storage, work.sources().get(0)),
                work,
                edits,
                folder.file(work.file()));
    String lastOfIt = work.adapter() ? "adapter_config.json" : work.file();
    if (storage.exists(folder.file(lastOfIt)) && written.has(work.modelKey(), work.file())) {
      try {
        writing.prove();
        return;
      } catch (UserInputException e) {
        LOG.warn("Writing {} again: {}", folder.uri(), e.getMessage());
      }
    }
    writing.write();
    writing.prove();
    written.add(work.modelKey(), work.file());
  }

  /** Writes a piece and reads it back. */
  private sealed interface Writing {
    void write() throws IOException;

    void prove() throws IOException;
  }

  private record AdapterWriting(AdapterEditor editor, Edits edits, String folder)
      implements Writing {
    @Override
    public void write() throws IOException {
      editor.write(edits, folder);
    }

    @Override
    public void prove() throws IOException {
      editor.prove(edits, folder);
    }
  }

  private record FileWriting(CheckpointEditor editor, ModelFile work, Edits edits, String target)
      implements Writing {
    @Override
    public void write() throws IOException {
      editor.write(work.file(), work.plans(), edits, target);
    }

    @Override
    public void prove() throws IOException {
      editor.prove(work.file(), work.plans(), edits, target);
    }
  }
}
