package io.github.intruders.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the launcher starts Java: by a Java that notes its arguments and does nothing. */
class StartIT {
  private static final String MAIN = "io.github.intruders.jobs.cli.Main";
  private static final String SUBMIT = "org.apache.spark.deploy.SparkSubmit";
  private static final String C1 = "-XX:TieredStopAtLevel=1";
  private static final String SERIAL = "-XX:+UseSerialGC";

  @TempDir private Path folder;
  private Path calls;

  @BeforeAll
  static void layOutWhatThereIsOnce(@TempDir Path folder) throws Exception {
    Launched.run(folder, "--version");
  }

  /** The launcher asks a Java's release file for its version; Spark's launcher is run for real. */
  @BeforeEach
  void writeJava() throws IOException {
    Path java = Path.of(System.getProperty("java.home"));
    calls = folder.resolve("calls.txt");
    Path home = folder.resolve("jdk");
    Path bin = Files.createDirectories(home.resolve("bin")).resolve("java");
    Files.copy(java.resolve("release"), home.resolve("release"));
    Files.writeString(
        bin,
        """
        #!/usr/bin/env bash
        [ "$*" != -version ] || { echo 'openjdk version "17.0.1"' >&2; exit; }
        { printf '%%s\\n' "$@"; echo ----; } >>'%s'
        case " $* " in *' org.apache.spark.launcher.Main '*) exec '%s/bin/java' "$@" ;; esac
        """
            .formatted(calls, java));
    assertThat(bin.toFile().setExecutable(true)).isTrue();
  }

  @Test
  void aSessionIsOneJavaWithTheFlagsOfShortRuns() throws Exception {
    List<String> java = onlyCall(Map.of(), "demo", "--out", "x y");

    assertThat(java)
        .contains("-Xmx4g", C1, SERIAL, "-XX:ReservedCodeCacheSize=240m", "--class", MAIN)
        .contains("--add-opens=java.base/java.nio=ALL-UNNAMED")
        .containsSequence(SUBMIT, "--master", "local[*]", "--driver-memory", "4g")
        .endsWith("spark-internal", "demo", "--out", "x y")
        .doesNotContain("--add-modules=jdk.incubator.vector");
    assertThat(classPath(java)).endsWith("/intruders.jar").doesNotContain("*");
  }

  @Test
  void whatReadsALittleStartsWithoutSparkSubmit() throws Exception {
    for (String command : List.of("plan", "show", "inspect")) {
      List<String> java =
          onlyCall(Map.of(), command, "x", "--", "--conf", "spark.hadoop.fs.s3a.endpoint=a b");

      assertThat(java)
          .as(command)
          .contains(C1, "-Dspark.hadoop.fs.s3a.endpoint=a b")
          .endsWith(MAIN, command, "x")
          .doesNotContain(SUBMIT);
    }
  }

  @Test
  void aSessionThatPlanOrShowMayOpenHasTheUsersMasterAndMemory() throws Exception {
    List<String> java =
        onlyCall(
            Map.of(),
            "show",
            "x",
            "--",
            "--master",
            "local[3]",
            "--driver-memory",
            "2g",
            "--name",
            "mine");

    assertThat(java).contains("-Xmx2g", "-Dspark.master=local[3]").doesNotContain("mine");
  }

  @Test
  void memoryIsTheUsers() throws Exception {
    assertThat(onlyCall(Map.of(), "run", "--", "--driver-memory", "2g"))
        .contains("-Xmx2g")
        .doesNotContain("-Xmx4g");
    assertThat(onlyCall(Map.of(), "run", "--", "--conf", "spark.driver.memory=3g"))
        .contains("-Xmx3g", "spark.driver.memory=3g")
        .doesNotContain("-Xmx4g");
  }

  @Test
  void memoryThatJavaCanNotStartWithIsRefusedInOneLine() throws Exception {
    for (Map.Entry<String, String> memory :
        Map.of(
                "lots", "cannot use --driver-memory 'lots': expected a size such as 4g or 900m",
                "900", "cannot use --driver-memory '900': expected a size such as 4g or 900m",
                "24m", "--driver-memory 24m is too little: give it at least 512m, better 4g")
            .entrySet()) {
      Launched run = Launched.run(folder, "run", "--", "--driver-memory", memory.getKey());

      assertThat(run.exitCode()).isEqualTo(2);
      assertThat(run.err()).containsExactly("intruders: " + memory.getValue());
    }
  }

  /** Options that the launcher does not read itself go through Spark's. */
  @Test
  void masterAndMemoryAreTheUsersWhereSparksLauncherIsAsked() throws Exception {
    Path jar = Files.writeString(folder.resolve("more.jar"), "");

    List<String> java =
        lastCall(
            Map.of(),
            "run",
            "--",
            "--jars",
            jar.toString(),
            "--conf",
            "spark.master=local[1]",
            "--conf",
            "spark.driver.memory=3g");

    assertThat(java)
        .contains("-Xmx3g", "spark.master=local[1]")
        .doesNotContain("-Xmx4g", "--master", "--driver-memory");
  }

  /** As that of a version manager, which is a script. */
  @Test
  void aJavaWithoutAReleaseFileIsAskedForItsVersion() throws Exception {
    Files.delete(folder.resolve("jdk/release"));

    assertThat(onlyCall(Map.of(), "demo")).contains("-Xmx4g", C1).endsWith("demo");
  }

