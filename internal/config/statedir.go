package config

import (
	"path/filepath"
	"strings"
)

// systemState is where the state lies when nothing says otherwise.
const systemState = "/var/lib/errwatch"

// StateDir is where the state lies when the configuration does not say: in the first folder of $STATE_DIRECTORY, which
// systemd sets; else in /var/lib/errwatch for root; else in errwatch in the user's folder for state, as the XDG
// specification has it; and without a home in /var/lib/errwatch again. env is as os.Environ returns it, uid as os.Getuid
// does. The folder need not exist.
func StateDir(env []string, uid int) string {
	if dir, _, _ := strings.Cut(getenv(env, "STATE_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	if uid == 0 {
		return systemState
	}
	if base := getenv(env, "XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "errwatch")
	}
	if home := getenv(env, "HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "errwatch")
	}
	return systemState
}
