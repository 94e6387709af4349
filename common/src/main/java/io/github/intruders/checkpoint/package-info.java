/**
 * Reads Hugging Face checkpoints in safetensors, PyTorch's own format and GGUF: headers, shard
 * indexes, and single matrices out of files of any size.
 *
 * <p>Input: URIs, opened through a {@link io.github.intruders.checkpoint.Storage}. Output: where
 * each tensor lies ({@link io.github.intruders.checkpoint.Checkpoint}), and its numbers ({@link
 * io.github.intruders.checkpoint.TensorReader}). Every fault of a file is a {@code
 * UserInputException} that names file and tensor.
 *
 * <p>Neighbours: uses {@code linalg} for matrices and {@code input} for faults; {@code adapter} and
 * {@code plan} build on it; {@code checkpoint.hadoop} is its one storage.
 */
package io.github.intruders.checkpoint;
