package app

// pairing is one line of an alignment: an expected and a found one, -1 where one of them has no partner.
type pairing struct{ want, got int }

// maxAlign bounds the table of an alignment: beyond it the lists are held against each other number by number.
const maxAlign = 1 << 20

// align pairs what is expected with what was found, in order, so that as many as possible fit. Between those that fit,
// the others are paired as they come.
func align(want, got int, fits func(i, j int) bool) []pairing {
	var out []pairing
	i, j := 0, 0
	for _, p := range longestFit(want, got, fits) {
		out = between(out, i, p.want, j, p.got)
		out = append(out, p)
		i, j = p.want+1, p.got+1
	}
	return between(out, i, want, j, got)
}

// between pairs two runs that have nothing in common.
func between(out []pairing, i, toI, j, toJ int) []pairing {
	for ; i < toI || j < toJ; i, j = i+1, j+1 {
		p := pairing{i, j}
		if i >= toI {
			p.want = -1
		}
		if j >= toJ {
			p.got = -1
		}
		out = append(out, p)
	}
	return out
}

// longestFit is the longest common subsequence: length[i][j] is that of what follows i and j.
func longestFit(want, got int, fits func(i, j int) bool) []pairing {
	var out []pairing
	if want*got > maxAlign {
		for i := range min(want, got) {
			if fits(i, i) {
				out = append(out, pairing{i, i})
			}
		}
		return out
	}
	length := make([][]int, want+1)
	for i := range length {
		length[i] = make([]int, got+1)
	}
	for i := want - 1; i >= 0; i-- {
		for j := got - 1; j >= 0; j-- {
			length[i][j] = max(length[i+1][j], length[i][j+1])
			if fits(i, j) {
				length[i][j] = max(length[i][j], length[i+1][j+1]+1)
			}
		}
	}
	for i, j := 0, 0; i < want && j < got; {
		switch {
		case length[i][j] == length[i+1][j]:
			i++
		case length[i][j] == length[i][j+1]:
			j++
		default:
			out = append(out, pairing{i, j})
			i, j = i+1, j+1
		}
	}
	return out
}
