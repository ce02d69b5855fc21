// Package catalog knows the error codes that VideoSDK clients and meeting servers write: their names, categories,
// documented messages, and what they mean to the person on call.
//
// The same number means different things in different SDKs, so there is one catalogue per SDK, and a source of logs is
// read with one of them. The built-in ones are the text files of the folder tables, embedded and parsed once; With lays
// a user's own codes over one.
//
// A Catalog is immutable and safe for concurrent use. The lookups by code, name and message take bytes of a log line
// and allocate nothing; the Code they return belongs to the catalogue and must not be changed.
package catalog
