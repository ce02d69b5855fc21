package parse

import (
	"fmt"
	"regexp/syntax"
	"strings"
)

// locate finds where in a regex a syntax error is, and says it for people. The library names the offending fragment,
// which may stand elsewhere in the regex too, without being wrong there.
func locate(expr string, err *syntax.Error) (at int, message, hint string) {
	message = string(err.Code)
	if err.Expr != "" && err.Expr != expr {
		message = fmt.Sprintf("%s: %s", err.Code, err.Expr)
	}
	switch err.Code {
	case syntax.ErrMissingParen:
		return openParen(expr), "missing closing )", "close it, or write \\( for a parenthesis in the line"
	case syntax.ErrUnexpectedParen:
		return strayParen(expr), "unexpected )", "write \\) for a parenthesis in the line"
	case syntax.ErrMissingBracket:
		hint = "close it, or write \\[ for a bracket in the line"
	case syntax.ErrMissingRepeatArgument:
		hint = "there is nothing to repeat before it; write \\" + firstByte(err.Expr) + " for the sign itself"
	case syntax.ErrInvalidNamedCapture:
		hint = "a group is named like this: (?P<code>\\d{4})"
	case syntax.ErrInvalidPerlOp:
		if strings.HasPrefix(err.Expr, "(?=") || strings.HasPrefix(err.Expr, "(?!") || strings.HasPrefix(err.Expr, "(?<") {
			hint = "there is no look-ahead or look-behind; unless takes matches back"
		}
	case syntax.ErrInvalidEscape:
		hint = "this escape does not exist; a backslash is written \\\\"
	case syntax.ErrInvalidRepeatSize:
		hint = "counts go up to 1000"
	case syntax.ErrInvalidUTF8:
		return badUTF8(expr), string(err.Code), ""
	case syntax.ErrTrailingBackslash:
		return len(expr) - 1, "it ends with a single backslash", "a backslash is written \\\\"
	}
	return fragment(expr, err), message, hint
}

func firstByte(s string) string { return s[:min(1, len(s))] }

// fragment is where the fragment named by the error starts. A beginning of the regex that ends with the fragment fails
// with the same error, one that ends with an innocent copy of it does not.
func fragment(expr string, err *syntax.Error) int {
	if err.Expr == "" {
		return -1
	}
	for from := 0; ; {
		i := strings.Index(expr[from:], err.Expr)
		if i < 0 {
			break
		}
		end := from + i + len(err.Expr)
		if _, e := syntax.Parse(expr[:end], syntax.Perl); e != nil {
			if se, ok := e.(*syntax.Error); ok && se.Code == err.Code && se.Expr == err.Expr {
				return from + i
			}
		}
		from += i + 1
	}
	return strings.Index(expr, err.Expr)
}

// openParen is the last parenthesis that is never closed.
func openParen(expr string) int {
	open, _ := parens(expr)
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}

// strayParen is the first closing parenthesis that closes nothing.
func strayParen(expr string) int {
	_, stray := parens(expr)
	return stray
}

// parens walks over the parentheses that group: not escaped, not in a class, not quoted by \Q…\E.
func parens(expr string) (open []int, stray int) {
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '\\':
			if strings.HasPrefix(expr[i:], `\Q`) {
				end := strings.Index(expr[i:], `\E`)
				if end < 0 {
					return open, -1
				}
				i += end
			}
			i++
		case '[':
			i = classEnd(expr, i)
		case '(':
			open = append(open, i)
		case ')':
			if len(open) == 0 {
				return nil, i
			}
			open = open[:len(open)-1]
		}
	}
	return open, -1
}

// classEnd is the position of the bracket that closes the class opened at i; the first sign in a class closes nothing.
func classEnd(expr string, i int) int {
	i++
	if i < len(expr) && expr[i] == '^' {
		i++
	}
	for first := true; i < len(expr); i++ {
		switch {
		case expr[i] == '\\':
			i++
		case strings.HasPrefix(expr[i:], "[:"):
			if end := strings.Index(expr[i:], ":]"); end > 0 {
				i += end + 1
			}
		case expr[i] == ']' && !first:
			return i
		}
		first = false
	}
	return len(expr)
}

// badUTF8 is the first byte that belongs to no rune.
func badUTF8(expr string) int {
	for i, r := range expr {
		if r == '\uFFFD' && !strings.HasPrefix(expr[i:], "\uFFFD") {
			return i
		}
	}
	return -1
}
