package io.github.intruders.jobs.mitigation;

import io.github.intruders.adapter.Adapter;
import io.github.intruders.checkpoint.MatrixSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import io.github.intruders.input.RejectCode;
import io.github.intruders.input.Rejection;
import io.github.intruders.input.UserInputException;
import io.github.intruders.mitigation.AdapterEditor;
import io.github.intruders.mitigation.CheckpointEditor;
import io.github.intruders.plan.CheckpointPlan;
import io.github.intruders.plan.MatrixPlan;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One checkpoint as it will be written.
 *
 * @param plan the matrices that may be edited
 * @param adapter whether it is an adapter or a chain of them
 * @param files what to write; one entry for an adapter, which is written in one go
 * @param identity every file it is made from: place, length and time of change
 * @param rejection why it can't be written, or null
 */
record ModelSource(
    CheckpointPlan plan, boolean adapter, List<String> files, String identity, Rejection rejection)
    implements Serializable {
  /** Stands for all files of an adapter. */
  static final String WHOLE_ADAPTER = "adapter";

  /**
   * Looks at the files of a checkpoint. A checkpoint of which a part was rejected is not written:
   * its name would say that it is edited, and that part would not be.
   *
   * @param rejected why one of its matrices has no edit; null if all have
   */
  static ModelSource of(Storage storage, CheckpointPlan plan, String rejected) throws IOException {
    List<String> sources = plan.spec().sources();
    try {
      String reason = plan.rejections().isEmpty() ? rejected : plan.rejections().get(0).message();
      if (reason != null) {
        throw UserInputException.of(
            RejectCode.NOT_WRITTEN,
            "Cannot write the edited %s: a part of it was rejected and would be in it unedited: %s"
                .formatted(plan.spec().id(), reason));
      }
      String identity = identity(storage, sources);
      requireAsPlanned(storage, plan);
      boolean adapter = Adapter.isAdapter(storage, sources.get(0));
      List<String> files;
      if (adapter) {
        AdapterEditor.open(storage, sources, plan.matrices());
        files = List.of(WHOLE_ADAPTER);
      } else if (sources.size() > 1) {
        throw UserInputException.inFile(
            RejectCode.FORMAT_UNSUPPORTED,
            sources.get(0),
            "A checkpoint with adapters on top of it can't be written; merge them first, or name"
                + " the checkpoint as the base");
      } else {
        files = CheckpointEditor.open(storage, sources.get(0)).files();
      }
      return new ModelSource(plan, adapter, files, identity, null);
    } catch (UserInputException e) {
      return new ModelSource(plan, false, List.of(), "", Rejection.of(plan.spec().id(), e));
    }
  }

  private static String identity(Storage storage, List<String> sources) throws IOException {
    StringBuilder identity = new StringBuilder();
    for (String source : sources) {
      String folder = storage.isDirectory(source) ? source : parent(source);
      identity.append(source).append('\n');
      for (StoredFile file : storage.list(folder)) {
        if (!file.directory()) {
          identity.append(file.name()).append(' ').append(file.identity()).append('\n');
        }
      }
    }
    return identity.toString();
  }

  /** The weights that go along have to be those whose matrices were edited. */
  private static void requireAsPlanned(Storage storage, CheckpointPlan plan) throws IOException {
    Set<String> files = new HashSet<>();
    for (MatrixPlan matrix : plan.matrices()) {
      for (MatrixSource source : matrix.updateSources()) {
        if (source.stamp() != null && files.add(source.file())) {
          source.stamp().requireStill(storage, source.file());
        }
      }
    }
  }

  /**
   * Requires every file that a model was written from to be the one it was when it was looked at.
   *
   * @throws UserInputException with code {@code INPUT_CHANGED}
   */
  static void requireUnchanged(Storage storage, ModelFile model) throws IOException {
    boolean same;
    try {
      same = identity(storage, model.sources()).equals(model.sourceIdentity());
    } catch (FileNotFoundException e) {
      same = false;
    }
    if (!same) {
      throw UserInputException.inFile(
          RejectCode.INPUT_CHANGED,
          model.sources().get(0),
          "A file of %s changed while the edited model was written; run again once nobody writes to it"
              .formatted(model.checkpointId()));
    }
  }

  /** What went wrong: that a file was replaced, if one was, since all else may come of that. */
  static UserInputException orChange(Storage storage, ModelFile model, UserInputException fault)
      throws IOException {
    try {
      requireUnchanged(storage, model);
      return fault;
    } catch (UserInputException change) {
      return change;
    }
  }

  private static String parent(String uri) {
    return uri.substring(0, uri.lastIndexOf('/'));
  }
}
