//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func isEvent(series, code string) bool {
	return strings.HasPrefix(series, eventsTotal+"{") && strings.Contains(series, `code="`+code+`"`)
}

// opening times open() for writing on files at the moment of their rotation, when errwatch asks the kernel whether a
// writer has them: the kernel's answer is a lease, and a lease that is held makes an open wait.
func (f *figures) opening() error {
	const files = 500
	s, err := f.scene("open", files)
	if err != nil {
		return err
	}
	defer s.end()
	for _, x := range s.files {
		x.Close() // so that each lease is granted
	}
	alone, err := s.openAll(files, func() error {
		<-time.After(3 * time.Second)
		return nil
	})
	if err != nil {
		return err
	}
	asked, err := s.openAll(files, func() error { return s.rotateAll(files) })
	if err != nil {
		return err
	}
	fmt.Println("open() for writing, nothing else happens:", spread(alone))
	fmt.Printf("open() for writing while errwatch asks for %d leases: %s\n", 4*files, spread(asked))
	return nil
}

func (s *scene) name(i int) string { return s.files[i].Name() }

// rotateAll renames every log away and makes a new one, four times.
func (s *scene) rotateAll(files int) error {
	for turn := range 4 {
		for i := range files {
			if err := os.Rename(s.name(i), fmt.Sprintf("%s.%d", s.name(i), turn+1)); err != nil {
				return err
			}
			if err := os.WriteFile(s.name(i), fmt.Appendf(nil, "the log of turn %d of file %d\n", turn, i), 0o644); err != nil {
				return err
			}
		}
		err := eventually("the rotated files are let go", time.Minute, func() (bool, error) {
			st, err := s.status()
			return err == nil && st.Files <= files && st.LagBytes == 0, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// openAll opens and closes the logs and their rotated parts in turn, while something is done.
func (s *scene) openAll(files int, do func() error) ([]time.Duration, error) {
	var stop atomic.Bool
	var took []time.Duration
	var opening sync.WaitGroup
	opening.Go(func() {
		for !stop.Load() {
			for i := range files {
				for turn := range 5 {
					name := s.name(i)
					if turn > 0 {
						name = fmt.Sprintf("%s.%d", name, turn)
					}
					begin := time.Now()
					f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
					if err != nil {
						continue
					}
					took = append(took, time.Since(begin))
					f.Close()
				}
			}
		}
	})
	err := do()
	stop.Store(true)
	opening.Wait()
	return took, err
}
