/**
 * What is wrong with what the user gave: one exception, one code per kind of fault. Used by every
 * other package; uses none.
 */
package io.github.intruders.input;
