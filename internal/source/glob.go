package source

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// folderGlob is what a folder stands for.
const folderGlob = "*.log"

// stdinPath is the path that stands for standard input.
const stdinPath = "-"

// Match returns what the paths of o match now, sorted and each once, and what stood in the way. A path without
// wildcards is returned whether or not a file is there: it is an order to follow it as soon as it appears.
func Match(o Options) (files []string, problems []error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, []error{err}
	}
	f := newFinder(&o)
	return f.find()
}

// finder looks for the files of one source.
type finder struct {
	paths   []string
	exclude []string
	max     int

	dirs   map[string]fileStat // what the last find walked through
	recent bool                // one of them changed so shortly before that a further change may not show
}

func newFinder(o *Options) *finder {
	f := &finder{exclude: o.Exclude, max: o.MaxFiles}
	for _, p := range o.Paths {
		if p != stdinPath {
			f.paths = append(f.paths, filepath.Clean(p))
		}
	}
	return f
}

// find walks all paths.
func (f *finder) find() (files []string, problems []error) {
	w := &walk{finder: f, began: time.Now(), seen: map[string]bool{}, dirs: map[string]fileStat{}, real: map[fileKey]string{}}
	f.recent = false
	for _, p := range f.paths {
		w.path(p)
	}
	f.dirs = w.dirs
	slices.Sort(w.files)
	return w.files, w.problems
}

// named says that p stands in the configuration as it is.
func (f *finder) named(p string) bool { return slices.Contains(f.paths, p) }

// unchanged says that no folder that the last find walked through has got, lost or renamed an entry since. A folder
// that changed a moment before it was looked at may have changed again within the same time stamp.
func (f *finder) unchanged() bool {
	if f.dirs == nil || f.recent {
		return false
	}
	for dir, was := range f.dirs {
		st, err := statPath(dir)
		if err != nil && was.ctime == 0 {
			continue // it was not there, and still is not
		}
		if err != nil || st.key != was.key || st.ctime != was.ctime { // ctime: permissions too
			return false
		}
	}
	return true
}

// walk is one find.
type walk struct {
	*finder
	began    time.Time
	files    []string
	seen     map[string]bool
	problems []error
	dirs     map[string]fileStat
	real     map[fileKey]string // the path under which a folder was walked first: links may lead in circles
	full     bool
	fullDirs bool
}

var errStop = errors.New("enough")

func (w *walk) path(p string) {
	st, err := os.Stat(p)
	switch {
	case err == nil && st.IsDir():
		w.glob(p, folderGlob)
	case err == nil || !hasMeta(p):
		w.add(p)
	default:
		base, pattern := doublestar.SplitPattern(filepath.ToSlash(p))
		w.glob(filepath.FromSlash(base), pattern)
	}
}

// hasMeta says that p is a glob. A backslash alone escapes, and makes it one too.
func hasMeta(p string) bool { return strings.ContainsAny(p, `*?[{\`) }

func (w *walk) glob(base, pattern string) {
	tree := &tree{walk: w, base: base}
	err := doublestar.GlobWalk(tree, pattern, func(p string, _ fs.DirEntry) error {
		w.add(filepath.Join(base, filepath.FromSlash(p)))
		if w.full {
			return errStop
		}
		return nil
	}, doublestar.WithFilesOnly())
	if err != nil && !errors.Is(err, errStop) {
		w.problems = append(w.problems, err)
	}
}

func (w *walk) add(p string) {
	if w.seen[p] || w.excluded(p) {
		return
	}
	if len(w.files) >= w.max {
		if !w.full {
			w.problems = append(w.problems, &os.PathError{Op: "find", Path: p, Err: errTooMany})
		}
		w.full = true
		return
	}
	w.seen[p] = true
	w.files = append(w.files, p)
}

// matches says that p is one of the paths, or may be found by one of them.
func (f *finder) matches(p string) bool {
	return !f.excluded(p) && slices.ContainsFunc(f.paths, func(pattern string) bool {
		if p == pattern {
			return true
		}
		if ok, _ := doublestar.PathMatch(pattern, p); ok { // a bad glob was told by check
			return true
		}
		ok, _ := filepath.Match(folderGlob, filepath.Base(p))
		return ok && filepath.Dir(p) == pattern
	})
}

func (f *finder) excluded(p string) bool {
	return slices.ContainsFunc(f.exclude, func(glob string) bool {
		subject := p
		if !strings.ContainsRune(glob, filepath.Separator) {
			subject = filepath.Base(p)
		}
		ok, _ := doublestar.PathMatch(glob, subject) // a bad glob was told by check
		return ok
	})
}

// tree is the file system as a glob may see it: bounded, and each folder once, however many links lead to it.
type tree struct {
	*walk
	base string
}

// Open is there because fs.FS asks for it; globs use ReadDir and Stat alone.
func (t *tree) Open(name string) (fs.File, error) { return os.Open(t.at(name)) }

// Stat follows links.
func (t *tree) Stat(name string) (fs.FileInfo, error) { return os.Stat(t.at(name)) }

func (t *tree) at(name string) string { return filepath.Join(t.base, filepath.FromSlash(name)) }

// ReadDir yields nothing for a folder that was walked under another path, or once the bound is reached.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	dir := t.at(path.Clean(name))
	st, err := statPath(dir)
	if err != nil {
		t.walk.dirs[dir] = fileStat{}
		return nil, t.note(err)
	}
	if first, ok := t.real[st.key]; ok && first != dir {
		return nil, nil
	}
	if _, ok := t.walk.dirs[dir]; !ok && len(t.walk.dirs) >= t.max {
		if !t.fullDirs {
			t.problems = append(t.problems, &os.PathError{Op: "find", Path: dir, Err: errDirs})
		}
		t.fullDirs = true
		return nil, errStop
	}
	t.real[st.key] = dir
	t.walk.dirs[dir] = st
	t.recent = t.recent || !stamped(&st, t.began)
	entries, err := os.ReadDir(dir)
	return entries, t.note(err)
}

func (t *tree) note(err error) error {
	if err != nil && !gone(err) {
		t.problems = append(t.problems, err)
	}
	return err
}
