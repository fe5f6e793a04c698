package fault

// Entry is what the reference has of a code. The contract, the guide and the code's page are
// written from it.
type Entry struct {
	Code Code
	Kind Kind
	// Meaning is a sentence, in Markdown without links, about what happened.
	Meaning string
	// Do is what the app does about it. It is empty for a code that no client meets.
	Do string
	// Repeat is whether the request may be sent again.
	Repeat Repeat
}

// Repeat says whether a refused request may be sent again.
type Repeat string

// The values of Repeat.
const (
	// Never is for a request that is refused again.
	Never Repeat = "no"
	// Changed is for a request that is taken after what the app or its user has to do.
	Changed Repeat = "once that is done"
	// Later is for a request that may be taken as it is, after a while.
	Later Repeat = "yes, later"
)

// Entries returns the codes that clients meet, in the order of package fault.
func Entries() []Entry {
	var met []Entry
	for _, e := range list {
		if e.Do != "" {
			met = append(met, e)
		}
	}
	return met
}

// Codes returns all public codes with their kinds, for the contract's tests and documentation.
func Codes() map[Code]Kind {
	all := make(map[Code]Kind, len(list))
	for _, e := range list {
		all[e.Code] = e.Kind
	}
	return all
}

// byCode is the list by code.
var byCode = func() map[Code]Entry {
	all := make(map[Code]Entry, len(list))
	for _, e := range list {
		all[e.Code] = e
	}
	return all
}()

