package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/errwatch/errwatch/internal/privacy"
)

func (b *builder) buildPrivacy() {
	p := b.cfg.Privacy
	o := privacy.Options{Redact: p.Redact, Patterns: p.Patterns, Hash: p.Hash}
	if p.KeyFile != "" {
		key, err := os.ReadFile(p.KeyFile)
		if err != nil {
			b.fail("the key cannot be read: "+err.Error(), "", -1, "privacy", "key_file")
			return
		}
		o.Key = []byte(strings.TrimSpace(string(key)))
	}
	b.checkPrivacy(o)
	r, err := privacy.New(o)
	if err != nil {
		if !HasErrors(b.problems) { // each part was checked on its own, and told at its place
			b.fail(err.Error(), "", -1, "privacy")
		}
		return
	}
	b.plan.privacy, b.plan.redactor = o, r
}

// checkPrivacy finds the mistakes of each part at its place.
func (b *builder) checkPrivacy(o privacy.Options) {
	for i, pattern := range o.Patterns {
		if _, err := privacy.New(privacy.Options{Patterns: []string{pattern}}); err != nil {
			b.fail(err.Error(), "", -1, "privacy", "patterns", i)
		}
	}
	if len(o.Key) > 0 {
		if _, err := privacy.New(privacy.Options{Key: o.Key}); err != nil {
			b.fail(err.Error(), "", -1, "privacy", "key_file")
		}
	}
	captured := b.capturedFields()
	for i, field := range o.Hash {
		if _, ok := captured[field]; !ok {
			b.warn(fmt.Sprintf("no pattern captures a field %q: there is nothing to hash", field), "", -1, "privacy", "hash", i)
		}
	}
}

// keyFile is where a daemon keeps the key that it makes for itself, in its state folder.
const keyFile = "privacy.key"

// withKey returns the redactor of the plan with the key of the state folder, which is made when there is none, unless the
// configuration names a key. Without a key all redacted people would become one value; with it they stay distinct, and
// the same over restarts, and still nobody can tell who they are.
func (p *Plan) withKey(dir string) (*privacy.Redactor, error) {
	if len(p.privacy.Key) > 0 {
		return p.redactor, nil
	}
	o := p.privacy
	var err error
	if o.Key, err = loadKey(filepath.Join(dir, keyFile)); err != nil {
		return nil, err
	}
	return privacy.New(o)
}

func loadKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) >= privacy.MinKey {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the key for redacted values: %w", err)
	}
	key = []byte(rand.Text())
	if err := os.WriteFile(path, key, 0o600); err != nil {
		return nil, fmt.Errorf("the key for redacted values: %w", err)
	}
	return key, nil
}
