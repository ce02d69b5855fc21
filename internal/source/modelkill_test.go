package source

// modelCommit is a commit on its way, with the lines whose counts are in it.
type modelCommit struct {
	*rigCommit
	lines []string
	seen  map[*inode]int // what the state knows if it comes to its end, and how often that was cut before
}

// opCommit begins a commit, which comes to its end later, with the next one or a kill.
func (m *model) opCommit() bool {
	if !m.up {
		return false
	}
	m.land()
	c := &modelCommit{rigCommit: m.begin(), lines: append(m.carried, m.sink.take()...), seen: map[*inode]int{}}
	m.carried = nil
	for _, ino := range m.inodes {
		if ino.seen {
			c.seen[ino] = ino.cuts
		}
	}
	m.flight = c
	if m.rnd.IntN(2) == 0 {
		m.land()
	}
	return true
}

// land lets the commit on its way come to its end. A few fail, as on a full disk.
func (m *model) land() {
	c := m.flight
	if c == nil {
		return
	}
	m.flight = nil
	if m.rnd.IntN(10) == 0 {
		c.end(false)
		m.carried = c.lines
		return
	}
	c.end(true)
	m.counts(c)
}

// save commits all that was counted, for sure.
func (m *model) save() {
	m.opCommit()
	for m.land(); len(m.carried) > 0; m.land() {
		m.opCommit()
	}
}

// counts is what a commit has made certain.
func (m *model) counts(c *modelCommit) {
	for _, l := range c.lines {
		m.committed[l]++
	}
	for ino, cuts := range c.seen {
		ino.known = ino.known || cuts == ino.cuts
	}
}

// instant is a moment in the middle of reading: before a batch is counted, or just after. Commits begin and end in such
// moments too, and the process is killed in some.
func (m *model) instant() {
	if m.dead {
		return
	}
	if m.rnd.IntN(16) == 0 {
		m.opCommit()
	}
	if m.dying > 0 {
		if m.dying--; m.dying == 0 {
			m.dead = true
			m.sink.refuse = errKilled
		}
	}
}

// opKill is kill -9: between two ticks, or in the middle of one.
func (m *model) opKill() bool {
	if !m.up {
		return false
	}
	if m.rnd.IntN(2) == 0 {
		m.dying = 1 + m.rnd.IntN(6)
		m.look()
		m.dying = 0
	}
	m.die()
	return true
}

// die ends the process. A commit on its way has come to its end, or not. What was counted and not committed is rolled
// back, together with its positions.
func (m *model) die() {
	m.told += m.stats().LostBytes
	if c := m.flight; c != nil && m.rnd.IntN(2) == 0 {
		c.save()
		m.counts(c)
	}
	m.flight, m.carried, m.dead, m.dying, m.sink.refuse = nil, nil, false, 0, nil
	m.sink.take()
	m.crash()
	m.up = false
	for _, ino := range m.inodes {
		ino.pinned, ino.seen = false, false
	}
	m.loseWhatIsGone()
}

// loseWhatIsGone marks the lines that are neither counted nor on the disk: they may be lost.
func (m *model) loseWhatIsGone() {
	counted := m.counted()
	onDisk := map[string]bool{}
	for _, ino := range m.inodes {
		if ino.name == "" {
			continue
		}
		lines, _ := linesOf(ino.data)
		for _, l := range lines {
			onDisk[l] = true
		}
	}
	for l := range m.must {
		if !counted(l) && !onDisk[l] {
			m.may[l] = true
		}
	}
}

// opRestart is an orderly end and a start.
func (m *model) opRestart() bool {
	if !m.up {
		return false
	}
	m.save()
	m.die()
	return m.opStart()
}

func (m *model) opStart() bool {
	if m.up {
		return false
	}
	m.start()
	m.up = true
	return true
}

// opPower: the machine loses its power; the state, which is synced, stands as it was committed, and the writer begins
// anew.
func (m *model) opPower() bool {
	if m.up {
		m.die()
	}
	m.w.partial = ""
	m.reopen()
	return true
}
