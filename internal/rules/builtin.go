package rules

import "time"

// Builtin returns the rules that run where the configuration names none. docs/rules.md has the reason for each number.
func Builtin() []Rule {
	return []Rule{permissionRule(), meetingsFullRule(), authRule()}
}

func permissionRule() Rule {
	return Rule{
		Name:  "VideoPermissionDenialSpike",
		Match: Match{Categories: []string{"permission"}},
		Above: new(int64(20)), ResolveAt: new(int64(10)), Window: 5 * time.Minute, KeepFiringFor: 5 * time.Minute,
		By: []string{"source"}, Severity: "critical",
		Summary: "Devices denied the camera, the microphone or the screen {{ $value }} times within {{ $window }} on " +
			"{{ $labels.source }} (limit {{ $threshold }}).",
		RunbookURL: "/rules/VideoPermissionDenialSpike#runbook",
		FirstCheck: "Did a release of the client change when or how it asks for permission, or did a browser update?",
	}
}

func meetingsFullRule() Rule {
	return Rule{
		Name:  "MeetingsFull",
		Match: Match{Categories: []string{"capacity"}},
		Above: new(int64(20)), ResolveAt: new(int64(10)), Window: 15 * time.Minute, KeepFiringFor: 15 * time.Minute,
		By: []string{"source", "code"}, Severity: "warning",
		Summary: "{{ $value }} joins were refused with {{ $labels.code }} at a capacity limit within {{ $window }} on " +
			"{{ $labels.source }} (limit {{ $threshold }}).",
		RunbookURL: "/rules/MeetingsFull#runbook",
		FirstCheck: "Is it one large meeting or many? The capacity review shows how many more seats would have been enough.",
	}
}

func authRule() Rule {
	return Rule{
		Name:  "AuthSpike",
		Match: Match{Categories: []string{"auth"}},
		Above: new(int64(10)), ResolveAt: new(int64(5)), Window: 5 * time.Minute, KeepFiringFor: 5 * time.Minute,
		By: []string{"source"}, Severity: "critical",
		Summary: "{{ $value }} tokens, API keys or permissions were refused within {{ $window }} on " +
			"{{ $labels.source }} (limit {{ $threshold }}).",
		RunbookURL: "/rules/AuthSpike#runbook",
		FirstCheck: "Did the service that issues tokens change its key, its clock or the lifetime of tokens?",
	}
}
