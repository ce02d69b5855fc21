package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/errwatch/errwatch/internal/sim"
)

// one is job A: one regex with a code label over a large file.
func (b *bench) one() {
	j := job{"a", oneCounter(), b.text("a.log", b.size, sim.TextOptions{Shapes: []string{"onError"}})}
	s := b.compare(j.file.events, b.errwatch(b.config("a", j.counters), nil, j.file.path), ripgrep(j))
	b.seen["one"] = s[0]
	b.table.add(row{
		what: "A: one pattern, time against `rg -c`", measured: rate(j.file.bytes, s[0]), against: rate(j.file.bytes, s[1]),
		ratio: over(s[0].wall, s[1].wall), unit: " x", target: 2, most: true,
	})
	b.peer(j, s[0], "A: one pattern, against mtail per CPU second", 40, func(s sample) float64 { return s.cpu.Seconds() })
}

// peer compares with mtail, on a smaller file where it would take minutes.
func (b *bench) peer(j job, ours sample, what string, target float64, of func(sample) float64) {
	const most = 64 << 20
	small := j
	if j.file.bytes > most {
		if j.name == "a" {
			small.file = b.text("a-small.log", most, sim.TextOptions{Shapes: []string{"onError"}})
		} else {
			small.file = b.twentyText("r20-small.log", most)
		}
	}
	runs := b.runs
	b.runs = min(runs, 2)
	s := b.compare(small.file.events, b.mtail(small))[0]
	b.runs = runs
	r := row{what: what, measured: rate(j.file.bytes, ours), against: rate(small.file.bytes, s), unit: " x", target: target}
	if s.wall > 0 {
		r.ratio = (float64(j.file.bytes) / of(ours)) / (float64(small.file.bytes) / of(s))
	}
	b.table.add(r)
}

// twenty is job R20, and the same with ten times as many patterns.
func (b *bench) twenty() {
	j := job{"r20", sim.Twenty(), b.twentyText("r20.log", b.size)}
	ours := b.errwatch(b.config("r20", j.counters), nil, j.file.path)
	// The other 180 are as ordinary as the twenty: none of their literals is in the file.
	more := j.counters
	for i := range 180 {
		c := j.counters[i%20]
		c.Name = fmt.Sprintf("%s_%d", c.Name, i)
		c.Regex = fmt.Sprintf(`%s refused by (?:policy|limit) %c%d of tenant (\w+)`, strings.ReplaceAll(c.Name, "_", "-"), 'a'+i%26, i)
		more = append(more[:len(more):len(more)], c)
	}
	s := b.compare(j.file.events, ours, ripgrep(j, "--no-unicode"), b.errwatch(b.config("r200", more), nil, j.file.path))
	b.table.add(row{
		what: "R20: twenty patterns, throughput against `rg -c --no-unicode`", measured: rate(j.file.bytes, s[0]), against: rate(j.file.bytes, s[1]),
		ratio: over(s[1].wall, s[0].wall), unit: " x", target: 1,
	})
	b.peer(j, s[0], "R20: twenty patterns, throughput against mtail", 100, func(s sample) float64 { return s.wall.Seconds() })
	b.table.add(row{
		what: "200 patterns, CPU against twenty", measured: rate(j.file.bytes, s[2]), against: rate(j.file.bytes, s[0]),
		ratio: over(s[2].cpu, s[0].cpu), unit: " x", target: 2, most: true,
	})
}

// builtin is the default configuration on every form of the same lines. Its measure is job A in the same turns.
func (b *bench) builtin() {
	a := job{"a", oneCounter(), b.text("a.log", b.size, sim.TextOptions{Shapes: []string{"onError"}})}
	one := b.errwatch(b.config("a", a.counters), nil, a.file.path)
	for _, f := range []struct {
		form   sim.Form
		target float64
	}{{sim.FormText, 0.5}, {sim.FormJSON, 0}, {sim.FormDocker, 0}, {sim.FormCRI, 0}, {sim.FormDockerJSON, 0.25}} {
		c := b.text(string(f.form)+".log", b.size, sim.TextOptions{Form: f.form})
		s := b.compareEach([]int64{a.file.events, c.events}, one, b.errwatch("", nil, c.path))
		b.table.add(row{
			what: fmt.Sprintf("default configuration on %s, throughput against A", f.form), measured: rate(c.bytes, s[1]), against: rate(a.file.bytes, s[0]),
			ratio: perSecond(c.bytes, s[1].wall) / perSecond(a.file.bytes, s[0].wall), unit: " x", target: f.target,
		})
		os.Remove(c.path)
	}
}

