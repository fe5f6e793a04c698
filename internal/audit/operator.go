package audit

// The kinds of acts of operators and of administrators in their place. They have a subject if what
// was done is about a user.
const (
	// EventRedriven is that a parked event was published again, and LetterRedriven a dead letter.
	EventRedriven  Kind = "event.redriven"
	LetterRedriven Kind = "letter.redriven"
	// LetterDropped is that a dead letter was removed and not redriven.
	LetterDropped Kind = "letter.dropped"
	// DeliveryRedriven is that the failed delivery of a notice was begun again.
	DeliveryRedriven Kind = "delivery.redriven"
	// StoryRead is a look at what there is of a user or a scan.
	StoryRead Kind = "story.read"
	// AddressRevealed is a look at the address of a user.
	AddressRevealed Kind = "address.revealed"
	// RescoreAsked is that a scan is to be scored by another version of the engine.
	RescoreAsked Kind = "rescore.asked"
	// BoardRebuilt is that the counts of a leaderboard were made anew, and RatingsRebuilt that the
	// ratings of a user were.
	BoardRebuilt   Kind = "board.rebuilt"
	RatingsRebuilt Kind = "ratings.rebuilt"
	// OrphanCleared is that the objects of a scan were deleted that the database does not have.
	OrphanCleared Kind = "orphan.cleared"
)

// operated are the kinds that may have a subject, and need none.
var operated = map[Kind]bool{
	EventRedriven: true, LetterRedriven: true, LetterDropped: true, DeliveryRedriven: true,
	StoryRead: true, AddressRevealed: true, RescoreAsked: true, BoardRebuilt: true, RatingsRebuilt: true,
	OrphanCleared: true,
}
