package parse

import (
	"bytes"
	"math/bits"
	"unicode/utf8"

	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/parse/jsonscan"
)

// The built-in patterns say where the error is; the rest of its line says who it was about, in as many spellings as there
// are applications. What follows reads key=value, key: 'value' and "key":"value" in one pass over the text as it is
// written, so that the format does not matter, nor how deep in JSON, or in JSON inside a string, a key stands.

// wanted are the values that are looked for; a lower rank is the better spelling.
type wanted uint8

const (
	wantNothing wanted = iota
	wantMeeting
	wantParticipant
	wantMessage
	wantCount
)

// spelling tells what a key stands for, and how good it is for that: of two spellings in one line the first in the list of
// each counts.
func spelling(key []byte) (wanted, int) {
	switch string(key) {
	case "meetingId", "meetingID":
		return wantMeeting, 0
	case "meeting_id":
		return wantMeeting, 1
	case "meeting":
		return wantMeeting, 2
	case "roomId", "roomID":
		return wantMeeting, 3
	case "room_id":
		return wantMeeting, 4
	case "room":
		return wantMeeting, 5
	case "participantId", "participantID":
		return wantParticipant, 0
	case "participant_id":
		return wantParticipant, 1
	case "participant":
		return wantParticipant, 2
	case "peerId", "peerID":
		return wantParticipant, 3
	case "peer_id":
		return wantParticipant, 4
	case "userId", "userID":
		return wantParticipant, 5
	case "user_id":
		return wantParticipant, 6
	case "uid":
		return wantParticipant, 7
	case "message":
		return wantMessage, 0
	case "msg":
		return wantMessage, 1
	}
	return wantNothing, 0
}

// Spellings returns for each built-in field the keys that are mapped to it, best first.
func Spellings() map[string][]string {
	return map[string][]string{
		event.Meeting:     {"meetingId", "meeting_id", "meeting", "roomId", "room_id", "room"},
		event.Participant: {"participantId", "participant_id", "participant", "peerId", "peer_id", "userId", "user_id", "uid"},
	}
}

// completeFrom adds to an event what its pattern did not capture and the rest of the record says.
func (st *Stream) completeFrom(text []byte, c *compiled, f *found) {
	if !st.knownName(f.name) {
		if name := st.nameIn(text); name != nil {
			f.name = name
		}
	}
	if c.built.beside && len(f.code) == 0 {
		f.code = st.codeBeside(f)
	}
	var best [wantCount]value
	st.scanKeys(text, &best)
	if len(f.message) == 0 && best[wantMessage].quoted {
		f.message = st.decoded(&best[wantMessage])
	}
	st.addField(event.Meeting, &best[wantMeeting])
	st.addField(event.Participant, &best[wantParticipant])
}

func (st *Stream) scanKeys(text []byte, best *[wantCount]value) {
	var rank [wantCount]int
	for i := 0; i < len(text); i += 8 {
		for at := signs(eightAt(text, i)); at != 0; at &= at - 1 {
			start, end := keyBefore(text, i+bits.TrailingZeros64(at)/8)
			if start == end {
				continue
			}
			want, r := spelling(text[start:end])
			if want == wantNothing || best[want].text != nil && rank[want] <= r {
				continue
			}
			if v, ok := valueAt(text, end); ok && v.plausible() {
				best[want], rank[want] = v, r
			}
		}
	}
}

// keyBefore returns where the key stands whose sign, '=' or ':', is at i: behind the key are a quote, which may be
// escaped, and white space. start is end where there is no key, or none that any spelling ends like.
func keyBefore(text []byte, i int) (start, end int) {
	for i > 0 && (text[i-1] == ' ' || text[i-1] == '\t') {
		i--
	}
	if i > 0 && (text[i-1] == '"' || text[i-1] == '\'') {
		i--
		for i > 0 && text[i-1] == '\\' {
			i--
		}
	}
	if i < minKey || !endsSpelling(text[i-2], text[i-1]) {
		return 0, 0
	}
	start, end = i, i
	for start > 0 && isWordByte(text[start-1]) {
		start--
	}
	if start > 0 && text[start-1] == '\\' {
		start++ // the letter of an escape is no part of the key behind it
	}
	return start, end
}

// minKey is the length of the shortest spelling.
const minKey = 3

