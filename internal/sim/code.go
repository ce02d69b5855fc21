package sim

import "maps"

// Code is one error code as the generators are told it: they hold no catalogue of their own.
type Code struct {
	Code, Name, Category string
	Message              string   // the documented text, "" where there is none
	Aliases              []string // other spellings of Name
}

// usual is what a server in good health logs now and then, the frequent ones more than once.
func usual() []Code {
	inUse := Code{Code: "3023", Name: "ERROR_CAMERA_IN_USE", Category: "device"}
	return []Code{
		camera(), camera(), inUse, inUse, microphone(), token(), full(), speakers(),
		{Code: "3028", Name: "ERROR_MICROPHONE_TRACK_ENDED", Category: "device"},
		{Code: "3035", Name: "ERROR_ACTION_PERFORMED_BEFORE_MEETING_JOINED", Category: "lifecycle"},
		{
			Code: "4005", Name: "DUPLICATE_PARTICIPANT", Category: "meeting",
			Message: "Leaving meeting, since this participantId joined from another device.",
		},
		{
			Code: "4018", Name: "PREV_RECORDING_PROCESSING", Category: "recording",
			Message: "Previous recording session is being processed, please try again after few seconds!",
		},
		{Code: "5004", Name: "RECORDING_DURATION_LIMIT_REACHED", Category: "duration_limit"},
	}
}

func camera() Code {
	return Code{
		Code: "3014", Name: "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED", Category: "permission",
		Message: "Video capture permission denied.",
	}
}

func microphone() Code {
	return Code{
		Code: "3015", Name: "ERROR_GET_AUDIO_MEDIA_PERMISSION_DENIED", Category: "permission",
		Message: "Audio capture permission denied.",
	}
}

func full() Code {
	return Code{
		Code: "4009", Name: "MAX_PARTCIPANT_REACHED", Category: "capacity", Aliases: []string{"MAX_PARTICIPANT_REACHED"},
		Message: "You have reached max partcipant limit in a meeting.",
	}
}

func speakers() Code {
	return Code{Code: "4010", Name: "MAX_SPEAKER_REACHED", Category: "capacity", Message: "You have reached max speaker limit in a meeting."}
}

func token() Code {
	return Code{Code: "4002", Name: "INVALID_TOKEN", Category: "auth", Message: "token is empty or invalid or might have expired."}
}

// Truth is what generated text amounts to.
type Truth struct {
	Lines     int64            // line ends written
	Records   int64            // lines once partial records are joined; equal to Lines except in the form cri
	Bytes     int64            // with line ends
	Events    map[string]int64 // events by the code under which they count
	Conflicts int64            // of these, events whose code and name disagree: the name's code counts
	Decoys    int64            // records that only look like an event
}

func (t *Truth) event(code string, conflict bool) {
	t.Events[code]++
	if conflict {
		t.Conflicts++
	}
}

func (t *Truth) clone() Truth {
	out := *t
	out.Events = maps.Clone(t.Events)
	return out
}
