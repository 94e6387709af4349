package io.github.intruders.jobs.table;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * What a table is: by this it is written, and by this it is read, without looking into its files
 * for columns.
 *
 * @param name the folder, or the table in a catalog
 * @param partition the column that its rows go by, one folder for each value
 * @param columns of the rows that stages make, the partition among them, the run's id not yet
 */
public record TableDefinition(String name, String partition, StructType columns) {
  /** The run that wrote a row. */
  public static final String RUN = "run_id";

  public TableDefinition {
    Objects.requireNonNull(name, "name");
    if (!Arrays.asList(columns.fieldNames()).contains(partition)) {
      throw new IllegalArgumentException(
          "Table %s has no column %s to go by".formatted(name, partition));
    }
  }

  static TableDefinition of(String name, String partition, String columns) {
    return new TableDefinition(name, partition, StructType.fromDDL(columns));
  }

  /** The columns as a reader finds them: the run's id behind the others, the partition last. */
  public StructType stored() {
    StructField[] others =
        Arrays.stream(columns.fields())
            .filter(field -> !field.name().equals(partition))
            .toArray(StructField[]::new);
    return new StructType(
        Stream.concat(
                Arrays.stream(others),
                Stream.of(
                    DataTypes.createStructField(RUN, DataTypes.StringType, true),
                    columns.apply(partition)))
            .toArray(StructField[]::new));
  }
}
