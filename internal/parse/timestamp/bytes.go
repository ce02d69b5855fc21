package timestamp

// two reads the two digits at i, negative where they are none. The caller has checked the length.
func two(b []byte, i int) int {
	tens, units := b[i]-'0', b[i+1]-'0'
	if tens > 9 || units > 9 {
		return -1
	}
	return int(tens)*10 + int(units)
}

// ends tells whether a stamp may end before i: no letter, digit or underscore goes on there.
func ends(b []byte, i int) bool {
	return i >= len(b) || !isWord(b[i])
}

func isWord(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
}

// monthOf returns the month 1 to 12 whose English abbreviation b begins with, -1 where it does not.
func monthOf(b []byte) int {
	if len(b) < 3 {
		return -1
	}
	switch string(b[:3]) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return -1
}

func isWeekday(b []byte) bool {
	switch string(b[:3]) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}
