package io.github.intruders.jobs.commit;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.RuntimeConfig;
import org.apache.spark.sql.SparkSession;

/**
 * Chooses how Spark commits what a job writes: on S3 through {@link UploadCommitProtocol}, since a
 * rename copies there; elsewhere as Spark does by itself.
 */
public final class TableCommit {
  private static final String PROTOCOL = "spark.sql.sources.commitProtocolClass";

  /** What S3A answers for where it can leave uploads open. */
  private static final String OPEN_UPLOADS = "fs.s3a.capability.magic.committer";

  private TableCommit() {}

  /** Runs a write below a folder with the protocol that suits its storage. */
  public static void run(SparkSession spark, String uri, Runnable write) throws IOException {
    Path path = new Path(uri);
    if (!path.getFileSystem(spark.sessionState().newHadoopConf())
        .hasPathCapability(path, OPEN_UPLOADS)) {
      write.run();
      return;
    }
    synchronized (spark) { // the choice is the session's
      RuntimeConfig conf = spark.conf();
      String before = conf.get(PROTOCOL, null);
      conf.set(PROTOCOL, UploadCommitProtocol.class.getName());
      try {
        write.run();
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
