/**
 * Documents in YAML that people write: manifests, rules. Input: a text. Output: values that know
 * their lines, so that every fault names file, line, what was found and what was expected.
 */
package io.github.intruders.document;
