package sim

// rng is SplitMix64 (Steele, Lea, Flood 2014): a few instructions per number, which is what lets bulk text outrun its
// readers, and the same numbers with every Go release.
type rng struct{ state uint64 }

func newRNG(seed uint64) *rng { return &rng{seed} }

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n returns a number of 0..k-1. The bias of the multiplication does not matter for k far below 2^32.
func (r *rng) n(k int) int { return int(uint64(uint32(r.next()>>32)) * uint64(k) >> 32) }

// between returns a number of lo..hi.
func (r *rng) between(lo, hi int) int { return lo + r.n(hi-lo+1) }

// oneIn is true once in k times.
func (r *rng) oneIn(k int) bool { return r.n(k) == 0 }

// unit returns a number of [0, 1).
func (r *rng) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

func pick[T any](r *rng, from []T) T { return from[r.n(len(from))] }

const base36 = "0123456789abcdefghijklmnopqrstuvwxyz"

// fill writes random letters and digits.
func (r *rng) fill(dst []byte) {
	for i := range dst {
		dst[i] = base36[r.n(36)]
	}
}
