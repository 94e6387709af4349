package io.github.intruders.jobs.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.mapreduce.JobContext;
import org.apache.hadoop.mapreduce.OutputCommitter;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.lib.output.PathOutputCommitter;
import org.apache.hadoop.mapreduce.lib.output.PathOutputCommitterFactory;
import org.apache.spark.internal.io.FileNameSpec;
import org.apache.spark.internal.io.HadoopMapReduceCommitProtocol;
import org.apache.spark.mapred.SparkHadoopMapRedUtil;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Commits by S3's multipart uploads, through S3A's magic committer: tasks upload their files to the
 * final names and leave the uploads open, so that nothing is to be seen of them; the end of the job
 * completes them. Nothing is renamed or copied, and a task attempt that fails, or a whole job that
 * does, leaves no row.
 *
 * <p>A folder that the job writes to holds exactly the job's files afterwards. A file's name does
 * not depend on job or task, so that a new file takes the place of the old one in one step; the job
 * fails if two tasks write to one folder. Of two jobs that write the same folders at the same time,
 * each folder has the rows of the last one.
 */
public final class UploadCommitProtocol extends HadoopMapReduceCommitProtocol {
  private static final long serialVersionUID = 1L;

  /** The same in every run: of two names a reader could see both, or neither. */
  private static final String FILE = "part";

  private static final String FACTORY =
      "org.apache.hadoop.fs.s3a.commit.magic.MagicS3GuardCommitterFactory";

  private final String jobId;
  private final String uri;
  private final boolean replacesPartitions;

  private transient PathOutputCommitter committer;
  private transient List<String> taskFiles;

  /**
   * As Spark makes it, by reflection.
   *
   * @param jobId of this write, unique
   * @param uri of the table's folder
   * @param replacesPartitions whether the folders written to lose their old files; where not, Spark
   *     has emptied the table before
   */
  public UploadCommitProtocol(String jobId, String uri, boolean replacesPartitions) {
    super(jobId, uri, false);
    this.jobId = jobId;
    this.uri = uri;
    this.replacesPartitions = replacesPartitions;
  }

  @Override
  public OutputCommitter setupCommitter(TaskAttemptContext context) {
    Configuration configuration = context.getConfiguration();
    configuration.set(PathOutputCommitterFactory.COMMITTER_FACTORY_CLASS, FACTORY);
    configuration.set("fs.s3a.committer.uuid", jobId);
    // What else is open below the table's folder may be another job's.
    configuration.setBoolean("fs.s3a.committer.abort.pending.uploads", false);
    configuration.setBoolean("mapreduce.fileoutputcommitter.marksuccessfuljobs", false);
    taskFiles = new ArrayList<>();
    try {
      committer = PathOutputCommitterFactory.createCommitter(new Path(uri), context);
      return committer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String newTaskTempFile(
      TaskAttemptContext context, Option<String> folder, FileNameSpec name) {
    String relative = CommittedFiles.relative(folder, name, FILE);
    taskFiles.add(relative);
    try {
      return new Path(committer.getWorkPath(), relative).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Leaves the task's uploads open, and tells the driver of the files they will be. */
  @Override
  public TaskCommitMessage commitTask(TaskAttemptContext context) {
    SparkHadoopMapRedUtil.commitTask(
        committer,
        context,
        context.getTaskAttemptID().getJobID().getId(),
        context.getTaskAttemptID().getTaskID().getId());
    return new TaskCommitMessage(List.copyOf(taskFiles));
  }

  /** Completes all uploads, which puts the new files in place of the old ones. */
  @Override
  public void commitJob(JobContext context, Seq<TaskCommitMessage> tasks) {
    try {
      CommittedFiles files = new CommittedFiles(uri);
      for (TaskCommitMessage task : CollectionConverters.asJava(tasks)) {
        files.add(((List<?>) task.obj()).stream().map(String.class::cast).toList());
      }
      committer.commitJob(context);
      if (replacesPartitions) {
        deleteOthers(context.getConfiguration(), files);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What earlier runs left in the folders written to, under names that are not used any more. */
  private void deleteOthers(Configuration configuration, CommittedFiles files) throws IOException {
    Set<String> folders = files.folders();
    if (folders.isEmpty()) {
      return;
    }
    Path root = new Path(uri);
    FileSystem storage = root.getFileSystem(configuration);
    String prefix = storage.makeQualified(root) + "/";
    RemoteIterator<LocatedFileStatus> stored = storage.listFiles(root, true);
    while (stored.hasNext()) {
      Path path = stored.next().getPath();
      String relative = path.toString().substring(prefix.length());
      if (folders.contains(CommittedFiles.folder(relative)) && !files.contains(relative)) {
        storage.delete(path, false);
      }
    }
  }
}
