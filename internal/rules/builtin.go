package rules

import (
	"time"

	"github.com/errwatch/errwatch/internal/event"
)

// Builtin returns the rules that run where the configuration names none. docs/rules.md has the reason for each number.
// The watchdog is not among them: alerts.watchdog switches it, whatever the list of rules.
func Builtin() []Rule {
	return []Rule{
		permissionRule(), meetingsFullRule(), organizationLimitRule(), authRule(), failedRule(), unknownCodeRule(), silentRule(),
	}
}

func permissionRule() Rule {
	return Rule{
		Name:     "VideoPermissionDenialSpike",
		Match:    Match{Categories: []string{"permission"}},
		Distinct: &Distinct{Of: event.Participant, Above: 20, ResolveAt: new(int64(10)), OrEvents: true},
		Window:   5 * time.Minute, KeepFiringFor: 5 * time.Minute,
		By: []string{"source"}, Severity: "critical",
		Summary: "{{ $value }} devices denied the camera, the microphone or the screen within {{ $window }} on " +
			"{{ $labels.source }} (limit {{ $threshold }}).",
		RunbookURL: "/rules/VideoPermissionDenialSpike#runbook",
		FirstCheck: "Did a release of the client change when or how it asks for permission, or did a browser update?",
	}
}

func meetingsFullRule() Rule {
	return Rule{
		Name:     "MeetingsFull",
		Match:    Match{Names: []string{"MAX_PARTCIPANT_REACHED", "MAX_SPEAKER_REACHED"}},
		Distinct: &Distinct{Of: event.Meeting, Above: 5, ResolveAt: new(int64(2))},
		Window:   15 * time.Minute, KeepFiringFor: 15 * time.Minute,
		By: []string{"source", "name"}, Severity: "warning",
		Summary: "{{ $value }} meetings turned people away with {{ $labels.name }} within {{ $window }} on " +
			"{{ $labels.source }} (limit {{ $threshold }}).",
		RunbookURL: "/rules/MeetingsFull#runbook",
		FirstCheck: "Did the plan or a limit of the application change, or are these large meetings planned? The top meetings in the alert tell.",
	}
}

func organizationLimitRule() Rule {
	return Rule{
		Name: "OrganizationLimitReached",
		Match: Match{Names: []string{
			"MAX_SPEAKER_LIMIT_REACHED_ON_ORGANIZATION", "MAX_VIEWER_LIMIT_REACHED_ON_ORGANIZATION",
			"MAX_RECORDING_LIMIT_REACHED_ON_ORGANIZATION", "MAX_HLS_LIMIT_REACHED_ON_ORGANIZATION",
			"MAX_LIVESTREAM_LIMIT_REACHED_ON_ORGANIZATION",
		}},
		Above: new(int64(0)), Window: 15 * time.Minute, KeepFiringFor: 15 * time.Minute,
		By: []string{"source", "name"}, Severity: "warning",
		Summary: "{{ $labels.name }} came {{ $value }} time{{ if ne $value 1.0 }}s{{ end }} within {{ $window }} on " +
			"{{ $labels.source }}: every meeting of the organisation is affected.",
		RunbookURL: "/rules/OrganizationLimitReached#runbook",
		FirstCheck: "Is it real growth, one large event, or meetings and recordings in the dashboard that should have ended?",
	}
}

func authRule() Rule {
	return Rule{
		Name:  "AuthSpike",
		Match: Match{Categories: []string{"auth"}},
		Above: new(int64(10)), ResolveAt: new(int64(5)), Window: 5 * time.Minute, KeepFiringFor: 5 * time.Minute,
		Dedupe: &Dedupe{By: []string{event.Participant}, Within: time.Minute},
		By:     []string{"source"}, Severity: "critical",
		Summary: "{{ $value }} tokens, API keys or permissions were refused within {{ $window }} on " +
			"{{ $labels.source }} (limit {{ $threshold }}).",
		RunbookURL: "/rules/AuthSpike#runbook",
		FirstCheck: "Did the service that issues tokens change its key, its clock or the lifetime of tokens?",
	}
}

func failedRule() Rule {
	return Rule{
		Name: "RecordingOrStreamFailed",
		Match: Match{Names: []string{
			"RECORDING_FAILED", "LIVESTREAM_FAILED", "HLS_FAILED", "TRANSCRIPTION_FAILED", "PARTICIPANT_RECORDING_FAILED",
			"TRACK_RECORDING_FAILED", "COMPOSITE_RECORDING_FAILED",
		}},
		Above: new(int64(0)), Window: 10 * time.Minute, KeepFiringFor: 10 * time.Minute,
		By: []string{"source", "name"}, Severity: "warning",
		Summary: "{{ $labels.name }} came {{ $value }} time{{ if ne $value 1.0 }}s{{ end }} within {{ $window }} on " +
			"{{ $labels.source }}: what was running broke off.",
		RunbookURL: "/rules/RecordingOrStreamFailed#runbook",
		FirstCheck: "Tell the host and start it again; then count the meetings: one is bad luck, several are the storage or the vendor.",
	}
}

func unknownCodeRule() Rule {
	return Rule{
		Name:  "UnknownCode",
		Match: Match{Categories: []string{"unknown"}},
		New:   true, Window: 7 * 24 * time.Hour,
		By: []string{"source", "code"}, Severity: "info",
		Summary: "The code {{ $labels.code }} has appeared on {{ $labels.source }}: the catalogue does not know it, and it did " +
			"not occur within {{ $window }}.",
		RunbookURL: "/rules/UnknownCode#runbook",
		FirstCheck: "Was the SDK updated? If the code is here to stay, give it a name and a category under codes.",
	}
}

func silentRule() Rule {
	return Rule{
		Name:   "SourceSilent",
		Absent: true, Silence: &Silence{Factor: 2, Baseline: 24 * time.Hour}, Window: 15 * time.Minute,
		By: []string{"source"}, Severity: "warning",
		Summary:    "{{ $labels.source }} has written no line for {{ $value | humanizeDuration }} (limit {{ $threshold | humanizeDuration }}).",
		RunbookURL: "/rules/SourceSilent#runbook",
		FirstCheck: "Does the server run, is its disk full, and does it still write to the files that the source names?",
	}
}

// Watchdog returns the rule of alerts.watchdog. It always fires, so whoever no longer hears of it knows that errwatch, or
// the way from it, is down.
func Watchdog() Rule {
	return Rule{
		Name: "Watchdog", Always: true, Severity: "none",
		Summary:    "errwatch watches; when this alert ends, it does not.",
		RunbookURL: "/rules/Watchdog#runbook",
		FirstCheck: "Nothing is wrong: route it to whatever notices that it stays away.",
	}
}
