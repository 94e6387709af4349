/**
 * Reads PEFT's adapters, the LoRA of mlx-lm, and the files of kohya's trainers and LyCORIS: what
 * each of their tensors does to which weight of the base.
 *
 * <p>Input: a folder with {@code adapter_config.json} and its weights, or a kohya file, which has
 * no config. Output: {@link io.github.intruders.adapter.AdapterUpdate} by base tensor, {@link
 * io.github.intruders.adapter.ParameterLora} for experts, and a fault for every tensor that can't
 * be used. A {@link io.github.intruders.adapter.LowRankUpdate} gives its factors; a {@link
 * io.github.intruders.adapter.WholeUpdate} gives the tuned matrix from the whole one. An option
 * that is not known to leave the update as it is, is refused by name; nothing is ignored.
 *
 * <p>Neighbours: uses {@code checkpoint} for files and headers, {@code linalg} and {@code input};
 * {@code plan} pairs what it returns with the base, {@code scan} applies it.
 */
package io.github.intruders.adapter;
