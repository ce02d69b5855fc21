package source

// Adopt takes over the descriptors that old holds, for a reload: a rotated file that was deleted meanwhile, or whose
// writer has not let go, can be had in no other way. It comes after Restore, before Run, and after old's Run has returned
// because of [Manager.Halt]. Positions are those of the state: what old has read since the last commit is read again.
func (m *Manager) Adopt(old *Manager) {
	for _, s := range old.sources {
		if p := s.pipe; p != nil {
			old.setPipe(s, nil)
			m.adoptPipe(p)
		}
	}
	for g := range old.open {
		if g.file != nil && !m.adopt(g) {
			g.file.Close() // not wanted any more
		}
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	clear(old.open)
}

func (m *Manager) adopt(g *generation) bool {
	s := m.source(g.src.opts.Name)
	if s == nil || g.packed != nil {
		return false
	}
	r := s.record(g.rec.id)
	st, err := statFile(g.file)
	if r == nil || r.gen != nil || err != nil {
		return false
	}
	next := m.enroll(&found{file: g.file, st: st, birth: g.rec.birth}, r, s, g.path, g.home)
	next.stage, next.grown, next.adopted = g.stage, g.grown, g.stage == live
	if next.stage == live {
		next.stage = retiring // until its path is seen to lead to it
		return true
	}
	m.setOff(next)
	return true
}

// settleAdopted decides about a generation that was live when it was adopted, and to which no path leads after the first
// look: it was rotated meanwhile, or its path is not followed any more.
func (m *Manager) settleAdopted(g *generation) bool {
	g.adopted = false
	if g.src.watched[g.path] == nil {
		m.finish(g)
		return false
	}
	m.setOff(g)
	return true
}

// record finds a record by its row.
func (s *source) record(id int64) *record {
	for _, list := range s.byRoot {
		for _, r := range list {
			if r.id == id {
				return r
			}
		}
	}
	return nil
}
