package io.github.intruders.jobs.store;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.internal.io.FileCommitProtocol;
import org.apache.spark.sql.SparkSession;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Chooses how Spark commits what a job writes: on S3 through {@link UploadCommitProtocol}, since a
 * rename copies there; elsewhere through {@link RenameCommitProtocol}. By both a folder has its old
 * rows or its new ones at any moment, also if the job is killed.
 *
 * <p>Spark takes the protocol from the session's settings alone. So that nobody else's writes get
 * ours, the tables have a session of their own.
 */
final class TableCommit {
  /**
   * The option of a write that names a folder for files which are not committed yet, in the same
   * storage and outside of every table.
   */
  static final String STAGING = "intruders.staging";

  /**
   * The option of a write that names a file for what was committed, or nothing: the identity of
   * each file by its path below the table's folder. Left by {@link RenameCommitProtocol} alone.
   */
  static final String RECEIPT = "intruders.receipt";

  private static final String PROTOCOL = "spark.sql.sources.commitProtocolClass";

  /** What S3A answers for where it can leave uploads open. */
  private static final String OPEN_UPLOADS = "fs.s3a.capability.magic.committer";

  private TableCommit() {}

  /** A session like the given one, on the same cluster, that commits by the protocol of a place. */
  static SparkSession session(SparkSession spark, String uri) throws IOException {
    Path path = new Path(uri);
    boolean opensUploads =
        path.getFileSystem(spark.sparkContext().hadoopConfiguration())
            .hasPathCapability(path, OPEN_UPLOADS);
    Class<? extends FileCommitProtocol> protocol =
        opensUploads ? UploadCommitProtocol.class : RenameCommitProtocol.class;
    SparkSession own = spark.newSession();
    CollectionConverters.asJava(spark.conf().getAll())
        .forEach(
            (setting, value) -> {
              if (own.conf().isModifiable(setting)) {
                own.conf().set(setting, value);
              }
            });
    own.conf().set(PROTOCOL, protocol.getName());
    return own;
  }
}
