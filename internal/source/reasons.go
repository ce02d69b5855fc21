package source

// Reasons lists all reasons for which a path cannot be followed, so that each can be shown at 0.
func Reasons() []string {
	return []string{
		ReasonPermission, ReasonNotRegular, ReasonDirectory, ReasonBrokenLink, ReasonVanished, ReasonTooMany, ReasonTooManyDirs,
		ReasonOpenFiles, ReasonDuplicate, ReasonCorrupt, ReasonIO,
	}
}
