package app

import "testing"

const silenceRules = `
patterns:
  - use: builtin
  - {name: joined, regex: 'joined room=(?P<meeting>\S+)', reference: true}
rules:
  - {name: Silent, match: {sources: [meeting]}, absent: {}, window: 1s}
  - {name: Refused, match: {codes: ["3014"]}, ratio: {to: {names: [joined]}, above: 0.5, min_total: 2}, window: 1h}
`

// What is compared with something beside errors needs all of it: lines without an event, and reference events.
func TestSilenceAndRatioInTheDaemon(t *testing.T) {
	t.Parallel()
	r := newRig(t, silenceRules)
	r.write("a.log", "INFO joined room=ab12\nINFO joined room=ab12\n"+denials(3))
	r.start()
	fires := func(rule string) func() bool {
		return func() bool {
			for _, a := range r.d.Totals().Alerts {
				if a.Rule == rule && a.Firing {
					return true
				}
			}
			return false
		}
	}
	r.until("the ratio of denials to joins fires", fires("Refused"))
	r.until("the silence of the source fires", fires("Silent"))
}