// endsSpelling tells whether a key that ends with two letters may be a spelling, which nearly all others are not.
func endsSpelling(before, last byte) bool {
	switch uint16(before)<<8 | uint16(last) {
	case 'I'<<8 | 'd', 'I'<<8 | 'D', 'i'<<8 | 'd', // meetingId, meetingID, uid and meeting_id
		'n'<<8 | 'g', 'n'<<8 | 't', 'o'<<8 | 'm', // meeting, participant, room
		'g'<<8 | 'e', 's'<<8 | 'g': // message, msg
		return true
	}
	return false
}

func (st *Stream) addField(name string, v *value) {
	if v.text == nil {
		return
	}
	st.fields = append(st.fields, event.Field{Name: name, Value: cutValue(st.decoded(v))})
}

// decoded is the text of a value, unescaped into the arena where it must be.
func (st *Stream) decoded(v *value) []byte {
	if bytes.IndexByte(v.text, '\\') < 0 {
		return v.text
	}
	from := len(st.arena)
	st.arena = jsonscan.AppendUnescaped(st.arena, v.text)
	return st.arena[from:len(st.arena):len(st.arena)]
}

// cutValue bounds a value without cutting a rune.
func cutValue(b []byte) []byte {
	if len(b) <= MaxValue {
		return b
	}
	n := MaxValue
	for n > MaxValue-utf8.UTFMax && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n:n]
}

// value is what stands behind a key.
type value struct {
	text   []byte
	quoted bool
	colon  bool
}

// valueAt reads the value of a key that ends at i: behind the key's own closing quote, '=' or ':'. Quotes may be escaped,
// to any depth. What is not quoted ends at white space, a separator or a bracket; an object or array is no value.
func valueAt(b []byte, i int) (value, bool) {
	i = skipQuote(b, i)
	i = skipBlank(b, i)
	if i >= len(b) || b[i] != '=' && b[i] != ':' {
		return value{}, false
	}
	v := value{colon: b[i] == ':'}
	i++
	if !v.colon && i < len(b) && b[i] == '>' {
		i++
	}
	blank := skipBlank(b, i)
	if blank > i && !v.colon && blank < len(b) && isWordByte(b[blank]) && i >= 2 && b[i-2] != ' ' {
		return v, true // "key= next": an empty value
	}
	i = blank
	start := skipQuote(b, i)
	if start == i {
		v.text = bareValue(b[i:])
		opens := i < len(b) && (b[i] == '{' || b[i] == '[' || b[i] == '(')
		return v, len(v.text) > 0 || !v.colon && !opens
	}
	v.quoted = true
	v.text = quotedValue(b[start:], b[start-1], start-i-1)
	return v, true
}

