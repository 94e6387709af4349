package io.github.intruders.jobs.session;

import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.hadoop.HadoopStorage;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** The storage as the driver reaches it before a session is open. */
public final class DriverStorage {
  private DriverStorage() {}

  /** With the {@code spark.hadoop.*} settings that spark-submit was given; starts no Spark. */
  public static Storage open() {
    SparkConf given = new SparkConf();
    if (LocalCores.of(given).isPresent()) {
      given.setIfMissing(SparkSessions.LOCAL_FILES, SparkSessions.PROMPT_LOCAL_FILES);
    }
    Configuration configuration = SparkHadoopUtil.get().newConfiguration(given);
    RemoteDefaults.applyTo(configuration);
    return new HadoopStorage(configuration);
  }
}
