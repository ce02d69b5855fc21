package config

import (
	"strconv"
	"strings"
)

// meant is the hint for a word that is not known: the nearest known one, else all of them after lead.
func meant(word string, known []string, lead string) string {
	if n := nearest(word, known); n != "" {
		return "did you mean " + strconv.Quote(n) + "?"
	}
	if len(known) == 0 {
		return ""
	}
	if len(known) == 1 {
		return "only " + known[0] + " is known"
	}
	return lead + " " + strings.Join(known, ", ")
}

// nearest returns the known word that word was probably meant to be, "" where none is near: at most one edit in three
// letters, at most three in all, the first of equally near ones.
func nearest(word string, known []string) string {
	w := strings.ToLower(word)
	if len(w) > 64 {
		return "" // no key is that long, and the distance costs the product of the lengths
	}
	best, least := "", min(3, len(w)/3)+1
	for _, k := range known {
		if d := distance(w, strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour to make b of a.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
