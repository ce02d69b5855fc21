package sim

import "time"

// stamper writes milliseconds since 1970 as 2026-11-20T10:15:23.123Z. Consecutive lines mostly share their second, so
// it keeps that part as text.
type stamper struct {
	sec  int64
	text []byte
}

func (s *stamper) append(dst []byte, ms int64) []byte {
	if sec := ms / 1000; sec != s.sec || s.text == nil {
		s.sec = sec
		s.text = time.Unix(sec, 0).UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05.")
	}
	ms %= 1000
	dst = append(dst, s.text...)
	return append(dst, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}
