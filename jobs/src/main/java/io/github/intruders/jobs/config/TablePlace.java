package io.github.intruders.jobs.config;

import io.github.intruders.input.RejectCode;
import io.github.intruders.input.UserInputException;
import java.util.List;
import java.util.Objects;

/** Where the tables of runs are kept. */
public sealed interface TablePlace {

  /** The place as people write it. */
  String text();

  /** The options that name the place to {@code show} and others. */
  String options();

  /**
   * Parquet, one folder per table.
   *
   * @param outUri the folder they lie in
   */
  record Folder(String outUri) implements TablePlace {
    public Folder {
      Objects.requireNonNull(outUri, "outUri");
    }

    @Override
    public String text() {
      return outUri;
    }

    /** In quotes where a shell would not take it as one word. */
    @Override
    public String options() {
      return outUri.matches("[\\w@%+=:,./-]+")
          ? "--out " + outUri
          : "--out '%s'".formatted(outUri.replace("'", "'\\''"));
    }
  }

  /**
   * An Iceberg catalog.
   *
   * @param name as in Spark's settings, {@code spark.sql.catalog.NAME}
   * @param namespace the levels of the namespace, outermost first
   */
  record Catalog(String name, List<String> namespace) implements TablePlace {
    public Catalog {
      Objects.requireNonNull(name, "name");
      namespace = List.copyOf(namespace);
    }

    /**
     * From the command line.
     *
     * @param namespace levels parted by dots
     * @throws UserInputException if a name is empty or holds what no catalog takes
     */
    public static Catalog of(String name, String namespace) {
      require("--catalog", name, "[A-Za-z0-9_]+", "letters, digits and _");
      require(
          "--namespace",
          namespace,
          "[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*",
          "letters, digits, _ and -, levels parted by dots");
      return new Catalog(name, List.of(namespace.split("\\.", -1)));
    }

    private static void require(String option, String given, String pattern, String expected) {
      if (!given.matches(pattern)) {
        throw UserInputException.of(
            RejectCode.SETTING_INVALID,
            "Cannot use %s '%s': expected %s".formatted(option, given, expected));
      }
    }

    @Override
    public String text() {
      return name + "." + String.join(".", namespace);
    }

    @Override
    public String options() {
      return "--catalog %s --namespace %s".formatted(name, String.join(".", namespace));
    }
  }
}
