// Package test holds end-to-end tests: the real binary against a real Prometheus and a real Alertmanager, which Debian
// packages as prometheus and prometheus-alertmanager. They need the build tag e2e.
package test