// skipQuote moves behind one quote with the backslashes before it, if that stands at i.
func skipQuote(b []byte, i int) int {
	j := i
	for j < len(b) && b[j] == '\\' {
		j++
	}
	if j < len(b) && (b[j] == '"' || b[j] == '\'') {
		return j + 1
	}
	return i
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

// quotedValue ends at the next quote that has no more backslashes before it than the opening one had: more belong to a
// quote inside the value.
func quotedValue(b []byte, quote byte, depth int) []byte {
	slashes := 0
	for i, c := range b {
		switch {
		case c == '\\':
			slashes++
			continue
		case c == quote && depth == 0 && slashes%2 == 0:
			return b[:i:i]
		case c == quote && depth > 0 && slashes <= depth:
			return b[: i-slashes : i-slashes]
		}
		slashes = 0
	}
	return b
}

func bareValue(b []byte) []byte {
	for i, c := range b {
		if bareEnds[c] != 0 {
			return b[:i:i]
		}
	}
	return b
}

// plausible tells whether a value names somebody: not null or undefined, and behind a colon without quotes ("room: joining
// now") only what looks like an identifier.
func (v *value) plausible() bool {
	if isNothing(v.text) {
		return false
	}
	return v.quoted || !v.colon || bytes.ContainsAny(v.text, "0123456789-_")
}

func isNothing(b []byte) bool {
	switch string(b) {
	case "", "null", "undefined", "None", "nil", "NaN":
		return true
	}
	return false
}

// nameIn returns the first name in the text that the catalogue knows, else the first that another built-in one knows.
func (st *Stream) nameIn(text []byte) []byte {
	var foreign []byte
	end := 0 // of the latest word
	for i := 0; i < len(text); i += 8 {
		for at := capitals(eightAt(text, i)); at != 0; at &= at - 1 {
			start := i + bits.TrailingZeros64(at)/8
			if start < end || start > 0 && isWordByte(text[start-1]) {
				continue
			}
			for end = start + 1; end < len(text) && isWordByte(text[end]); end++ {
			}
			word := text[start:end]
			if len(word) < minName || !st.set.names.mayHold(word) {
				continue
			}
			if st.set.cat.ByName(word) != nil {
				return word
			}
			if foreign == nil && st.knownName(word) {
				foreign = word
			}
		}
	}
	return foreign
}

// nameFilter tells most capitalised words from names without looking them up.
type nameFilter [16]uint64

func newNameFilter(names []string) (f nameFilter) {
	for _, name := range names {
		if name != "" {
			h := nameHash([]byte(name))
			f[h>>6] |= 1 << (h & 63)
		}
	}
	return f
}

func (f *nameFilter) mayHold(word []byte) bool {
	h := nameHash(word)
	return f[h>>6]&(1<<(h&63)) != 0
}

// nameHash mixes the length and the edges of a word, which is not empty, to ten bits.
func nameHash(word []byte) uint32 {
	n := len(word)
	return (uint32(word[0])*0x9E37 + uint32(word[n-1])*0x79B9 + uint32(word[n/2])*0x1656 + uint32(n)*0x85EB) >> 4 & 1023
}

// minName is the length below which a capitalised word is never taken for a name.
const minName = 3

// isName tells whether the built-in patterns can recognise a name: capitals, digits and '_', from a capital on.
func isName(s string) bool {
	if len(s) < minName || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && !isDigit(c) && c != '_' {
			return false
		}
	}
	return true
}

// codeBeside returns the number that belongs to the name in f: the value of a code key, unless that is the code of
// something else, or what stands directly before or behind the name. nil where there is none.
func (st *Stream) codeBeside(f *found) []byte {
	s := st.set
	text := st.view.text
	var at [4]int
	if findCodeKey(text, 0, at[:]) {
		code := text[at[2]:at[3]:at[3]]
		if k := s.cat.ByName(f.name); k != nil && k.Code == string(code) || !st.otherCode(text) {
			return code
		}
		return nil
	}
	i := bytes.Index(f.text, f.name)
	if i < 0 {
		return nil
	}
	if code := numberBehind(f.text[i+len(f.name):]); code != nil {
		return code
	}
	return numberBefore(f.text[:i])
}

// otherCode tells whether the text speaks of another kind of code.
func (st *Stream) otherCode(text []byte) bool {
	s := st.set
	if s.notCodeSearch != nil {
		if _, ok := s.notCodeSearch.Find(text, 0); !ok {
			return false
		}
	}
	return st.test.Match(s.notCode, text)
}

// besideWithin is how many signs may stand between a name and the number beside it.
const besideWithin = 6

// numberBehind reads "NAME (4010)", "NAME: 4010" and the like.
func numberBehind(b []byte) []byte {
	i := 0
	for i < len(b) && i < besideWithin && !isWordByte(b[i]) && b[i] < utf8.RuneSelf {
		i++
	}
	if i+4 > len(b) || !isCode(b[i:i+4]) || i+4 < len(b) && isWordByte(b[i+4]) {
		return nil
	}
	return b[i : i+4 : i+4]
}

// numberBefore reads "4010 NAME", "[4010] NAME". A number that is itself the value of a key belongs to that key.
func numberBefore(b []byte) []byte {
	i := len(b)
	for i > 0 && len(b)-i < besideWithin && !isWordByte(b[i-1]) && b[i-1] < utf8.RuneSelf {
		i--
	}
	if i < 4 || !isCode(b[i-4:i]) {
		return nil
	}
	if j := i - 5; j >= 0 && (isWordByte(b[j]) || b[j] == '=' || b[j] == '-' || b[j] == ':' || b[j] == '.' || b[j] == '/') {
		return nil
	}
	return b[i-4 : i : i]
}

// isCode takes the numbers that VideoSDK uses: a device (3), the server (4), something that was running (5).
func isCode(b []byte) bool { return b[0] >= '3' && b[0] <= '5' && isDigits(b) }
