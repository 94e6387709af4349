package io.github.intruders.jobs.report;

import io.github.intruders.jobs.config.JobConfig;
import io.github.intruders.jobs.session.Build;
import io.github.intruders.jobs.session.Hadoop;
import io.github.intruders.jobs.table.SideNames;
import io.github.intruders.linalg.OpenBlas;
import io.github.intruders.scan.ScanSettings;
import io.github.intruders.scan.Side;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a run's numbers depend on besides its inputs, in words and as settings. */
record RunConditions(JobConfig config) {
  private static final String DEFINITION =
      "a tuned singular vector among the top %s of W0 + dW whose largest absolute cosine with any"
          + " singular vector of W0 is below %s (arXiv 2410.21228, Definition 3.1); %s vectors";

  private static final Pattern OPENBLAS_VERSION = Pattern.compile("OpenBLAS (\\S+)");

  /** {@code left}, {@code right} or {@code both}. */
  String side() {
    List<Side> sides = config.settings().sides();
    return sides.size() == 2 ? "both" : SideNames.toColumn(sides.get(0));
  }

  /** What was counted, in words. */
  String definition() {
    ScanSettings settings = config.settings();
    return DEFINITION.formatted(settings.topK().text(), settings.epsilon(), side());
  }

  Map<String, Object> settings() {
    ScanSettings settings = config.settings();
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("top_k", settings.topK().text());
    all.put("epsilons", settings.epsilons());
    all.put("side", side());
    all.put("solver", settings.solver().name().toLowerCase(Locale.ROOT));
    all.put("effective_rank", settings.rank().name().toLowerCase(Locale.ROOT));
    all.put("include", String.valueOf(config.selection().include()));
    all.put("exclude", String.valueOf(config.selection().exclude()));
    all.put("base_uri", config.manifest().baseUri());
    all.put("spectra", config.spectraUri());
    all.put("manifest_hash", config.manifest().contentHash());
    return all;
  }

  /** Of the job and what it runs on. */
  static Map<String, String> versions(String sparkVersion) {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("intruders", Build.version());
    versions.put("spark", sparkVersion);
    versions.put("scala", scala.util.Properties.versionNumberString());
    versions.put("hadoop", Hadoop.version());
    versions.put("java", System.getProperty("java.version"));
    Matcher openBlas = OPENBLAS_VERSION.matcher(OpenBlas.description());
    versions.put("openblas", openBlas.find() ? openBlas.group(1) : OpenBlas.description());
    return versions;
  }
}
