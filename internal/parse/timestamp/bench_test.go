package timestamp

import (
	"testing"
	"time"
)

var benchStamps = []struct{ name, in string }{
	{"RFC3339", "2026-11-20T10:15:23.123Z"},
	{"Offset", "2026-11-20T10:15:23.123+02:00"},
	{"Comma", "2026-11-20 10:15:23,123 ERROR x"},
	{"Epoch", "1795169723123"},
	{"Syslog", "Nov 20 10:15:23 host app"},
	{"Klog", "E1120 10:15:23.123456 12 x"},
	{"Apache", "[20/Nov/2026:10:15:23 +0000] x"},
	{"GoLog", "2026/11/20 10:15:23 x"},
	{"None", "at onError (room.js:4009:13)"},
}

func BenchmarkParse(b *testing.B) {
	for _, s := range benchStamps {
		in := []byte(s.in)
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(in, time.UTC, ref)
			}
		})
	}
}

func BenchmarkParseNamedZone(b *testing.B) {
	kyiv := mustLoad(b, "Europe/Kyiv")
	in := []byte("2026-11-20 10:15:23,123 ERROR x")
	b.ReportAllocs()
	for b.Loop() {
		Parse(in, kyiv, ref)
	}
}

// BenchmarkStdlib is the same stamp through time.Parse, for comparison in one run.
func BenchmarkStdlib(b *testing.B) {
	in := []byte("2026-11-20T10:15:23.123Z")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = time.Parse(time.RFC3339, string(in))
	}
}

func BenchmarkFind(b *testing.B) {
	for _, s := range []struct{ name, in string }{
		{"Start", "2026-11-20T10:15:23.123Z ERROR [room] onError code=3014 name=ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED"},
		{"Flutter", "I/flutter ( 4711): 2026-11-20T10:15:23.123Z VIDEOSDK ERROR :: 4009 :: MAX_SPEAKER_REACHED"},
		{"None", "VIDEOSDK ERROR :: 3014  :: ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED :: Video capture permission denied."},
	} {
		in := []byte(s.in)
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Find(in, time.UTC, ref)
			}
		})
	}
}
