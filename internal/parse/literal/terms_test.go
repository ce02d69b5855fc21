package literal

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveTerms is the definition of what a Matcher of terms finds.
func naiveTerms(terms []Term, block []byte) (hits []Hit) {
	lits := make([]Literal, len(terms))
	for i, t := range terms {
		lits[i] = t.Literal
	}
	for _, h := range naive(lits, block) {
		t := &terms[h.Lit]
		end := h.Pos + len(t.Text)
		if (t.Prev == Bytes{} || h.Pos == 0 || t.Prev.has(block[h.Pos-1])) && (t.Next == Bytes{} || end == len(block) || t.Next.has(block[end])) {
			hits = append(hits, h)
		}
	}
	return hits
}

func randomTerms(rnd *rand.Rand, alphabet string) []Term {
	var terms []Term
	set := func() Bytes {
		switch rnd.IntN(3) {
		case 0:
			return Bytes{}
		case 1:
			return BytesOf(alphabet[rnd.IntN(len(alphabet)):])
		}
		return Bytes{}.Above(byte(rnd.IntN(256)))
	}
	for range 1 + rnd.IntN(12) {
		text := randomText(rnd, alphabet, 1+rnd.IntN(12))
		terms = append(terms, Term{Literal{text, rnd.IntN(3) == 0}, set(), set()})
	}
	return terms
}

func TestTerms(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		alphabet := "abAB =\n"[:3+rnd.IntN(5)]
		terms := randomTerms(rnd, alphabet)
		block := []byte(randomText(rnd, alphabet, rnd.IntN(3000)))
		want, m := naiveTerms(terms, block), NewTerms(terms)
		if got := m.FindAll(block, nil); !slices.Equal(got, want) {
			t.Fatalf("terms %+v in %q:\n got %v\nwant %v", terms, block, got, want)
		}
		if got, ok := m.Find(block, 0); ok != (len(want) > 0) || ok && got != want[0] {
			t.Fatalf("terms %+v in %q: Find = %v %v", terms, block, got, ok)
		}
	}
}

// TestTermsAtEveryByte moves words over each border of a strip, of a turn and of a group, and cuts the block behind each
// of their bytes: nothing is found that is not there, and nothing is missed.
func TestTermsAtEveryByte(t *testing.T) {
	t.Parallel()
	space := BytesOf(" =")
	terms := []Term{
		{Literal{"error", true}, Bytes{}, space},
		{Literal{"code=", true}, space, BytesOf("34")},
		{Literal{"onError", false}, Bytes{}, Bytes{}},
		{Literal{`\u00`, false}, Bytes{}.Above(0), Bytes{}},
	}
	m := NewTerms(terms)
	text := []byte(` onError code=3 ERROR xcode=3 error \u00`)
	block := make([]byte, 2*strip)
	for at := strip - 200; at < strip+200; at++ {
		for i := range block {
			block[i] = '.'
		}
		end := at + copy(block[at:], text)
		if got, want := m.FindAll(block, nil), naiveTerms(terms, block); !slices.Equal(got, want) || len(got) != 6 {
			t.Fatalf("at %d: got %v, want %v", at, got, want)
		}
		cut := block[: end-at%len(text) : end-at%len(text)]
		if got, want := m.FindAll(cut, nil), naiveTerms(terms, cut); !slices.Equal(got, want) {
			t.Fatalf("at %d, cut: got %v, want %v", at, got, want)
		}
		head := block[at+at%len(text):]
		if got, want := m.FindAll(head, nil), naiveTerms(terms, head); !slices.Equal(got, want) {
			t.Fatalf("at %d, without its head: got %v, want %v", at, got, want)
		}
	}
}

func FuzzTerms(f *testing.F) {
	f.Add([]byte("ERROR onError code=3014 error=\x00"), uint64(1), uint16(90))
	f.Add([]byte("aabbab ab=a"), uint64(7), uint16(400))
	f.Fuzz(func(t *testing.T, block []byte, seed uint64, repeat uint16) {
		if len(block) == 0 || len(block)*int(repeat) > 4*strip {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 1))
		terms := randomTerms(rnd, string(block))
		for range repeat % 512 {
			block = append(block, block[rnd.IntN(len(block))])
		}
		m, want := NewTerms(terms), naiveTerms(terms, block)
		if got := m.FindAll(block, nil); !slices.Equal(got, want) {
			t.Fatalf("terms %+v in %q:\n got %v\nwant %v", terms, block, got, want)
		}
		for range 8 {
			from := rnd.IntN(len(block) + 1)
			at := slices.IndexFunc(want, func(h Hit) bool { return h.Pos >= from })
			if got, ok := m.Find(block, from); ok != (at >= 0) || ok && got != want[at] {
				t.Fatalf("terms %+v in %q: Find from %d = %v %v of %v", terms, block, from, got, ok, want)
			}
		}
	})
}
