package sim

import (
	"fmt"
	"slices"
	"time"
)

// Incident is a kind of incident.
type Incident string

// The kinds of incidents.
const (
	// Denials: the browsers of many people in several meetings refuse the camera, as after a bad client release.
	Denials Incident = "camera denials"
	// FullMeeting: one meeting is full, and those who are turned away try again a few times.
	FullMeeting Incident = "full meeting"
	// BadTokens: tokens are refused in all meetings, as after a change of the secret.
	BadTokens Incident = "token failures"
)

// Incidents returns the kinds of incidents, in the order in which a server has them.
func Incidents() []Incident { return []Incident{Denials, FullMeeting, BadTokens} }

// Trigger begins an incident with the next Step. It fails on an unknown kind.
func (s *Server) Trigger(kind Incident) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(Incidents(), kind) {
		return fmt.Errorf("unknown incident %q: known are %q", kind, Incidents())
	}
	s.at(s.done, func(at time.Duration) error { s.begin(at, kind); return nil })
	return nil
}

func (s *Server) nextIncident(at time.Duration) error {
	s.at(at+s.config.IncidentEvery, s.nextIncident)
	s.begin(at, s.kinds[s.incident%len(s.kinds)])
	s.incident++
	return nil
}

// begin plans all that an incident brings.
func (s *Server) begin(at time.Duration, kind Incident) {
	s.stats.Incidents++
	s.stats.Incident = kind
	number := s.stats.Incidents
	s.at(at+s.config.IncidentFor, func(time.Duration) error {
		if s.stats.Incidents == number {
			s.stats.Incident = ""
		}
		return nil
	})
	switch kind {
	case Denials:
		s.denials(at)
	case FullMeeting:
		s.fullMeeting(at)
	case BadTokens:
		s.badTokens(at)
	}
}

// some returns k of the meetings.
func (s *Server) some(k int) []*meeting {
	var out []*meeting
	for len(out) < k {
		if m := s.gen.world.meeting(); !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// during returns a moment of an incident; half of them fall into its first fifth.
func (s *Server) during(at time.Duration) time.Duration {
	part := s.gen.world.rng.unit()
	if s.gen.world.rng.oneIn(2) {
		part /= 5
	}
	return at + time.Duration(part*float64(s.config.IncidentFor))
}

// denials is one event each of distinct people: nine in ten the camera, the others the microphone beside it.
func (s *Server) denials(at time.Duration) {
	meetings := s.some(s.gen.world.rng.between(4, 9))
	for i := range s.config.IncidentSize {
		m, id := meetings[i%len(meetings)], s.gen.world.personID()
		s.at(s.during(at), func(at time.Duration) error {
			s.fails(at, "onError", camera(), m.id, id)
			if s.gen.world.rng.oneIn(10) {
				s.fails(at, "onError", microphone(), m.id, id)
			}
			return nil
		})
	}
}

// badTokens is distinct people in all meetings who cannot join; a few try a second time.
func (s *Server) badTokens(at time.Duration) {
	for range s.config.IncidentSize {
		m, id := s.gen.world.meeting(), s.gen.world.personID()
		try := func(at time.Duration) error { s.fails(at, "onError", token(), m.id, id); return nil }
		first := s.during(at)
		s.at(first, try)
		if s.gen.world.rng.oneIn(4) {
			s.at(first+time.Duration(s.gen.world.rng.between(2000, 9000))*time.Millisecond, try)
		}
	}
}

// fullMeeting turns people away from one meeting. Half as many people as in other incidents try up to six times, each
// under one id, until they give up or somebody's leaving lets them in.
func (s *Server) fullMeeting(at time.Duration) {
	m := s.gen.world.meeting()
	for range max(s.config.IncidentSize/2, 1) {
		id, tries := s.gen.world.personID(), s.gen.world.rng.between(1, 6)
		s.at(s.during(at), s.refusal(m, id, tries))
	}
}

func (s *Server) refusal(m *meeting, id string, tries int) func(time.Duration) error {
	return func(at time.Duration) error {
		s.fails(at, "refused", full(), m.id, id)
		wait := time.Duration(s.gen.world.rng.between(3000, 20000)) * time.Millisecond
		switch {
		case tries > 1:
			s.at(at+wait, s.refusal(m, id, tries-1))
		case s.gen.world.rng.oneIn(4):
			s.at(at+wait, func(at time.Duration) error { s.admits(at, m, id); return nil })
		}
		return nil
	}
}

// fails writes one event in the form of the server; a quarter names the code alone, a tenth is followed by a stack
// trace that repeats its number.
func (s *Server) fails(at time.Duration, shape string, k Code, meeting, person string) {
	r := s.gen.world.rng
	p := parts{at: s.base.Add(at), code: k.Code, name: k.Name, message: k.Message, meeting: meeting, participant: person}
	if r.oneIn(4) {
		p.name = ""
	}
	s.emit(s.gen.write(s.log.line[:0], s.gen.shape(shape), &p, k.Code, false))
	if !s.config.Form.json() && r.oneIn(10) {
		s.emit(s.gen.trace(s.log.line[:0], s.base.Add(at), k.Code))
	}
}

// admits lets somebody in after all.
func (s *Server) admits(at time.Duration, m *meeting, id string) {
	m.people[s.gen.world.rng.n(len(m.people))] = id
	when := s.base.Add(at)
	g := s.gen
	g.line.buf = g.line.buf[:0]
	g.world.joined(&g.line, when.UnixMilli(), m, id)
	g.line.end()
	s.emit(g.record(s.log.line[:0], when, "stdout"))
}
