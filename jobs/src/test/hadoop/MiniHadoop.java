import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/**
 * HDFS and YARN in one process, which ends with its standard input. Containers are processes of
 * their own, below this one, and lose their life if they take more memory than they asked for.
 *
 * <p>Arguments: a new folder, in which {@code conf} is made for clients once everything is up, and
 * how many nodes there are. Run from this file, on the class path of Hadoop's minicluster, which
 * does not go together with Spark's.
 */
final class MiniHadoop {
  private MiniHadoop() {}

  public static void main(String[] args) {
    int code = 0;
    try {
      start(Path.of(args[0]), Integer.parseInt(args[1]));
      while (System.in.read() >= 0) {
        // goes on until whoever started it ends
      }
    } catch (Exception e) {
      e.printStackTrace();
      code = 1;
    }
    Runtime.getRuntime().halt(code);
  }

  private static void start(Path folder, int count) throws Exception {
    YarnConfiguration conf = new YarnConfiguration();
    conf.set("hadoop.tmp.dir", folder.resolve("tmp").toString());
    conf.setBoolean("yarn.minicluster.fixed.ports", false);
    conf.setBoolean("yarn.minicluster.control-resource-monitoring", true);
    conf.setInt(
        "yarn.minicluster.yarn.nodemanager.resource.memory-mb",
        YarnConfiguration.DEFAULT_NM_PMEM_MB);
    conf.setBoolean("yarn.nodemanager.pmem-check-enabled", true);
    conf.setBoolean("yarn.nodemanager.vmem-check-enabled", false);
    conf.setInt("yarn.nodemanager.resource-monitor.interval-ms", 500);
    conf.setInt("yarn.scheduler.minimum-allocation-mb", 256);
    conf.setFloat(
        "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", 100);
    conf.set("yarn.scheduler.capacity.root.queues", "default");
    conf.setInt("yarn.scheduler.capacity.root.default.capacity", 100);
    MiniDFSCluster files =
        new MiniDFSCluster.Builder(conf, folder.resolve("dfs").toFile()).numDataNodes(1).build();
    MiniYARNCluster nodes = new MiniYARNCluster("nodes", count, 1, 1);
    nodes.init(conf);
    nodes.start();
    if (!nodes.waitForNodeManagersToConnect(60_000)) {
      throw new IOException("Not all nodes have come");
    }
    write(nodes.getConfig(), files.getURI().toString(), folder);
  }

  /** Each file overrides the defaults of its own kind, so that both hold everything. */
  private static void write(Configuration all, String files, Path folder) throws IOException {
    Configuration conf = new Configuration(false);
    conf.set("fs.defaultFS", files);
    all.forEach(
        entry -> {
          if (entry.getKey().matches("yarn\\.resourcemanager\\.[a-z.-]*address")) {
            conf.set(entry.getKey(), entry.getValue());
          }
        });
    Path unfinished = Files.createDirectories(folder.resolve("unfinished"));
    for (String kind : new String[] {"core", "yarn"}) {
      try (var out = Files.newOutputStream(unfinished.resolve(kind + "-site.xml"))) {
        conf.writeXml(out);
      }
    }
    Files.move(unfinished, folder.resolve("conf"));
  }
}
