package rules

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/errwatch/errwatch/internal/alert"
)

// Different values are counted exactly, by remembering them. What is remembered is small, of one size and without
// pointers, so that a million of them cost a few dozen megabytes and the garbage collector nothing.

// valueKey stands for one value: the value itself where it has at most 15 bytes, else 120 bits of its SHA-256, of which
// nobody can make two that are equal. Its first byte tells the two apart.
type valueKey [16]byte

const hashedKey = 0xFF

// keyOf returns the key of a value, which is cut as labels are: values that begin alike are one.
func keyOf(v []byte) valueKey {
	var k valueKey
	if len(v) < len(k) {
		k[0] = byte(len(v))
		copy(k[1:], v)
		return k
	}
	sum := sha256.Sum256(clip(v, maxValueBytes))
	k[0] = hashedKey
	copy(k[1:], sum[:])
	return k
}

// hashCache holds the keys of values that came not long ago: an id that is longer than a key is hashed once and not for
// each rule and each try. A value's place is given by its ends.
type hashCache [512]struct {
	n     uint8
	value [64]byte
	key   valueKey
}

// keyOf is keyOf of a value that may come again.
func (h *hashCache) keyOf(v []byte) valueKey {
	if len(v) < len(valueKey{}) || len(v) > len(h[0].value) {
		return keyOf(v)
	}
	x := binary.LittleEndian.Uint64(v) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(v[len(v)-8:]), 29)
	c := &h[x*0x9E3779B97F4A7C15>>55]
	if int(c.n) != len(v) || string(c.value[:c.n]) != string(v) {
		c.key = keyOf(v)
		c.n = uint8(copy(c.value[:], v))
	}
	return c.key
}

// hashedKey returns the key of a value, with its hash.
func (s *shared) hashedKey(v []byte) hashed {
	if len(v) >= len(valueKey{}) {
		return s.secret.hashed(s.hashes.keyOf(v))
	}
	w := wordsOf(v)
	return hashed{w, s.secret.of(w)}
}

// appendTo writes a key, read by [cursor.key].
func (k *valueKey) appendTo(b []byte) []byte {
	if n := int(k[0]); n < len(k) {
		return append(b, k[:1+n]...)
	}
	return append(b, k[:]...)
}

func (c *cursor) key() (k valueKey) {
	k[0] = c.byte()
	n := len(k) - 1
	if k[0] != hashedKey {
		n = int(k[0])
	}
	if n >= len(k) {
		c.bad = true
		return k
	}
	copy(k[1:], c.take(n))
	return k
}

// budget bounds what several sets hold together.
type budget struct{ used, most int }

// windowSet holds the different values of a window, each in the newest bucket in which it was seen: its ring counts, for
// each bucket, the values that were seen last in it. Values that have left the window stay in the map until they are as
// many as those in it; then they are swept out together.
type windowSet struct {
	ring
	shared  *shared
	seen    keyTable // the newest bucket of each
	refused int64    // one more than the newest bucket in which a value found no room; 0: none did
}

// sweepSlack is how many values may have left the window before it is worth a sweep.
const sweepSlack = 64

func newWindowSet(s span, sh *shared) windowSet { return windowSet{ring: *newRing(s), shared: sh} }

func (s *windowSet) moveTo(t int64) {
	s.ring.moveTo(t)
	if s.total == 0 && s.seen.n > 0 {
		s.shared.distinct.used -= s.seen.n
		s.seen.clear()
	}
}

// inWindow says that a bucket of the past is still in the window.
func (s *windowSet) inWindow(bucket int64) bool { return s.head-bucket < s.n }

// has says that a value is in the window.
func (s *windowSet) has(k *hashed) bool {
	at := s.seen.find(k)
	return at != nil && s.inWindow(*at-1)
}

// put notes that a value was seen at a time in the window. It says false where a value that is not in the window finds
// no room.
func (s *windowSet) put(k *hashed, at int64) bool {
	b := s.bucketOf(at)
	known := s.seen.find(k)
	switch {
	case known != nil && s.inWindow(*known-1):
		if old := *known - 1; b > old {
			s.counts[old%s.n]--
			s.counts[b%s.n]++
			*known = b + 1
		}
		return true
	case !s.room(known != nil):
		s.refused = max(s.refused, b+1)
		return false
	}
	if known = s.seen.find(k); known != nil { // a sweep has not taken it
		*known = b + 1
	} else {
		s.shared.distinct.used++
		s.seen.insert(k, b, &s.shared.secret)
	}
	s.ring.add(at, 1)
	return true
}

