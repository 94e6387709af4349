package io.github.intruders.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.Optional;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Words as Java, Linux, Hadoop 3.4 and Spark 4.1 say them. */
class FailureTest {
  private static final String TASK =
      "Job aborted due to stage failure: Task 1 in stage 4.0 failed 1 times, most recent failure:"
          + " Lost task 1.0 in stage 4.0 (TID 5) (192.0.2.2 executor driver): ";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          java.io.IOException: No space left on device | 1 | The disk is full: free some space or name another place (--out, --spectra), then run the same command again; what is finished is kept. The storage said: java.io.IOException:
          java.io.IOException: Disk quota exceeded | 1 | The disk is full: free some space
          java.nio.file.FileSystemException: /out/_work: Read-only file system | 2 | The file system is read-only: mount it for writing, or name another place (--out, --spectra). The storage said: java.nio.file.FileSystemException: /out/_work: Read-only file system
          java.io.FileNotFoundException: /out/x.tmp (Permission denied) | 2 | The user of this job lacks a right: it must be allowed to read the inputs, and to write where --out and --spectra are. The storage said:
          java.nio.file.AccessDeniedException: /out | 2 | The user of this job lacks a right
          org.apache.hadoop.security.AccessControlException: Permission denied: user=a, access=WRITE, inode="/out" | 2 | The user of this job lacks a right
          java.nio.file.AccessDeniedException: s3a://b/k: Access Denied (Status Code: 403) | 2 | The credentials are wrong or lack a right
          java.io.IOException: Mkdirs failed to create file:/out/_work/scan | 2 | A folder can't be made there
          org.apache.hadoop.fs.ParentNotDirectoryException: Parent path is not a directory: file:/out | 2 | A file stands where a folder is needed
          java.io.FileNotFoundException: /out/x (Too many open files) | 1 | This machine allows no more open files: raise its limit (ulimit -n)
          java.io.IOException: Input/output error | 1 | The disk or network file system fails: check it
          java.lang.OutOfMemoryError: Java heap space | 1 | The Java heap of the driver is too small (Java heap space): give it more, by -- --driver-memory; finished matrices are kept
          java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached | 1 | This machine or container allows no more threads
          """)
  void whatATaskFailsWithIsToldAsExceptionAndAsText(String said, int exitCode, String message) {
    for (Throwable failure :
        new Throwable[] {
          new SparkException(TASK + said + "\n\tat a.b.C.d(C.java:1)\n\nDriver stacktrace:"),
          new IllegalStateException("wrapped", new SparkException(TASK, new IOException(said))),
          suppressed(new IOException(said))
        }) {
      Optional<Failure> told = Failure.of(failure);
      assertThat(told).as(said).isPresent();
      assertThat(told.get().exitCode()).as(said).isEqualTo(exitCode);
      assertThat(told.get().message()).startsWith(message).hasLineCount(1);
    }
  }

  @Test
  void aTableThatIsDamagedIsNamed() {
    Throwable failure =
        new SparkException(
            "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file"
                + " file:///out/checkpoints/checkpoint_id=a%252Fb/part-0.c000.snappy.parquet. "
                + " SQLSTATE: KD001",
            new IllegalStateException(
                "file:/out/checkpoints/checkpoint_id=a%2Fb/part-0.c000.snappy.parquet is not a"
                    + " Parquet file. Expected magic number at tail, but found [2, 21, 0, 21]"));

    assertThat(Failure.of(failure))
        .contains(
            new Failure(
                1,
                "A file of a table is damaged:"
                    + " file:/out/checkpoints/checkpoint_id=a%2Fb/part-0.c000.snappy.parquet is not a"
                    + " Parquet file. Expected magic number at tail, but found [2, 21, 0, 21]; restore"
                    + " it, or have the tables written to another --out"));
  }

  private static Throwable suppressed(Throwable fault) {
    IllegalStateException failure = new IllegalStateException("closing failed");
    failure.addSuppressed(fault);
    fault.addSuppressed(failure); // as mutual ones are
    return failure;
  }

  @Test
  void theClassTellsWhereTheWordsDoNot() {
    assertThat(Failure.of(new AccessDeniedException("/out")))
        .hasValueSatisfying(told -> assertThat(told.message()).endsWith("said: /out"));
    assertThat(Failure.of(new OutOfMemoryError()))
        .hasValueSatisfying(told -> assertThat(told.exitCode()).isEqualTo(1));
  }

  @Test
  void theFolderThatSparkWroteToIsNamed() {
    assertThat(
            Failure.of(
                new SparkException(
                    "[TASK_WRITE_FAILED] Task failed while writing rows to file:/out/matrices.",
                    new IOException("No space left on device"))))
        .hasValueSatisfying(
            told -> assertThat(told.message()).endsWith("rows to file:/out/matrices."));
  }

  @Test
  void sparksOwnDiskIsNotTheOutputs() {
    IOException full = new IOException("No space left on device");
    full.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "org.apache.spark.storage.DiskBlockObjectWriter", "close", "D.scala", 1)
        });
    for (Throwable failure :
        new Throwable[] {
          new SparkException(TASK, full),
          new SparkException(
              TASK
                  + "java.io.IOException: No space left on device\n"
                  + "\tat org.apache.spark.storage.DiskBlockObjectWriter.close(D.scala:1)")
        }) {
      assertThat(Failure.of(failure))
          .hasValueSatisfying(
              told ->
                  assertThat(told.message())
                      .startsWith("The disk that Spark keeps its own files on is full")
                      .contains("spark.local.dir"));
    }
  }

  @Test
  void anExecutorsHeapIsNotTheDrivers() {
    assertThat(
            Failure.of(
                new SparkException(
                    TASK.replace("executor driver", "executor 3")
                        + "java.lang.OutOfMemoryError: Java heap space\n\tat a.B.c(B.java:1)")))
        .hasValueSatisfying(
            told -> assertThat(told.message()).contains("an executor", "--executor-memory"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [INVALID_DRIVER_MEMORY] System memory 259522560 must be at least 471859200. | The driver has too little memory: give more, by -- --driver-memory 4g. Spark said: System memory 259522560 must be at least 471859200.
          [INVALID_EXECUTOR_MEMORY] Executor memory 100 must be at least 471859200. | The executors have too little memory
          [INVALID_CONF_VALUE.TYPE_MISMATCH] The value 'two' in the config "spark.task.cpus" is invalid. | Cannot use a setting of Spark: The value 'two' in the config "spark.task.cpus" is invalid.
          Illegal value for config key spark.task.cpus: For input string: "two" | Cannot use a setting of Spark: spark.task.cpus: For input string: "two"
          Could not parse Master URL: 'nonsense' | Cannot use --master 'nonsense': expected one such as local[2]
          Cannot assign requested address: Service 'sparkDriver' failed after 16 retries (on a random free port)! | The driver can't listen on its address
          """)
  void settingsOfSparkThatCanNotBeUsedAreNamed(String said, String message) {
    assertThat(Failure.of(new RuntimeException(new IllegalArgumentException(said))))
        .hasValueSatisfying(
            told -> {
              assertThat(told.exitCode()).isEqualTo(2);
              assertThat(told.message()).startsWith(message).hasLineCount(1);
            });
  }

  @Test
  void whatTheUserGaveIsToldFirst() {
    assertThat(
            Failure.of(
                new SparkException(
                    "No space left on device",
                    UserInputException.of(RejectCode.SETTING_INVALID, "Cannot use it"))))
        .contains(new Failure(2, "Cannot use it"));
  }

  /** As YARN's client of Spark 4.1 words it. */
  @Test
  void aContainerThatYarnWouldNotGiveIsASettingToLower() {
    assertThat(
            Failure.of(
                new IllegalArgumentException(
                    "Required executor memory (2048 MB), offHeap memory (0) MB, overhead (8192 MB),"
                        + " and PySpark memory (0 MB) is above the max threshold (8192 MB) of this"
                        + " cluster! Please check the values of"
                        + " 'yarn.scheduler.maximum-allocation-mb' and/or"
                        + " 'yarn.nodemanager.resource.memory-mb'.")))
        .hasValueSatisfying(
            told -> {
              assertThat(told.exitCode()).isEqualTo(2);
              assertThat(told.message())
                  .startsWith(
                      "YARN gives no container of more than 8192 MB: lower spark.executor.memory or"
                          + " spark.executor.memoryOverhead")
                  .hasLineCount(1);
            });
  }

  @Test
  void othersAreNotForeseen() {
    assertThat(Failure.of(new IllegalStateException("a fault of ours"))).isEmpty();
  }
}
