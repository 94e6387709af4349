package io.github.intruders.jobs.store;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import org.apache.spark.sql.SparkSession;

/** Tells what a catalog lacks, before anything is computed. Touches no class of Iceberg. */
final class CatalogSettings {
  private static final String KEY = "spark.sql.catalog.";
  private static final String ICEBERG = "org.apache.iceberg.spark.";

  /** The runtimes that were tried. */
  private static final String RUNTIME = "org.apache.iceberg:iceberg-spark-runtime-%s_2.13:%s";

  private CatalogSettings() {}

  /**
   * Passes if Spark's settings name the catalog and the Iceberg runtime is there.
   *
   * @throws UserInputException naming what to add
   */
  static void require(SparkSession spark, String catalog) {
    requireSpark(spark.version(), catalog);
    String implementation =
        spark.conf().getAll().contains(KEY + catalog) ? spark.conf().get(KEY + catalog) : null;
    require(
        catalog,
        implementation,
        Thread.currentThread().getContextClassLoader(),
        runtime(spark.version()));
  }

  /**
   * The same.
   *
   * @param implementation the class in Spark's settings, or null
   * @param loader finds what {@code --packages} and {@code --jars} bring
   * @param runtime the package to add where it is missing
   */
  static void require(String catalog, String implementation, ClassLoader loader, String runtime) {
    if (implementation == null) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot find the catalog '%1$s' in Spark's settings: add -- --load-spark-defaults --properties-file FILE, with %2$s%1$s and what goes with it; conf/iceberg has examples"
              .formatted(catalog, KEY));
    }
    if (!implementation.startsWith(ICEBERG)) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use the catalog '%s': %s%s is %s, expected %sSparkCatalog or %sSparkSessionCatalog"
              .formatted(catalog, KEY, catalog, implementation, ICEBERG, ICEBERG));
    }
    try {
      Class.forName(implementation, false, loader);
    } catch (ClassNotFoundException e) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use the catalog '%s': the Iceberg runtime is not on the class path; add -- --packages %s"
              .formatted(catalog, runtime));
    }
  }

  /** Refuses a Spark that Iceberg's runtimes fail on. */
  static void requireSpark(String version, String catalog) {
    if (version.startsWith("4.2.")) {
      throw UserInputException.of(
          RejectCode.SETTING_INVALID,
          "Cannot use the catalog '%s' on Spark %s: Iceberg's runtime for Spark 4.1 fails there; take Spark 4.0 or 4.1, or leave out --catalog"
              .formatted(catalog, version));
    }
  }

  /** The package that brings Iceberg to a version of Spark. */
  static String runtime(String spark) {
    return spark.startsWith("4.0.")
        ? RUNTIME.formatted("4.0", "1.10.0")
        : RUNTIME.formatted("4.1", "1.12.0");
  }
}
