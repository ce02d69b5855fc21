package cli

import (
	"fmt"
	"strings"
)

// longestWord bounds what a suggestion is looked for: the distance costs the product of the lengths.
const longestWord = 64

// didYouMean is a hint that names the known word which was probably meant; other where none is near.
func didYouMean(word string, known []string, other string) string {
	if n := nearest(word, known); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return other
}

// nearest returns the known word that word was probably meant to be, the first of equally near ones: at most one edit in
// three letters, at most three in all. "" where none is near.
func nearest(word string, known []string) string {
	word = strings.ToLower(word)
	if len(word) > longestWord {
		return ""
	}
	best, least := "", min(3, len(word)/3)+1
	for _, k := range known {
		if d := distance(word, strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many bytes must be inserted, dropped, replaced, or swapped with their neighbour to make b of a
// (optimal string alignment). Row i of the table holds the distances between a[:i] and each beginning of b.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		above, row := rows[(i-1)%3], rows[i%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], rows[(i+1)%3][j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}
