package config

import (
	"errors"
	"path/filepath"
	"strings"
)

// StateDir is where the state lies: the configured folder; else the first of $STATE_DIRECTORY, which systemd sets; else
// /var/lib/errwatch for root; else errwatch in the user's folder for state, as the XDG specification has it. env is as
// os.Environ returns it, uid as os.Getuid does. The folder need not exist. It is an error if the environment names no
// home at all.
func StateDir(configured string, env []string, uid int) (string, error) {
	if configured != "" {
		return configured, nil
	}
	if dir, _, _ := strings.Cut(getenv(env, "STATE_DIRECTORY"), ":"); dir != "" {
		return dir, nil
	}
	if uid == 0 {
		return "/var/lib/errwatch", nil
	}
	if base := getenv(env, "XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "errwatch"), nil
	}
	if home := getenv(env, "HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "errwatch"), nil
	}
	return "", errors.New("no folder for the state: $HOME is not set; name one with state.dir or ERRWATCH_STATE_DIR")
}
