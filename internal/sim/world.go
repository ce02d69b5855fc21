package sim

// world is the meetings that take place while a log is written, and who is in them.
type world struct {
	rng      *rng
	codes    []Code // what goes wrong now and then
	meetings []*meeting
}

type meeting struct {
	id     string   // as VideoSDK makes them: ab12-cd34-ef56
	people []string // p_9f3k2
}

const (
	meetingsAtOnce   = 40
	peopleInMeetings = 24
)

func newWorld(seed uint64, codes []Code) *world {
	w := &world{rng: newRNG(seed), codes: codes}
	if len(codes) == 0 {
		w.codes = usual()
	}
	for range meetingsAtOnce {
		m := &meeting{id: w.meetingID()}
		for range peopleInMeetings {
			m.people = append(m.people, w.personID())
		}
		w.meetings = append(w.meetings, m)
	}
	return w
}

func (w *world) meetingID() string {
	var b [14]byte
	w.rng.fill(b[:])
	b[4], b[9] = '-', '-'
	for _, i := range []int{0, 5, 10} { // a letter first: an id of digits alone would look like a number
		b[i] = byte('a' + w.rng.n(26))
	}
	return string(b[:])
}

func (w *world) personID() string {
	var b [7]byte
	w.rng.fill(b[:])
	b[0], b[1] = 'p', '_'
	return string(b[:])
}

func (w *world) meeting() *meeting { return w.meetings[w.rng.n(len(w.meetings))] }

func (w *world) person(m *meeting) string { return m.people[w.rng.n(len(m.people))] }
