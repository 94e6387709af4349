/**
 * How the files of a table become visible together. Input: files that tasks of Spark write; output:
 * all of them in their places, or none. Its only neighbour is {@code table}.
 */
package io.github.intruders.jobs.commit;
