package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.session.Signal;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Entry point: {@code intruders COMMAND [options]}. */
@Command(
    name = "intruders",
    description =
        "Finds the intruder dimensions that fine-tuning left in a model: top singular vectors of a"
            + " tuned weight matrix that resemble no singular vector of the base matrix.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      RunCommand.class,
      DiscoverCommand.class,
      PlanCommand.class,
      SpectraCommand.class,
      ScanCommand.class,
      AccumulateCommand.class,
      CompareCommand.class,
      MitigateCommand.class,
      ForgettingCommand.class,
      ReportCommand.class,
      CheckCommand.class,
      DiffCommand.class,
      ShowCommand.class,
      InspectCommand.class,
      BenchCommand.class,
      HelpCommand.class
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Exit codes: 0 done; 1 a fault of ours, of the cluster or of the storage; 2 the command line,"
          + " a setting, the manifest or the inputs as a whole can't be used; 3 done, but something was left out; 4 a rule"
          + " of check with severity error is broken.",
      "",
      "Start with:  intruders demo",
      "Then:        intruders run --manifest checkpoints.yaml --out results"
    })
public final class Main implements Runnable {
  /** Done. */
  static final int DONE = ExitCode.OK;

  /** A fault of ours or of the cluster. */
  static final int FAULT = 1;

  /** The command line, the manifest or the inputs as a whole can't be used. */
  static final int UNUSABLE = ExitCode.USAGE;

  /** Done, but something was rejected. */
  static final int DONE_WITH_REJECTS = 3;

  /** A rule of severity {@code error} is broken. */
  static final int RULE_BROKEN = 4;

  private static final String REFUSED =
      "refused: a rule of severity error is broken, and the table checks says by what";

  private static final String PARTIAL =
      "partial: something was left out, and the table rejects says what; --allow-rejects makes that"
          + " a success";

  /** Set by the launcher, see {@code conf/spark/log4j2-json.properties}. */
  private static final boolean LOGS_JSON = "json".equals(System.getProperty("intruders.log"));

  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  @Spec private CommandSpec spec;

  /** Ends the process with the command's exit code; returns normally where that is 0. */
  public static void main(String[] args) {
    String unmet = Requirements.unmet();
    if (!unmet.isEmpty()) {
      complain(unmet);
      Ending.with(UNUSABLE, unmet);
    }
    DefaultLogging.apply();
    Signal.announce(Main::complain);
    Thread.setDefaultUncaughtExceptionHandler(Main::endByFault);
    AtomicReference<String> why = new AtomicReference<>();
    int code = run(why::set, args);
    if (code != DONE) {
      String unsaid = code == RULE_BROKEN ? REFUSED : PARTIAL;
      Ending.with(code, Optional.ofNullable(why.get()).orElse(unsaid));
    }
  }

  /** Runs one command line and returns its exit code. */
  static int run(String... args) {
    return run(unused -> {}, args);
  }

  /**
   * The same.
   *
   * @param why is given what is wrong, in one line, if the command fails
   */
  static int run(Consumer<String> why, String... args) {
    CommandLine commandLine =
        new CommandLine(new Main())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler((e, failed, parsed) -> exitCode(e, why));
    IParameterExceptionHandler tellAndShowUsage = commandLine.getParameterExceptionHandler();
    commandLine.setParameterExceptionHandler(
        (e, given) -> {
          why.accept(e.getMessage());
          if (!LOGS_JSON) {
            return tellAndShowUsage.handleParseException(e, given);
          }
          complain(e.getMessage());
          return UNUSABLE;
        });
    try {
      return commandLine.execute(args);
    } catch (Throwable e) { // errors, such as of memory, pass the command line by
      return exitCode(e, why);
    }
  }

  /** Spark would wait for ever for some of its threads. */
  private static void endByFault(Thread thread, Throwable e) {
    if (e instanceof VirtualMachineError) {
      System.exit(exitCode(e, unused -> {}));
    }
    LOG.error("Thread {} failed", thread.getName(), e);
  }

  /** Tells what is wrong: a line for a person, or one more JSON object where logs are JSON. */
  private static void complain(String message) {
    if (LOGS_JSON) {
      LOG.error("{}", message);
    } else {
      System.err.println("intruders: " + message);
    }
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "Missing COMMAND");
  }

  /** Tells of a failure; nothing where a signal was told, which brings failures of all kinds. */
  private static int exitCode(Throwable e, Consumer<String> why) {
    Optional<Failure> failure = Signal.hasArrived() ? Optional.empty() : Failure.of(e);
    why.accept(failure.map(Failure::message).orElse(e.toString()));
    if (failure.isPresent() || Signal.hasArrived()) {
      LOG.debug("The job failed", e); // for those who look for it
      failure.map(Failure::message).ifPresent(Main::complain);
      return failure.map(Failure::exitCode).orElse(FAULT);
    }
    LOG.error("The job failed", e);
    return FAULT;
  }
}