  @Test
  void flagsThatTheUserGivesJavaStand() throws Exception {
    List<String> java =
        onlyCall(Map.of("JAVA_TOOL_OPTIONS", "-XX:+UseG1GC -XX:TieredStopAtLevel=4"), "run");

    assertThat(java).doesNotContain(C1, SERIAL).contains("-XX:ReservedCodeCacheSize=240m");
  }

  @Test
  void whatAPropertiesFileSaysOfTheDriverStands() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("spark.conf"),
            """
            spark.driver.memory            3g
            spark.driver.extraJavaOptions  -XX:+UseG1GC -Da=b
            """);

    List<String> java = lastCall(Map.of(), "run", "--", "--properties-file", file.toString());

    assertThat(java)
        .contains("-Xmx3g", "-XX:+UseG1GC", "-Da=b", C1)
        .containsSequence("--master", "local[*]")
        .doesNotContain(SERIAL, "-Xmx4g");
  }

  @Test
  void optionsForTheDriverAndItsClassPathGoThroughSparksLauncher() throws Exception {
    List<String> java =
        lastCall(
            Map.of(),
            "run",
            "--where",
            "",
            "--",
            "--driver-java-options",
            "-Da='b c'",
            "--driver-class-path",
            "/more.jar");

    assertThat(java).contains(C1, SERIAL, "-Da=b c", "-Xmx4g").endsWith("run", "--where", "");
    assertThat(classPath(java)).startsWith("/more.jar:");
    assertThat(java).anyMatch(argument -> argument.endsWith("/intruders.jar"));
  }

  @Test
  void aClusterIsHandedTheJarAndItsDriverIsLeftAlone() throws Exception {
    List<String> java = lastCall(Map.of(), "run", "--", "--master", "spark://host:7077");

    assertThat(java)
        .containsSequence("--master", "spark://host:7077")
        .doesNotContain(C1, SERIAL, "spark-internal");
    assertThat(java.get(java.size() - 2)).endsWith("/intruders.jar");
  }

  @Test
  void packagesForTheDriverDontSeeTheJobsJarOnItsClassPath() throws Exception {
    List<String> java = lastCall(Map.of(), "run", "--", "--packages", "a:b:1");

    assertThat(classPath(java)).doesNotContain("intruders.jar");
    assertThat(java.get(java.size() - 2)).endsWith("/intruders.jar");
  }

  @Test
  void theArchiveOfTheBuildServesThisJavaAndNoOther() throws Exception {
    Path log = folder.resolve("classes.txt");
    Launched version =
        Launched.run(
            folder, Map.of("JAVA_TOOL_OPTIONS", "-Xlog:class+load:file=" + log), "--version");

    assertThat(version.exitCode()).as(String.join("\n", version.err())).isZero();
    assertThat(version.out()).hasSize(1);
    try (Stream<String> lines = Files.lines(log, StandardCharsets.UTF_8)) {
      assertThat(lines)
          .anyMatch(line -> line.contains(" " + MAIN + " source: shared objects file (top)"));
    }
    assertThat(onlyCall(Map.of(), "demo")) // the other Java's
        .noneMatch(argument -> argument.startsWith("-XX:SharedArchiveFile"));
  }

  @Test
  void anArchiveThatDoesNotFitIsPassedOverInSilence() throws Exception {
    Path jar = Path.of(System.getProperty("jar"));
    Path garbage = Files.writeString(folder.resolve("garbage.jsa"), "no archive");
    Path ours = ClassArchive.files().get(0);
    String otherClassPath = jar.resolveSibling("spark-home").toString();

    for (Map<String, String> environment :
        List.of(
            Map.of("JAVA_TOOL_OPTIONS", "-XX:SharedArchiveFile=" + garbage),
            Map.of(
                "JAVA_TOOL_OPTIONS",
                "-XX:SharedArchiveFile=" + ours,
                "SPARK_HOME",
                otherClassPath))) {
      Map<String, String> all = new TreeMap<>(environment);
      all.put("INTRUDERS_CLASS_ARCHIVE", "off");
      Launched version = Launched.run(folder, all, "--version");

      assertThat(version.exitCode()).as(String.join("\n", version.err())).isZero();
      assertThat(version.out()).hasSize(1);
      assertThat(version.err()).isEmpty();
    }
  }

  /** The arguments of the Java that ends a command, the only one it starts. */
  private List<String> onlyCall(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<List<String>> all = calls(environment, arguments);
    assertThat(all).hasSize(1);
    return all.get(0);
  }

  private List<String> lastCall(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<List<String>> all = calls(environment, arguments);
    return all.get(all.size() - 1);
  }

  private List<List<String>> calls(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    Files.deleteIfExists(calls);
    Map<String, String> all = new TreeMap<>(environment);
    all.put("JAVA_HOME", folder.resolve("jdk").toString());
    Launched launched = Launched.run(folder, all, arguments);
    assertThat(launched.exitCode()).as(String.join("\n", launched.err())).isZero();
    List<List<String>> calls = new ArrayList<>();
    List<String> call = new ArrayList<>();
    for (String line : Files.readAllLines(this.calls)) {
      if (line.equals("----")) {
        calls.add(call);
        call = new ArrayList<>();
      } else {
        call.add(line);
      }
    }
    return calls;
  }

  private static String classPath(List<String> java) {
    return java.get(java.indexOf("-cp") + 1);
  }
}