// incident is a file of nothing but errors, on one core.
func (b *bench) incident() {
	for _, shapes := range [][]string{{"onError"}, nil} {
		what := "all shapes"
		if shapes != nil {
			what = "server's lines"
		}
		c := b.text("incident.log", b.size, sim.TextOptions{Shapes: shapes, Events: 1})
		s := b.compare(c.events, b.errwatch("", oneCore(), c.path))
		b.lines(fmt.Sprintf("every line an error (%s), scan on one core", what), c, s[0])
		os.Remove(c.path)
	}
}

func oneCore() []string { return []string{"GOMAXPROCS=1"} }

// lines adds the row of a rate in million lines a second.
func (b *bench) lines(what string, c corpus, s sample) {
	b.table.add(row{
		what: what, measured: rate(c.bytes, s), against: "1,000,000 lines/s",
		ratio: perSecond(c.lines, s.wall), unit: " M lines/s", target: 1,
	})
}

// cores holds all cores against one: the time, and that the result is the same to the byte.
func (b *bench) cores() {
	dir, many := b.shared("many", 64, b.size)
	one := b.text("one.log", b.size, sim.TextOptions{})
	for _, x := range []struct {
		what, path string
		corpus
	}{{"one large file", one.path, one}, {"64 files", dir, many}} {
		s := b.compare(x.events, b.errwatch("", nil, x.path), b.errwatch("", oneCore(), x.path))
		if !bytes.Equal(s[0].out, s[1].out) {
			b.fail("%s: all cores and one core print different results", x.what)
		}
		b.table.add(row{
			what: x.what + ": all cores against one", measured: rate(x.bytes, s[0]), against: rate(x.bytes, s[1]),
			ratio: over(s[1].wall, s[0].wall), unit: " x",
		})
	}
}

// packed holds a scan of a compressed file against decompressing it alone, by the same library, on one core each.
func (b *bench) packed() {
	plain := b.text("packed.log", b.size, sim.TextOptions{})
	for _, kind := range []string{"gz", "zst"} {
		c := plain
		c.path = filepath.Join(b.dir, "packed.log."+kind)
		b.create(c.path, func(w io.Writer) error { return pack(kind, plain.path, w) })
		s := b.compareEach([]int64{c.bytes, c.events},
			&program{name: "decompress", args: []string{os.Args[0], "-unpack", c.path}, env: oneCore(), count: number64},
			b.errwatch("", nil, c.path))
		b.table.add(row{
			what: "." + kind + ": time against decompressing alone", measured: rate(c.bytes, s[1]), against: rate(c.bytes, s[0]),
			ratio: over(s[1].wall, s[0].wall), unit: " x", target: 1.25, most: true,
		})
	}
}

func pack(kind, path string, w io.Writer) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	var z io.WriteCloser = gzip.NewWriter(w)
	if kind == "zst" {
		if z, err = zstd.NewWriter(w); err != nil {
			return err
		}
	}
	if _, err := io.Copy(z, in); err != nil {
		return err
	}
	return z.Close()
}

// unpack decompresses a file to nowhere and prints its size: what packed compares with.
func unpack(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader
	if strings.HasSuffix(path, ".gz") {
		r, err = kgzip.NewReader(f)
	} else {
		r, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		return err
	}
	n, err := io.CopyBuffer(onlyWriter{io.Discard}, r, make([]byte, 256<<10))
	fmt.Println(n)
	return err
}

// onlyWriter hides ReadFrom, so that the buffer given is used.
type onlyWriter struct{ io.Writer }

// hostile is lines made to be slow. No ratio is promised; growth is held by tests.
func (b *bench) hostile() {
	for _, x := range []struct{ what, text string }{
		{"ordinary text", "participant joined room with 12 others on node 7; "},
		{"almost onError", "onError code="},
		{"almost a code", "code=1000 "},
		{"almost names", "MAX_SPEAKER_REACHEDX "},
		{"almost an unless", "error code=4009 socket "},
	} {
		c := b.repeated("hostile.log", x.text, 1<<20-100, int(b.size>>22))
		s := b.compare(0, b.uncounted(b.errwatch("", nil, c.path)))
		b.table.add(row{what: "lines of 1 MiB: " + x.what, measured: rate(c.bytes, s[0]), against: fmt.Sprintf("peak %.0f MiB", mib(s[0].rss))})
	}
}

// uncounted takes whatever a program counts.
func (b *bench) uncounted(p *program) *program {
	p.count = nil
	return p
}
