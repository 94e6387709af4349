/**
 * Files over Hadoop's file systems: local ones, HDFS, S3A and whatever else is on the class path.
 *
 * <p>Input: a Hadoop configuration. Output: a {@link io.github.intruders.checkpoint.Storage}. The
 * only package here that knows Hadoop; its neighbour is {@code checkpoint}.
 */
package io.github.intruders.checkpoint.hadoop;
