/**
 * Reads PEFT's LoRA adapters: which base tensor each pair of factors updates, by how much.
 *
 * <p>Input: a folder with {@code adapter_config.json} and {@code adapter_model.safetensors}.
 * Output: {@link io.github.intruders.adapter.LowRankSource} by base tensor, and a fault for every
 * tensor that is more than that. An option that is not known to leave the update as it is, is
 * refused by name; nothing is ignored.
 *
 * <p>Neighbours: uses {@code checkpoint} for files and headers and {@code input} for faults; {@code
 * plan} pairs what it returns with the base.
 */
package io.github.intruders.adapter;
