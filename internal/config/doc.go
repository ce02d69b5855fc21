// Package config is the configuration as plain data: its schema, its defaults, and a strict decoder that finds all
// mistakes of a file in one run and knows where each of them stands.
//
// The file is decoded from YAML nodes, because only these keep what people wrote: the literal text of a code (0400 is
// not 256), the case of keys, and the line and column of each token. The settings that are single values are layered by
// viper: built-in defaults, then the file, then ERRWATCH_* variables, then flags. Lists and maps come from the file
// alone.
//
// Nothing here knows what a regex, a catalogue or a rule does. Whoever does says what is wrong with a value through
// Config.Problem, which finds the value's place in the file.
package config
