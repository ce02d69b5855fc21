package config

import (
	"regexp"
	"slices"
	"strings"
)

const (
	envPrefix      = "ERRWATCH_"
	configVariable = "ERRWATCH_CONFIG"
)

// Variable is the name of the environment variable of a setting: ERRWATCH_SERVER_LISTEN of server.listen.
func Variable(setting string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(setting, ".", "_"))
}

// getenv returns the last value of a variable, as a process sees it; "" where it is unset or empty.
func getenv(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// envSettings is what the environment says about single settings. An empty variable says nothing.
func envSettings(env []string, settings []setting) map[string]any {
	m := map[string]any{}
	for _, s := range settings {
		if v := getenv(env, Variable(s.name)); v != "" {
			putSetting(m, s.name, v)
		}
	}
	return m
}

// unknownVariables warns of ERRWATCH_* variables that mean nothing: most are misspelt.
func unknownVariables(env []string, settings []setting) []Problem {
	known := []string{configVariable}
	for _, s := range settings {
		known = append(known, Variable(s.name))
	}
	// Kubernetes sets these for a Service that is called errwatch; nobody can help it.
	service := regexp.MustCompile(`^ERRWATCH_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)
	var ps []Problem
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) || service.MatchString(name) {
			continue
		}
		hint := "" // dozens of names would hide the message
		if n := nearest(name, known); n != "" {
			hint = "did you mean " + n + "?"
		}
		ps = append(ps, Problem{File: fromEnvironment, Severity: Warning, Message: "unknown variable " + name, Hint: hint})
	}
	return ps
}
