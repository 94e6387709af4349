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
    Configuration configuration = SparkHadoopUtil.get().newConfiguration(new SparkConf());
    RemoteDefaults.applyTo(configuration);
    return new HadoopStorage(configuration);
  }
}
