// Package literal makes the cost of many patterns the cost of one search. Required takes out of a regular expression the
// literals of which every match must hold at least one; a Matcher finds the literals of all patterns in one pass over a
// block of log lines. Only the lines with a hit are looked at by regular expressions.
//
// Literals are made only of bytes that stand the same in a plain line and inside an escaped JSON string, so the search
// runs on the raw block, before anybody knows the format of a line.
package literal
