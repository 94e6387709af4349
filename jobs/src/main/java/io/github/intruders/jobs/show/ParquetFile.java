package io.github.intruders.jobs.show;

import io.github.intruders.checkpoint.RangeSource;
import io.github.intruders.checkpoint.Storage;
import io.github.intruders.checkpoint.StoredFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.HadoopParquetConfiguration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * What one Parquet file holds.
 *
 * @param kinds column → what its values are, in the file's order
 * @param rows column → value; a column without one is not there
 */
record ParquetFile(Map<String, ParquetKind> kinds, List<Map<String, Object>> rows) {
  /** Hadoop's defaults, once for all files: Parquet would read them again for each. */
  private static final ParquetConfiguration SETTINGS = new HadoopParquetConfiguration();

  /**
   * Reads a whole file, by one request.
   *
   * @throws UnknownContentException if it holds what this does not read
   */
  static ParquetFile read(Storage storage, StoredFile file) throws IOException {
    byte[] bytes;
    try (RangeSource source = storage.open(file.uri())) {
      bytes = new byte[Math.toIntExact(source.lengthBytes())];
      source.readFully(0, bytes, 0, bytes.length);
    }
    try {
      return decode(bytes);
    } catch (RuntimeException e) { // this is how Parquet reports files that are not whole
      throw new UnknownContentException(e);
    }
  }

  private static ParquetFile decode(byte[] bytes) throws IOException {
    ParquetReadOptions options = ParquetReadOptions.builder(SETTINGS).build();
    try (ParquetFileReader reader = ParquetFileReader.open(new InMemory(bytes), options)) {
      MessageType schema = reader.getFileMetaData().getSchema();
      Map<String, ParquetKind> kinds = new LinkedHashMap<>();
      for (Type field : schema.getFields()) {
        kinds.put(field.getName(), ParquetKind.of(field));
      }
      List<Map<String, Object>> rows = new ArrayList<>();
      MessageColumnIO columns = new ColumnIOFactory().getColumnIO(schema);
      for (PageReadStore pages = reader.readNextRowGroup();
          pages != null;
          pages = reader.readNextRowGroup()) {
        RecordReader<Group> records =
            columns.getRecordReader(pages, new GroupRecordConverter(schema));
        for (long i = 0; i < pages.getRowCount(); i++) {
          rows.add(row(kinds, records.read()));
        }
      }
      return new ParquetFile(kinds, rows);
    }
  }

  private static Map<String, Object> row(Map<String, ParquetKind> kinds, Group record) {
    Map<String, Object> row = new LinkedHashMap<>();
    int field = 0;
    for (Map.Entry<String, ParquetKind> column : kinds.entrySet()) {
      Object value = column.getValue().value(record, field++);
      if (value != null) {
        row.put(column.getKey(), value);
      }
    }
    return row;
  }

  /** A file that is read already. */
  private record InMemory(byte[] bytes) implements InputFile {
    @Override
    public long getLength() {
      return bytes.length;
    }

    @Override
    public SeekableInputStream newStream() {
      Bytes stream = new Bytes(bytes);
      return new DelegatingSeekableInputStream(stream) {
        @Override
        public long getPos() {
          return stream.position();
        }

        @Override
        public void seek(long position) {
          stream.seek(Math.toIntExact(position));
        }
      };
    }
  }

  private static final class Bytes extends ByteArrayInputStream {
    Bytes(byte[] bytes) {
      super(bytes);
    }

    int position() {
      return pos;
    }

    void seek(int position) {
      pos = position;
    }
  }
}
