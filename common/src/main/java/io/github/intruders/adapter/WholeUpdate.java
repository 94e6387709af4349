package io.github.intruders.adapter;

/** An update that needs the whole matrix, because it is not of low rank or depends on it. */
public sealed interface WholeUpdate extends AdapterUpdate
    permits BaseDependent,
        CirculantUpdate,
        DoraUpdate,
        GridUpdate,
        HadamardUpdate,
        KroneckerUpdate,
        RandomBasesUpdate,
        ReplacedWeight,
        RotatedWeight,
        ScaledWeight,
        SparseUpdate {}
