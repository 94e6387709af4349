package io.github.intruders.jobs.store;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.internal.io.FileCommitProtocol;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RuntimeConfig;
import org.apache.spark.sql.SparkSession;

/**
 * Chooses how Spark commits what a job writes: on S3 through {@link UploadCommitProtocol}, since a
 * rename copies there; elsewhere through {@link RenameCommitProtocol}. By both a folder has its old
 * rows or its new ones at any moment, also if the job is killed.
 */
public final class TableCommit {
  private static final String PROTOCOL = "spark.sql.sources.commitProtocolClass";

  /** What S3A answers for where it can leave uploads open. */
  private static final String OPEN_UPLOADS = "fs.s3a.capability.magic.committer";

  private TableCommit() {}

  /**
   * Writes Parquet below a folder with the protocol that suits its storage.
   *
   * @param writer with mode and partitions set; each folder's rows in one task
   * @param uri the folder
   * @param staging a folder in the same storage, outside of every table, for files that are not
   *     committed yet
   */
  public static void write(
      SparkSession spark, DataFrameWriter<Row> writer, String uri, String staging)
      throws IOException {
    Path path = new Path(uri);
    boolean opensUploads =
        path.getFileSystem(spark.sessionState().newHadoopConf())
            .hasPathCapability(path, OPEN_UPLOADS);
    Class<? extends FileCommitProtocol> protocol =
        opensUploads ? UploadCommitProtocol.class : RenameCommitProtocol.class;
    synchronized (spark) { // the choice is the session's
      RuntimeConfig conf = spark.conf();
      String before = conf.get(PROTOCOL, null);
      conf.set(PROTOCOL, protocol.getName());
      try {
        writer.option(RenameCommitProtocol.STAGING, staging).parquet(uri);
      } finally {
        if (before == null) {
          conf.unset(PROTOCOL);
        } else {
          conf.set(PROTOCOL, before);
        }
      }
    }
  }
}
