package io.github.intruders.jobs.store;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.iceberg.LocationProviders;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;
import org.apache.iceberg.jdbc.JdbcCatalog;

/** A catalog that refuses to publish to the tables it is told of; branches it takes. */
public final class FailingCatalog extends JdbcCatalog {
  static final Set<String> REFUSED = ConcurrentHashMap.newKeySet();

  @Override
  protected TableOperations newTableOps(TableIdentifier table) {
    return new Refusing(super.newTableOps(table), table.name());
  }

  private record Refusing(TableOperations operations, String table) implements TableOperations {
    @Override
    public TableMetadata current() {
      return operations.current();
    }

    @Override
    public TableMetadata refresh() {
      return operations.refresh();
    }

    @Override
    public void commit(TableMetadata base, TableMetadata metadata) {
      if (REFUSED.contains(table) && !main(base).equals(main(metadata))) {
        throw new IllegalStateException("The disk of %s is full".formatted(table));
      }
      operations.commit(base, metadata);
    }

    private static String main(TableMetadata metadata) {
      return metadata == null ? "" : String.valueOf(metadata.ref(SnapshotRef.MAIN_BRANCH));
    }

    @Override
    public FileIO io() {
      return operations.io();
    }

    @Override
    public String metadataFileLocation(String fileName) {
      return operations.metadataFileLocation(fileName);
    }

    @Override
    public LocationProvider locationProvider() {
      return LocationProviders.locationsFor(current().location(), current().properties());
    }

    @Override
    public TableOperations temp(TableMetadata uncommitted) {
      return operations.temp(uncommitted);
    }

    @Override
    public long newSnapshotId() {
      return operations.newSnapshotId();
    }
  }
}
