package sim

import "time"

// decoy is a line that holds a number like a code, or the word, and is no event.
type decoy struct {
	name string
	json bool
	// strange: the line would be an event if its number were a code, so it is given one that no catalogue has.
	strange bool
	trace   bool // follows the line of an event and repeats its number
	format  string
}

// In the formats, TIME is a time to the millisecond, SECOND one to the second, CODE the number, OTHER a second number,
// MEETING the id of a meeting.
func decoys() []decoy {
	return []decoy{
		{name: "port", format: "TIME INFO listening port=CODE"},
		{name: "duration", format: "TIME INFO [room] transport connected durationMs=CODE meetingId=MEETING"},
		{name: "payload", format: "TIME DEBUG took OTHERms to publish, codec=opus payload=CODE"},
		{name: "ws-close", format: "TIME WARN ws closed code=CODE reason=idle"},
		{name: "ws-close-json", json: true, format: `{"level":"error","event":"ws_close","code":CODE,"reason":"normal"}`},
		{name: "status-json", json: true, format: `{"ts":"TIME","level":"info","msg":"request","statusCode":CODE,"path":"/v2/rooms/OTHER"}`},
		{name: "other-code", strange: true, format: `level=error ts=SECOND msg="request failed" code=CODE upstream=api`},
		{name: "note", format: `level=info ts=SECOND msg="limits" code=CODE note="documented in the catalogue"`},
		{name: "trace", trace: true, format: "    at onError (room.js:CODE:13)"},
		{name: "exit", format: "TIME ERROR [recorder] worker ended with exit code: CODE meetingId=MEETING"},
		{name: "http-status", format: "TIME ERROR [api] upstream failed: HTTP status code: CODE path=/v2/rooms"},
		{name: "id-json", json: true, format: `{"ts":"TIME","level":"warn","msg":"slow consumer","codec":"VP8","queue":CODE,"meetingId":"MEETING"}`},
	}
}

// append writes the line without its end.
func (d *decoy) append(dst []byte, at time.Time, code, other, meeting string) []byte {
	for i := 0; i < len(d.format); {
		switch rest := d.format[i:]; {
		case has(rest, "TIME"):
			dst = at.AppendFormat(dst, isoMillis)
			i += len("TIME")
		case has(rest, "SECOND"):
			dst = at.AppendFormat(dst, "2006-01-02T15:04:05Z")
			i += len("SECOND")
		case has(rest, "CODE"):
			dst = append(dst, code...)
			i += len("CODE")
		case has(rest, "OTHER"):
			dst = append(dst, other...)
			i += len("OTHER")
		case has(rest, "MEETING"):
			dst = append(dst, meeting...)
			i += len("MEETING")
		default:
			dst = append(dst, d.format[i])
			i++
		}
	}
	return dst
}

func has(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// strangeCodes are numbers that stand behind code= in other software and that no catalogue holds.
func strangeCodes() []string {
	return []string{"500", "404", "429", "502", "503", "1006", "4499", "6000", "9001", "40010"}
}
