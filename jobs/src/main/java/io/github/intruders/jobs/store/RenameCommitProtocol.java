package io.github.intruders.jobs.store;

import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.mapreduce.JobContext;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.spark.internal.io.FileCommitProtocol;
import org.apache.spark.internal.io.FileNameSpec;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Commits by renaming single files, for storages that replace a file by a rename. Every attempt of
 * a task writes to a folder of its own outside of the table; the end of the job moves the files of
 * those attempts that succeeded to their places, as {@link NewFile} does. A folder of the table is
 * never empty or missing meanwhile, unlike with Spark's own protocol, which deletes it before it
 * renames the new one.
 *
 * <p>A folder that the job writes to holds exactly the job's files afterwards, under names that no
 * other job gives. A job that is killed leaves some folders new and the others old, and files in
 * the folder that {@link TableCommit#STAGING} names.
 */
public final class RenameCommitProtocol extends FileCommitProtocol implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String jobId;
  private final String uri;
  private final boolean replacesPartitions;

  private transient ArrayList<String> taskFiles;

  /**
   * As Spark makes it, by reflection.
   *
   * @param jobId of this write, unique
   * @param uri of the table's folder
   * @param replacesPartitions whether the folders written to lose their old files
   */
  public RenameCommitProtocol(String jobId, String uri, boolean replacesPartitions) {
    this.jobId = jobId;
    this.uri = uri;
    this.replacesPartitions = replacesPartitions;
  }

  /**
   * What one attempt has written.
   *
   * @param folder its own
   * @param files relative to it, as in the table
   */
  private record Attempt(String folder, ArrayList<String> files) implements Serializable {}

  @Override
  public void setupJob(JobContext context) {
    // Folders are made with the first file in them.
  }

  @Override
  public void setupTask(TaskAttemptContext context) {
    taskFiles = new ArrayList<>();
  }

  @Override
  public String newTaskTempFile(
      TaskAttemptContext context, Option<String> folder, FileNameSpec name) {
    String relative = CommittedFiles.relative(folder, name, NewFile.nameOf(jobId));
    taskFiles.add(relative);
    return attemptFolder(context) + "/" + relative;
  }

  /** Abstract in Spark 4.0, though nothing calls it there either. */
  @Override
  @SuppressWarnings("deprecation")
  public String newTaskTempFile(TaskAttemptContext context, Option<String> folder, String suffix) {
    return newTaskTempFile(context, folder, new FileNameSpec("", suffix));
  }

  @Override
  public String newTaskTempFileAbsPath(
      TaskAttemptContext context, String folder, FileNameSpec name) {
    throw new UnsupportedOperationException("Tables lie below one folder, found " + folder);
  }

  /** Abstract in Spark 4.0, like the one above. */
  @Override
  @SuppressWarnings("deprecation")
  public String newTaskTempFileAbsPath(TaskAttemptContext context, String folder, String suffix) {
    return newTaskTempFileAbsPath(context, folder, new FileNameSpec("", suffix));
  }

  @Override
  public TaskCommitMessage commitTask(TaskAttemptContext context) {
    return new TaskCommitMessage(new Attempt(attemptFolder(context), taskFiles));
  }

  @Override
  public void abortTask(TaskAttemptContext context) {
    delete(context, attemptFolder(context));
  }

  /** Puts the new files in place of the old ones. */
  @Override
  public void commitJob(JobContext context, Seq<TaskCommitMessage> tasks) {
    List<Attempt> attempts =
        CollectionConverters.asJava(tasks).stream().map(task -> (Attempt) task.obj()).toList();
    HadoopStorage storage = new HadoopStorage(context.getConfiguration());
    String receipt = context.getConfiguration().get(TableCommit.RECEIPT, "");
    Map<String, String> identities = new TreeMap<>();
    try {
      CommittedFiles files = new CommittedFiles(uri);
      for (Attempt attempt : attempts) {
        files.add(attempt.files());
      }
      for (Attempt attempt : attempts) {
        for (String file : attempt.files()) {
          String written = attempt.folder() + "/" + file;
          if (!receipt.isEmpty()) {
            identities.put(file, storage.status(written).identity()); // a rename keeps it
          }
          put(storage, written, file, files);
        }
      }
      if (!receipt.isEmpty()) {
        storage.write(receipt, out -> out.write(Published.receipt(identities)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    delete(context, jobFolder(context));
  }

  @Override
  public void abortJob(JobContext context) {
    delete(context, jobFolder(context));
  }

  private void put(HadoopStorage storage, String written, String file, CommittedFiles files)
      throws IOException {
    if (replacesPartitions) {
      String folder = CommittedFiles.folder(file);
      NewFile place = new NewFile(storage, uri + "/" + folder, file.substring(folder.length()));
      place.put(written, stored -> files.contains(folder + stored.name()));
    } else {
      storage.replace(written, uri + "/" + file);
    }
  }

  private static void delete(JobContext context, String folder) {
    try {
      new HadoopStorage(context.getConfiguration()).delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String attemptFolder(TaskAttemptContext context) {
    return jobFolder(context) + "/" + context.getTaskAttemptID();
  }

  private String jobFolder(JobContext context) {
    return context.getConfiguration().get(TableCommit.STAGING) + "/" + jobId;
  }
}
