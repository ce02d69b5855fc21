package sim

import (
	"strconv"
	"strings"
	"time"
)

// parts is what one line of an event is made of. An empty part is left out, as far as the shape can do without it.
type parts struct {
	at                   time.Time
	code, name, message  string
	meeting, participant string
	meetingKey           string // how this application spells the two
	participantKey       string
}

// shape is one way in which applications write an error event.
type shape struct {
	name string
	// strict: the shape says by itself that this is an event, so that a code nobody knows is one too. The others count
	// only with a code of the catalogue.
	strict   bool
	json     bool          // the line is a JSON object
	codeOnly bool          // can stand without a name
	nameOnly bool          // can stand without a code
	fields   bool          // holds meeting and participant
	time     time.Duration // the precision of the time in it; 0: it has none
	write    func(dst []byte, p *parts) []byte
}

func shapes() []shape {
	const ms, s = time.Millisecond, time.Second
	return []shape{
		{name: "onError", strict: true, codeOnly: true, nameOnly: true, fields: true, time: ms, write: writeOnError},
		{name: "onError-comma", strict: true, codeOnly: true, nameOnly: true, time: ms, write: writeComma},
		{name: "refused", codeOnly: true, nameOnly: true, fields: true, time: ms, write: writeRefused},
		{name: "json", json: true, codeOnly: true, nameOnly: true, fields: true, time: ms, write: writeFlat},
		{name: "pino", json: true, codeOnly: true, nameOnly: true, time: ms, write: writePino},
		{name: "videosdk", strict: true, codeOnly: true, write: writeVideoSDK},
		{name: "flutter", strict: true, codeOnly: true, write: writeFlutter},
		{name: "python", codeOnly: true, write: writePython},
		{name: "js", codeOnly: true, write: writeJS},
		{name: "logfmt", codeOnly: true, nameOnly: true, fields: true, time: s, write: writeLogfmt},
	}
}

// pair appends ` key=value`, nothing where the value is empty.
func pair(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ' ')
	dst = append(dst, key...)
	dst = append(dst, '=')
	return append(dst, value...)
}

func (p *parts) pairs(dst []byte) []byte {
	dst = pair(dst, "code", p.code)
	dst = pair(dst, "name", p.name)
	dst = pair(dst, p.meetingKey, p.meeting)
	return pair(dst, p.participantKey, p.participant)
}

const isoMillis = "2006-01-02T15:04:05.000Z"

func writeOnError(dst []byte, p *parts) []byte {
	dst = p.at.AppendFormat(dst, isoMillis)
	dst = append(dst, " ERROR [room] onError"...)
	return p.pairs(dst)
}

func writeComma(dst []byte, p *parts) []byte {
	dst = p.at.AppendFormat(dst, "2006-01-02 15:04:05,000")
	dst = append(dst, " ERROR onError"...)
	dst = pair(dst, "code", p.code)
	return pair(dst, "name", p.name)
}

func writeRefused(dst []byte, p *parts) []byte {
	dst = p.at.AppendFormat(dst, isoMillis)
	dst = append(dst, " WARN [room] join refused"...)
	return p.pairs(dst)
}

func writeFlat(dst []byte, p *parts) []byte {
	dst = append(dst, `{"ts":"`...)
	dst = p.at.AppendFormat(dst, isoMillis)
	dst = append(dst, `","level":"error"`...)
	if p.code != "" {
		dst = append(dst, `,"code":`...)
		dst = append(dst, p.code...)
	}
	dst = member(dst, "name", p.name)
	dst = member(dst, "message", p.message)
	dst = member(dst, p.meetingKey, p.meeting)
	dst = member(dst, p.participantKey, p.participant)
	return append(dst, '}')
}

// member appends a string member of a JSON object that has one already, nothing where the value is empty.
func member(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, `,"`...)
	dst = append(dst, key...)
	dst = append(dst, `":"`...)
	dst = appendEscaped(dst, []byte(value))
	return append(dst, '"')
}

func writePino(dst []byte, p *parts) []byte {
	dst = append(dst, `{"level":50,"time":`...)
	dst = strconv.AppendInt(dst, p.at.UnixMilli(), 10)
	dst = append(dst, `,"err":{`...)
	var inner []byte
	inner = member(inner, "code", p.code)
	inner = member(inner, "type", p.name)
	dst = append(dst, inner[1:]...)
	return append(dst, `},"msg":"meeting error"}`...)
}

func writeVideoSDK(dst []byte, p *parts) []byte {
	dst = append(dst, "VIDEOSDK ERROR :: "...)
	dst = append(dst, p.code...)
	dst = append(dst, "  :: "...)
	if p.name != "" {
		dst = append(dst, p.name...)
		dst = append(dst, " :: "...)
	}
	return append(dst, p.message...)
}

func writeFlutter(dst []byte, p *parts) []byte {
	dst = append(dst, "I/flutter ( 4711): VIDEOSDK ERROR :: "...)
	dst = append(dst, p.code...)
	dst = append(dst, " :: "...)
	if p.name != "" {
		dst = append(dst, p.name...)
		dst = append(dst, " :: "...)
	}
	return append(dst, strings.TrimSuffix(p.message, ".")...)
}

// writePython is a dict as Python's repr shows it.
func writePython(dst []byte, p *parts) []byte {
	dst = append(dst, "meeting error {'code': "...)
	dst = append(dst, p.code...)
	if p.name != "" {
		dst = append(dst, ", 'name': '"...)
		dst = append(dst, p.name...)
		dst = append(dst, '\'')
	}
	dst = append(dst, ", 'message': "...)
	dst = inQuotes(dst, p.message)
	return append(dst, '}')
}

// writeJS is an object as Node's console shows it.
func writeJS(dst []byte, p *parts) []byte {
	dst = append(dst, "meetingErr { code: "...)
	dst = append(dst, p.code...)
	if p.name != "" {
		dst = append(dst, ", name: '"...)
		dst = append(dst, p.name...)
		dst = append(dst, '\'')
	}
	dst = append(dst, ", message: "...)
	dst = inQuotes(dst, p.message)
	return append(dst, " }"...)
}

// inQuotes puts a text in single quotes, as both languages do, or in double ones where it holds single ones.
func inQuotes(dst []byte, text string) []byte {
	quote := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	dst = append(dst, quote)
	for i := range len(text) {
		if text[i] == quote || text[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, text[i])
	}
	return append(dst, quote)
}

func writeLogfmt(dst []byte, p *parts) []byte {
	dst = append(dst, "level=error ts="...)
	dst = p.at.AppendFormat(dst, "2006-01-02T15:04:05Z")
	dst = append(dst, ` msg="join refused"`...)
	return p.pairs(dst)
}
