// Package source finds log files, follows them through every rotation, and hands their bytes on in batches of whole
// lines, each exactly once.
//
// # Generations
//
// A path is only a name that leads to one file today and to another tomorrow. What is followed is a generation: one
// inode as one writer fills it, held open by a descriptor of our own from the moment it is found. Renaming, replacing or
// deleting it takes nothing away. When its path leads elsewhere it retires: it is read on, beside its successor, until
// its writer has let go of it, which the kernel tells by granting a read lease. Only then does a last line without line
// end count.
//
// # Positions
//
// The position in a generation is proven by content: hashes of its first KiB, of the last KiB before the position, and
// of some places between. Each block is read together with the KiB before it, and that is compared before and after. So
// a truncation is seen however large the file is by then, a copy made by copytruncate is recognised and continued where
// the original stopped, and after a restart each generation is found again under whatever name or inode it has: its
// rotated neighbours are looked through, and those that were rotated first are read first.
//
// Positions move with the events that were made from the bytes: the sink calls advance inside its critical section, and
// Pending hands over exactly those. What is read again after a crash was never counted.
//
// # Memory
//
// Nothing that was read is kept between two looks. An incomplete line is read again from its beginning; one that is too
// long, or a hole of NULs, is searched for its end without being kept.
package source
