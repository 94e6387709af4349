package io.github.intruders.checkpoint;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The names of Python's that a state dict is made of; a pickle that names anything else is refused.
 *
 * @param fullName with its module
 * @param role what it stands for
 * @param dtype of a type of storage or of elements, else null
 */
record TorchName(String fullName, Role role, DType dtype) {
  /** What a name stands for. */
  enum Role {
    ORDERED_DICT,
    SIZE,
    TENSOR,
    TENSOR_OF_TYPE,
    PARAMETER,
    STORAGE,
    ELEMENT_TYPE
  }

  private static final Map<String, TorchName> KNOWN = known();

  private static Map<String, TorchName> known() {
    Map<String, TorchName> names = new HashMap<>();
    add(names, "collections.OrderedDict", Role.ORDERED_DICT, null);
    add(names, "torch.Size", Role.SIZE, null);
    add(names, "torch._utils._rebuild_tensor_v2", Role.TENSOR, null);
    add(names, "torch._utils._rebuild_tensor_v3", Role.TENSOR_OF_TYPE, null);
    add(names, "torch._utils._rebuild_parameter", Role.PARAMETER, null);
    add(names, "torch.storage.UntypedStorage", Role.STORAGE, null);
    addType(names, DType.F64, "Double", "float64");
    addType(names, DType.F32, "Float", "float32");
    addType(names, DType.F16, "Half", "float16");
    addType(names, DType.BF16, "BFloat16", "bfloat16");
    addType(names, DType.I64, "Long", "int64");
    addType(names, DType.I32, "Int", "int32");
    addType(names, DType.I16, "Short", "int16");
    addType(names, DType.I8, "Char", "int8");
    addType(names, DType.U8, "Byte", "uint8");
    addType(names, DType.BOOL, "Bool", "bool");
    addType(names, DType.C64, "ComplexFloat", "complex64");
    // Younger types have no storage of their own.
    for (DType dtype : new DType[] {DType.U16, DType.U32, DType.U64}) {
      String bits = dtype.name().substring(1);
      add(names, "torch.uint" + bits, Role.ELEMENT_TYPE, dtype);
    }
    for (DType dtype : new DType[] {DType.F8_E5M2, DType.F8_E4M3FNUZ, DType.F8_E5M2FNUZ}) {
      String format = dtype.name().substring("F8_".length()).toLowerCase(Locale.ROOT);
      add(names, "torch.float8_" + format, Role.ELEMENT_TYPE, dtype);
    }
    add(names, "torch.float8_e4m3fn", Role.ELEMENT_TYPE, DType.F8_E4M3);
    add(names, "torch.float8_e8m0fnu", Role.ELEMENT_TYPE, DType.F8_E8M0);
    return Map.copyOf(names);
  }

  private static void addType(
      Map<String, TorchName> names, DType dtype, String storage, String elementType) {
    add(names, "torch.%sStorage".formatted(storage), Role.STORAGE, dtype);
    add(names, "torch." + elementType, Role.ELEMENT_TYPE, dtype);
  }

  private static void add(Map<String, TorchName> names, String name, Role role, DType dtype) {
    names.put(name, new TorchName(name, role, dtype));
  }

  /** What a name stands for, if it may stand in a state dict. */
  static Optional<TorchName> named(String fullName) {
    return Optional.ofNullable(KNOWN.get(fullName));
  }
}