// room makes sure that one more value has room, known: one that is in the table already.
func (s *windowSet) room(known bool) bool {
	if s.total >= int64(s.shared.maxDistinct) {
		return false
	}
	all := &s.shared.distinct
	if gone := s.seen.n - int(s.total); gone > sweepSlack && (gone > int(s.total) || all.used >= all.most) {
		s.sweep()
	}
	return known || all.used < all.most
}

func (s *windowSet) sweep() {
	before := s.seen.n
	s.seen.keep(s.head-s.n+1, &s.shared.secret)
	s.shared.distinct.used -= before - s.seen.n
}

// saturated says that values of the window found no room, so that there are more than it says.
func (s *windowSet) saturated() bool { return s.refused > 0 && s.inWindow(s.refused-1) }

// empty counts the mark of saturation, too: it must be told as long as it is true.
func (s *windowSet) empty() int64 {
	if s.saturated() {
		return max(s.ring.empty(), s.leaves(s.refused-1))
	}
	return s.ring.empty()
}

func (s *windowSet) held() int { return s.seen.n }

func (s *windowSet) appendTo(b []byte) []byte {
	b = appendInt(b, s.head)
	b = appendInt(b, s.refused)
	b = appendInt(b, int64(s.seen.n))
	for k, bucket := range s.seen.all() {
		b = appendInt(k.appendTo(b), s.head-bucket)
	}
	return b
}

// readFrom leaves the budget alone: the row may turn out to be bad.
func (s *windowSet) readFrom(c *cursor) {
	s.head = c.int(maxTime / s.width)
	s.refused = c.int(s.head + 1)
	n := c.int(int64(len(c.b) / 2))
	for range n {
		k, age := s.shared.secret.hashed(c.key()), c.int(s.head)
		if c.bad || s.seen.find(&k) != nil {
			c.bad = true
			return
		}
		bucket := s.head - age
		s.seen.insert(&k, bucket, &s.shared.secret)
		if age < s.n {
			s.counts[bucket%s.n]++
			s.total++
		}
	}
}

// partSet holds the different values that a group's evidence saw in its two parts, each with the number of the newest
// part in which it was seen.
type partSet struct {
	seen keyTable
	more int64 // the number of the newest part in which one found no room; 0: none did
}

// add notes a value in a part and says whether the set has grown.
func (s *partSet) add(k *hashed, part int64, room bool, sec *secret) (grown bool) {
	if known := s.seen.find(k); known != nil {
		*known = part + 1
		return false
	}
	if !room || s.seen.n >= maxPeople {
		s.more = part
		return false
	}
	s.seen.insert(k, part, sec)
	return true
}

// keepFrom forgets what was last seen in parts before this one.
func (s *partSet) keepFrom(part int64, sec *secret) {
	s.seen.keep(part, sec)
	if s.more < part {
		s.more = 0
	}
}

// show returns how many there are; zero where none was seen.
func (s *partSet) show() alert.Distinct {
	return alert.Distinct{N: int64(s.seen.n), AtLeast: s.more > 0}
}

// appendTo writes the set; present is the number of the present part, and no part is older than the one before it.
func (s *partSet) appendTo(b []byte, present int64) []byte {
	b = appendInt(b, s.more)
	b = appendInt(b, int64(s.seen.n))
	for k, p := range s.seen.all() {
		b = append(k.appendTo(b), byte(present-p))
	}
	return b
}

func (s *partSet) readFrom(c *cursor, present int64, sec *secret) {
	s.more = c.int(present)
	for range c.int(min(maxPeople, int64(len(c.b)/2))) {
		k, age := sec.hashed(c.key()), int64(c.byte())
		if c.bad || age > 1 || age >= present || s.seen.find(&k) != nil {
			c.bad = true
			return
		}
		s.seen.insert(&k, present-age, sec)
	}
}
