package rules

import "time"

// maxBuckets is how finely a window is divided.
const maxBuckets = 60

// span is the shape of a window: n buckets of width nanoseconds each. Bucket b holds the times [b*width, (b+1)*width),
// so all groups of a rule share the same borders, which are multiples of the width since 1970.
//
// At a time in bucket k the window is the buckets k-n+1 … k. Nothing at or before now − window is ever in it, and
// everything after now − window + width is.
type span struct{ width, n int64 }

// spanOf divides a window into as many buckets as a second each allows, at most maxBuckets.
func spanOf(window time.Duration) span {
	n := min(maxBuckets, max(1, int64(window/time.Second)))
	return span{width: max(1, int64(window)/n), n: n}
}

func (s span) bucket(t int64) int64 { return t / s.width }

// leaves is when a bucket leaves the window: the first instant at which it does not count.
func (s span) leaves(bucket int64) int64 { return (bucket + s.n) * s.width }

// late says that at's bucket is no longer in the window at now.
func (s span) late(at, now int64) bool {
	if now-at < (s.n-1)*s.width {
		return false // without a division
	}
	return s.bucket(now)-s.bucket(at) >= s.n
}

// leavesBefore says that the bucket of a time leaves the window before t.
func (s span) leavesBefore(at, t int64) bool {
	if at+(s.n-1)*s.width >= t {
		return false
	}
	return s.leaves(s.bucket(at)) < t
}

// ring counts the events of one group by bucket. It keeps counts, never events.
type ring struct {
	span
	head   int64   // the bucket that holds the present
	slot   int64   // head modulo n
	until  int64   // where head ends; 0: not known, nor slot
	total  int64   // the sum of counts
	counts []int64 // bucket b is at b modulo n
}

func newRing(s span) *ring { return &ring{span: s, counts: make([]int64, s.n)} }

// moveTo forgets the buckets that are no longer in the window at t. Time that goes back changes nothing.
func (r *ring) moveTo(t int64) {
	if t < r.until {
		return
	}
	b := r.bucket(t)
	switch {
	case b <= r.head:
		r.settle()
		return
	case b-r.head >= r.n || r.total == 0:
		clear(r.counts)
		r.total = 0
	default:
		for i := r.head + 1; i <= b; i++ {
			r.total -= r.counts[i%r.n]
			r.counts[i%r.n] = 0
		}
	}
	r.head = b
	r.settle()
}

// settle works out what is known of head.
func (r *ring) settle() { r.slot, r.until = r.head%r.n, (r.head+1)*r.width }

// bucketOf is bucket, quick for the present one.
func (r *ring) bucketOf(t int64) int64 {
	if t < r.until && t >= r.until-r.width {
		return r.head
	}
	return r.bucket(t)
}

// add counts n events at a time whose bucket is in the window.
func (r *ring) add(at, n int64) {
	r.total += n
	if at < r.until && at >= r.until-r.width {
		r.counts[r.slot] += n
		return
	}
	r.counts[r.bucket(at)%r.n] += n
}

// oldest and newest return the outermost buckets that hold anything; ok is false for an empty ring.
func (r *ring) oldest() (bucket int64, ok bool) {
	if r.total == 0 {
		return 0, false
	}
	for b := max(0, r.head-r.n+1); b <= r.head; b++ {
		if r.counts[b%r.n] != 0 {
			return b, true
		}
	}
	return 0, false
}

func (r *ring) newest() (bucket int64, ok bool) {
	if r.total == 0 {
		return 0, false
	}
	for b := r.head; b >= max(0, r.head-r.n+1); b-- {
		if r.counts[b%r.n] != 0 {
			return b, true
		}
	}
	return 0, false
}

// changes is when the total changes next if nothing is added, never if it does not.
func (r *ring) changes() int64 {
	if b, ok := r.oldest(); ok {
		return r.leaves(b)
	}
	return never
}

// empty is when nothing will be left if nothing is added, 0 if nothing is.
func (r *ring) empty() int64 {
	if b, ok := r.newest(); ok {
		return r.leaves(b)
	}
	return 0
}
