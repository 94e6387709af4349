package io.github.intruders.adapter;

/** An update that needs the whole matrix, because it is not of low rank or depends on it. */
public sealed interface WholeUpdate extends AdapterUpdate
    permits CirculantUpdate,
        DoraUpdate,
        GridUpdate,
        HadamardUpdate,
        KroneckerUpdate,
        MinusPrincipal,
        RandomBasesUpdate,
        ReflectedWeight,
        ReplacedRows,
        ReplacedWeight,
        RotatedWeight,
        ScaledWeight,
        SparseUpdate {}
