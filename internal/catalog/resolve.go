package catalog

import "sync"

// Resolution is what a code and a name of one log line amount to. Its strings may be kept.
type Resolution struct {
	Code     string // the code to count under; that of the name where the name overruled the line's own
	Name     string // canonical; "" for an unknown code
	Category string // Unknown where no built-in catalogue knows better
	Known    bool   // this catalogue, or for a foreign name another built-in one, knows it
	Conflict bool   // the line's code and name belong to different codes, or the name to another catalogue
	Hint     string // on a conflict: the built-in catalogue in which the line would make sense; "" where there is none
}

// Resolve decides what a line means that holds this code, this name, or both; either may be empty. In this order:
//
//   - The catalogue knows the name: it wins, whatever the code. The Flutter SDK has sent MAX_SPEAKER_REACHED with the
//     number of MAX_PARTCIPANT_REACHED, and counting by number would mix two limits. Another code is a conflict.
//   - Only another built-in catalogue knows the name: it counts with that catalogue's code and category, as a conflict
//     with a hint to choose that catalogue.
//   - The catalogue knows the code: it decides; a name that nobody knows is no contradiction.
//   - Else the code stays as it is written, without a name, in the category Unknown.
//
// It allocates nothing, except for an unknown code that is not of four digits.
func (c *Catalog) Resolve(code, name []byte) Resolution {
	if len(name) > 0 {
		if k := c.ByName(name); k != nil {
			return c.resolveName(k, code, name)
		}
		if k, from := ForeignName(c, name); k != nil {
			return Resolution{Code: k.Code, Name: k.Name, Category: k.Category, Known: true, Conflict: true, Hint: from.name}
		}
	}
	if k := c.ByCode(code); k != nil {
		return Resolution{Code: k.Code, Name: k.Name, Category: k.Category, Known: true}
	}
	return Resolution{Code: codeText(code), Category: Unknown}
}

// resolveName resolves a line whose name is one of k's.
func (c *Catalog) resolveName(k *Code, code, name []byte) Resolution {
	r := Resolution{Code: k.Code, Name: k.Name, Category: k.Category, Known: true}
	if len(code) == 0 || string(code) == k.Code {
		return r
	}
	r.Conflict = true
	for _, f := range c.foreign {
		if other := f.ByName(name); other != nil && other.Code == string(code) {
			r.Hint = f.name
			break
		}
	}
	return r
}

// ForeignName returns the code that has this name or alias in another built-in catalogue, and that catalogue; nil, nil
// where c knows the name itself or nobody does. It allocates nothing.
func ForeignName(c *Catalog, name []byte) (*Code, *Catalog) {
	if c.ByName(name) != nil {
		return nil, nil
	}
	for _, f := range c.foreign {
		if k := f.ByName(name); k != nil {
			return k, f
		}
	}
	return nil, nil
}

// fourDigits is every number of four digits, one after the other. Unknown codes come from hostile logs, up to one per
// line; cutting them out of 40 kB made once is what keeps them off the heap.
var fourDigits = sync.OnceValue(func() string {
	b := make([]byte, 0, 4*10000)
	for i := range 10000 {
		b = append(b, byte('0'+i/1000), byte('0'+i/100%10), byte('0'+i/10%10), byte('0'+i%10))
	}
	return string(b)
})

// codeText is string(code), without an allocation where it is four digits.
func codeText(code []byte) string {
	if len(code) != 4 {
		return string(code)
	}
	n := 0
	for _, b := range code {
		if b < '0' || b > '9' {
			return string(code)
		}
		n = n*10 + int(b-'0')
	}
	return fourDigits()[4*n : 4*n+4]
}
