package io.github.intruders.jobs.show;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/** What values of a column are, and how a record yields one. */
sealed interface ParquetKind {
  /**
   * The value at a record's field: a boxed number, a text, a map or a list; null if it has none.
   */
  Object value(Group record, int field);

  /**
   * The kind of a field.
   *
   * @throws UnknownContentException if it is none of these
   */
  static ParquetKind of(Type field) throws UnknownContentException {
    LogicalTypeAnnotation meaning = field.getLogicalTypeAnnotation();
    if (!field.isRepetition(Repetition.REPEATED)) {
      if (field.isPrimitive()) {
        PrimitiveTypeName stored = field.asPrimitiveType().getPrimitiveTypeName();
        for (Plain kind : Plain.values()) {
          if (kind.stored == stored && kind.means(meaning)) {
            return kind;
          }
        }
      } else if (meaning instanceof ListLogicalTypeAnnotation) {
        GroupType items = repeated(field);
        if (items.getFieldCount() == 1) {
          return new Items(of(items.getType(0)));
        }
      } else if (meaning instanceof MapLogicalTypeAnnotation) {
        GroupType entries = repeated(field);
        if (entries.getFieldCount() == 2) {
          return new Entries(of(entries.getType(0)), of(entries.getType(1)));
        }
      }
    }
    throw new UnknownContentException("Column " + field);
  }

  private static GroupType repeated(Type field) throws UnknownContentException {
    GroupType outer = field.asGroupType();
    if (outer.getFieldCount() != 1
        || outer.getType(0).isPrimitive()
        || !outer.getType(0).isRepetition(Repetition.REPEATED)) {
      throw new UnknownContentException("Column " + field);
    }
    return outer.getType(0).asGroupType();
  }

  private static boolean isMissing(Group record, int field) {
    return record.getFieldRepetitionCount(field) == 0;
  }

  /** One value in one field. */
  enum Plain implements ParquetKind {
    BOOLEAN(PrimitiveTypeName.BOOLEAN) {
      @Override
      Object present(Group record, int field) {
        return record.getBoolean(field, 0);
      }
    },
    INT(PrimitiveTypeName.INT32) {
      @Override
      Object present(Group record, int field) {
        return record.getInteger(field, 0);
      }

      @Override
      boolean means(LogicalTypeAnnotation meaning) {
        return isSigned(meaning);
      }
    },
    LONG(PrimitiveTypeName.INT64) {
      @Override
      Object present(Group record, int field) {
        return record.getLong(field, 0);
      }

      @Override
      boolean means(LogicalTypeAnnotation meaning) {
        return isSigned(meaning);
      }
    },
    FLOAT(PrimitiveTypeName.FLOAT) {
      @Override
      Object present(Group record, int field) {
        return record.getFloat(field, 0);
      }
    },
    DOUBLE(PrimitiveTypeName.DOUBLE) {
      @Override
      Object present(Group record, int field) {
        return record.getDouble(field, 0);
      }
    },
    TEXT(PrimitiveTypeName.BINARY) {
      @Override
      Object present(Group record, int field) {
        return record.getString(field, 0);
      }

      @Override
      boolean means(LogicalTypeAnnotation meaning) {
        return meaning instanceof StringLogicalTypeAnnotation;
      }
    };

    private final PrimitiveTypeName stored;

    Plain(PrimitiveTypeName stored) {
      this.stored = stored;
    }

    abstract Object present(Group record, int field);

    boolean means(LogicalTypeAnnotation meaning) {
      return meaning == null;
    }

    private static boolean isSigned(LogicalTypeAnnotation meaning) {
      return meaning == null
          || (meaning instanceof IntLogicalTypeAnnotation integer && integer.isSigned());
    }

    @Override
    public Object value(Group record, int field) {
      return isMissing(record, field) ? null : present(record, field);
    }
  }

  /** A list, as a group of repeated items. */
  record Items(ParquetKind item) implements ParquetKind {
    @Override
    public List<Object> value(Group record, int field) {
      if (isMissing(record, field)) {
        return null;
      }
      Group items = record.getGroup(field, 0);
      List<Object> list = new ArrayList<>();
      for (int i = 0; i < items.getFieldRepetitionCount(0); i++) {
        list.add(item.value(items.getGroup(0, i), 0));
      }
      return list;
    }
  }

  /** A map, as a group of repeated pairs. */
  record Entries(ParquetKind key, ParquetKind mapped) implements ParquetKind {
    @Override
    public Map<Object, Object> value(Group record, int field) {
      if (isMissing(record, field)) {
        return null;
      }
      Group entries = record.getGroup(field, 0);
      Map<Object, Object> map = new LinkedHashMap<>();
      for (int i = 0; i < entries.getFieldRepetitionCount(0); i++) {
        Group entry = entries.getGroup(0, i);
        map.put(key.value(entry, 0), mapped.value(entry, 1));
      }
      return map;
    }
  }
}
