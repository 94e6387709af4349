package io.github.intruders.jobs.cli;

import io.github.intruders.jobs.config.TablePlace;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where the tables are kept: in folders of OUT, or in a catalog. */
final class TableOptions {
  private static final String DEFAULT_NAMESPACE = "intruders";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--catalog",
      paramLabel = "NAME",
      description =
          "Keep the tables in this Iceberg catalog of Spark's settings (spark.sql.catalog.NAME), not"
              + " as Parquet in OUT.")
  private String catalog;

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      description = "The catalog's namespace (default: " + DEFAULT_NAMESPACE + ").")
  private String namespace;

  /** The place these options name. */
  TablePlace in(String outUri) {
    if (catalog == null) {
      if (namespace != null) {
        throw new ParameterException(
            spec.commandLine(), "Give --namespace together with --catalog");
      }
      return new TablePlace.Folder(outUri);
    }
    return TablePlace.Catalog.of(catalog, namespace == null ? DEFAULT_NAMESPACE : namespace);
  }
}
