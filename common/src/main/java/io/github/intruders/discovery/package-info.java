/**
 * From folders to a manifest: what lies in a tree, which of it belongs to one base, and how a
 * manifest says so.
 *
 * <p>Input: listings and the small files beside weights. Output: the text of a manifest. Models are
 * understood by {@code adapter}, {@code checkpoint} and {@code plan}; Spark spreads the work in
 * {@code jobs.discovery}.
 */
package io.github.intruders.discovery;
