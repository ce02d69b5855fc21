//go:build linux

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Each line is an error event with a pen (whose line it is) and a number of its own. Readers are asked how many lines of
// each class they have counted, and the class is the line's code. Lines that are written one after the other share ten
// classes, so what was lost here does not hide behind what was counted twice there; and which of the ten it is looks like
// chance, so that a loss and a double never match class by class.
const (
	firstCode  = 9000 // no code of a catalogue
	maxClasses = 1000
	runLength  = 1500
)

func classOf(pen, n, classes int) int { return (n/runLength*10 + chance(n) + pen*53) % classes }

// chance throws a die of ten sides for a number, always the same.
func chance(n int) int {
	h := uint32(n)
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return int((h ^ h>>16) % 10)
}

const stampLayout = "2006-01-02T15:04:05.000000Z"

const padding = "the camera of this participant was refused by the browser, and the page has been told so"

// appendLine appends line n of a pen, without its line end. The number stands at both ends, so that a piece of a line is
// not taken for a whole one. Lines differ in length, as they do in life.
func appendLine(b []byte, at time.Time, pen, n, classes int) []byte {
	b = at.UTC().AppendFormat(b, stampLayout)
	b = append(b, " ERROR [room] onError code="...)
	b = strconv.AppendInt(b, int64(firstCode+classOf(pen, n, classes)), 10)
	b = append(b, " meetingId=ab12-cd34-ef56 participantId=p_"...)
	b = strconv.AppendInt(b, int64(n%500), 10)
	b = append(b, " pen="...)
	b = strconv.AppendInt(b, int64(pen), 10)
	b = append(b, " n="...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, ' ')
	b = append(b, padding[:n*7919%len(padding)]...)
	b = append(b, " end="...)
	return strconv.AppendInt(b, int64(n), 10)
}

// parseLine says which line it is; ok is false for anything but a whole one.
func parseLine(line []byte) (pen, n int, ok bool) {
	if len(line) < len(stampLayout) || line[0] != '2' || bytes.Count(line, []byte("onError")) != 1 {
		return 0, 0, false // the end of one and the beginning of another are no line
	}
	pen, ok1 := numberAfter(line, " pen=")
	n, ok2 := numberAfter(line, " n=")
	end, ok3 := numberAfter(line, " end=")
	return pen, n, ok1 && ok2 && ok3 && n == end && bytes.HasSuffix(line, []byte("="+strconv.Itoa(n)))
}

func numberAfter(line []byte, key string) (int, bool) {
	_, rest, ok := bytes.Cut(line, []byte(key))
	if !ok {
		return 0, false
	}
	digits, _, _ := bytes.Cut(rest, []byte{' '})
	n, err := strconv.Atoi(string(digits))
	return n, err == nil
}

// survivors reads every file below a folder, compressed ones too, and counts by class the lines that stand there whole,
// each once.
func survivors(dir string, classes int) ([]int64, error) {
	seen := map[[2]int]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return eachLine(path, func(line []byte) {
			if pen, n, ok := parseLine(line); ok {
				seen[[2]int{pen, n}] = true
			}
		})
	})
	out := make([]int64, classes)
	for k := range seen {
		out[classOf(k[0], k[1], classes)]++
	}
	return out, err
}

// eachLine calls f for each complete line of a file.
func eachLine(path string, f func([]byte)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var content io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if content, err = gzip.NewReader(file); err != nil {
			return err
		}
	}
	r := bufio.NewReaderSize(content, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what has no line end is no line
		}
		if err != nil {
			return err
		}
		f(bytes.TrimLeft(line[:len(line)-1], "\x00")) // a hole, where the writer does not append
	}
}