// list has a row for each code. After a change run make generate. The last rows have no advice:
// event_malformed and event_unauthorized answer Pub/Sub, and analysis_crashed is shown as the
// failure of a scan.
var list = []Entry{
	{
		CodeInternal, Internal,
		"Something went wrong in the service.",
		"Try again with growing pauses. Show the request id if it stays.", Later,
	},
	{
		CodeUnavailable, Unavailable,
		"Something that the service needs does not answer, an instance is stopping, or too much is asked at once.",
		"Try again with growing pauses, not before `Retry-After`.", Later,
	},
	{
		CodeRateLimited, RateLimited,
		"A quota is used up; of a user's own, `RateLimit` names it.",
		"Wait for `Retry-After`, and say so to the user.", Later,
	},
	{
		CodeNotFound, NotFound,
		"There is nothing at this path, or it is not the caller's.",
		"Drop what the app kept of it.", Never,
	},
	{
		CodeMethodNotAllowed, MethodNotAllowed,
		"The path has no such method; `Allow` lists those it has.",
		"Correct the app.", Never,
	},
	{
		CodePreconditionFailed, PreconditionFailed,
		"`If-Match` names another revision than the present one.",
		"Read it again, make the change anew, and send that.", Changed,
	},
	{
		CodeMalformedBody, Invalid,
		"The body is not one whole JSON value or form, or there is one where none is taken.",
		"Correct the app; after an upload that broke off, send it again.", Changed,
	},
	{
		CodeInvalidField, Unprocessable,
		"A member of the body has a value that is not allowed; `fields` says which and why.",
		"Show the fault beside the user's entry.", Changed,
	},
	{
		CodeUnknownField, Unprocessable,
		"The body has a member that is not in this document.",
		"Correct the app.", Changed,
	},
	{
		CodeBodyTooLarge, TooLarge,
		"The body is larger than allowed: 64 KiB of JSON, 15 MiB with a photo.",
		"Send a smaller photo.", Changed,
	},
	{
		CodeUnsupportedMediaType, UnsupportedMediaType,
		"The body's media type or coding is not taken.",
		"Convert the photo to JPEG, PNG or WebP; otherwise correct the app.", Changed,
	},
	{
		CodeInvalidParameter, Invalid,
		"A parameter of the query, the path or a header is not valid; `fields` says which and why.",
		"Correct the app; after an expired cursor begin at the first page.", Changed,
	},
	{
		CodeUnreadablePhoto, Unprocessable,
		"The picture in the body is damaged.",
		"Send another picture.", Changed,
	},
	{
		CodeTokenMissing, Unauthenticated,
		"The request has no ID token.",
		"Send the ID token as `Authorization: Bearer`.", Changed,
	},
	{
		CodeTokenInvalid, Unauthenticated,
		"The token is none of this project's, or its user is gone.",
		"Have the user sign in again.", Changed,
	},
	{
		CodeTokenExpired, Unauthenticated,
		"The ID token is over.",
		"Refresh it once, and repeat the request.", Changed,
	},
	{
		CodeTokenRevoked, Unauthenticated,
		"The sign-in was ended: by a sign-out everywhere, a changed password or a lock.",
		"Have the user sign in again.", Changed,
	},
	{
		CodeUserDisabled, Forbidden,
		"The user may not sign in, or the account is being erased.",
		"Sign the user out and say so.", Never,
	},
	{
		CodeInvalidCredentials, Unauthenticated,
		"The address or the password is wrong, or the user is disabled.",
		"Let the user correct them, and offer a reset of the password.", Changed,
	},
	{
		CodeSecondFactorNeeded, Forbidden,
		"The account has a second factor, which only the Firebase SDK can ask for.",
		"Sign in with the Firebase SDK.", Never,
	},
	{
		CodeAppCheckMissing, Unauthenticated,
		"The request has no App Check token where one is asked for.",
		"Send the SDK's token as `X-Firebase-AppCheck`.", Changed,
	},
	{
		CodeAppCheckInvalid, Unauthenticated,
		"The App Check token is over or another project's.",
		"Have the SDK make a new one, once, and repeat the request.", Changed,
	},
	{
		CodeRoleRequired, Forbidden,
		"Only staff of a higher role may do it.",
		"Hide it from this user.", Never,
	},
	{
		CodeNotRegistered, Forbidden,
		"The user has no account of the service yet.",
		"Register, then repeat the request.", Changed,
	},
	{
		CodeAccountErasing, Forbidden,
		"The account is being erased.",
		"Sign the user out; a new account can be made once it is done.", Never,
	},
	{
		CodeAccountBanned, Forbidden,
		"The account is banned.",
		"Sign the user out and say so. A link by e-mail still deletes the account.", Never,
	},
	{
		CodeAccountQuarantined, Forbidden,
		"The account is under review: nothing new is measured.",
		"Say so. What there is can be seen, exported and deleted.", Never,
	},
	{
		CodeAccountState, Conflict,
		"The account is in a state from which the action does not lead.",
		"Look at the account and decide anew.", Never,
	},
	{
		CodeSignInStale, Forbidden,
		"The sign-in of the staff is more than 15 minutes old.",
		"Sign in once more.", Never,
	},
	{
		CodeEmailExists, Conflict,
		"Another user has this e-mail address.",
		"Offer the login.", Never,
	},
	{
		CodeEmailMissing, Conflict,
		"The user has no e-mail address.",
		"Have one added with the Firebase SDK.", Changed,
	},
	{
		CodeWeakPassword, Unprocessable,
		"The password is too short or too simple.",
		"Ask for another password.", Changed,
	},
	{
		CodeUsernameTaken, Conflict,
		"Another user has this username, or it is reserved.",
		"Ask for another name.", Changed,
	},
	{
		CodeUsernameCooldown, RateLimited,
		"The last change of the username is less than 30 days ago.",
		"Say when it may be changed: after `Retry-After`.", Later,
	},
	{
		CodeDivisionCooldown, RateLimited,
		"The last change of the division is less than 30 days ago.",
		"Say when it may be changed: after `Retry-After`.", Later,
	},
	{
		CodeBoardGone, NotFound,
		"The leaderboard of this week or day is not kept any more.",
		"Show the present boards.", Never,
	},
	{
		CodeConsentRequired, Forbidden,
		"No consent is in force.",
		"Show the text and ask for consent, then repeat the request.", Changed,
	},
	{
		CodeConsentOutdated, Conflict,
		"The text that was agreed to is not the present one.",
		"Read and show the present text, and ask anew.", Changed,
	},
	{
		CodeBirthYearRequired, Forbidden,
		"The user has not said when they were born.",
		"Ask for the birth year, then repeat the request.", Changed,
	},
	{
		CodeUnderAge, Forbidden,
		"The user is younger than the operator's least age.",
		"Say so. Nothing is measured.", Never,
	},
	{
		CodeBirthYearFixed, Conflict,
		"The birth year is declared already, and cannot be changed.",
		"Say so; support can correct it.", Never,
	},
	{
		CodeIdempotencyReused, Unprocessable,
		"The `Idempotency-Key` belongs to another request.",
		"Make a new key for a new request.", Changed,
	},
	{
		CodeNotOptional, Unprocessable,
		"The notice cannot be turned off.",
		"Show it as fixed.", Never,
	},
	{
		CodeTooManyFriends, Conflict,
		"One of the two users has no room for another friend.",
		"Say so.", Never,
	},
	{
		CodeScanNotCompleted, Conflict,
		"The scan has no result yet, or never will have.",
		"Wait for it, then repeat the request.", Later,
	},
	{
		CodeOriginalGone, Gone,
		"The photo is deleted, as planned.",
		"Take another photo.", Never,
	},
	{
		CodeAlreadyCurrent, Conflict,
		"The scan was measured by the present engine.",
		"Show the result as it is.", Never,
	},
	{
		CodeEventMalformed, Invalid,
		"An event is not one of the service's.",
		"", Never,
	},
	{
		CodeEventUnauthorized, Unauthenticated,
		"An event was not pushed by Pub/Sub.",
		"", Never,
	},
	{
		CodeAnalysisCrashed, Unprocessable,
		"The engine crashed at a photo, which ends its scan.",
		"", Never,
	},
}
