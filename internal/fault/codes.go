package fault

// Code is the stable public name of a failure, in snake_case. Codes are never renamed or reused,
// since apps compare them.
type Code string

// The codes, grouped by subject. A new code needs its row in list.go, or a test fails.
const (
	CodeInternal         Code = "internal"
	CodeUnavailable      Code = "unavailable"
	CodeRateLimited      Code = "rate_limited"
	CodeNotFound         Code = "not_found"
	CodeMethodNotAllowed Code = "method_not_allowed"
	// CodePreconditionFailed means that If-Match names another revision than the current one.
	CodePreconditionFailed Code = "precondition_failed"

	CodeMalformedBody        Code = "malformed_body"
	CodeInvalidField         Code = "invalid_field"
	CodeUnknownField         Code = "unknown_field"
	CodeBodyTooLarge         Code = "body_too_large"
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	CodeInvalidParameter     Code = "invalid_parameter"
	// CodeUnreadablePhoto means that the picture in the body is damaged.
	CodeUnreadablePhoto Code = "unreadable_photo"

	CodeTokenMissing       Code = "token_missing"
	CodeTokenInvalid       Code = "token_invalid"
	CodeTokenExpired       Code = "token_expired"
	CodeTokenRevoked       Code = "token_revoked"
	CodeUserDisabled       Code = "user_disabled"
	CodeInvalidCredentials Code = "invalid_credentials" //nolint:gosec // a code, no credential
	// CodeSecondFactorNeeded means that the account has a second factor, which only the Firebase SDK
	// supports.
	CodeSecondFactorNeeded Code = "second_factor_needed"

	// CodeAppCheckMissing and CodeAppCheckInvalid are about the calling app and not about its user.
	CodeAppCheckMissing Code = "app_check_missing"
	CodeAppCheckInvalid Code = "app_check_invalid"

	// CodeRoleRequired means that only staff may do it.
	CodeRoleRequired   Code = "role_required"
	CodeNotRegistered  Code = "not_registered"
	CodeAccountErasing Code = "account_erasing"
	// CodeAccountBanned and CodeAccountQuarantined are about the caller's account, and
	// CodeAccountState about one that staff act on.
	CodeAccountBanned      Code = "account_banned"
	CodeAccountQuarantined Code = "account_quarantined"
	CodeAccountState       Code = "account_state"
	// CodeSignInStale means that staff have to sign in once more.
	CodeSignInStale   Code = "sign_in_stale"
	CodeEmailExists   Code = "email_exists"
	CodeEmailMissing  Code = "email_missing"
	CodeWeakPassword  Code = "weak_password"
	CodeUsernameTaken Code = "username_taken"
	// CodeUsernameCooldown and CodeDivisionCooldown mean that the last change of the username or the
	// division was too recent.
	CodeUsernameCooldown Code = "username_cooldown"
	CodeDivisionCooldown Code = "division_cooldown"
	// CodeBoardGone means that the leaderboard of a week or a day is not kept any more.
	CodeBoardGone       Code = "board_gone"
	CodeConsentRequired Code = "consent_required"
	CodeConsentOutdated Code = "consent_version_outdated"
	// CodeBirthYearRequired and CodeUnderAge mean that the user's age is unknown or below the minimum.
	CodeBirthYearRequired Code = "birth_year_required"
	CodeUnderAge          Code = "under_age"
	CodeBirthYearFixed    Code = "birth_year_fixed"
	CodeIdempotencyReused Code = "idempotency_key_reused"
	// CodeNotOptional means that a notice cannot be turned off.
	CodeNotOptional Code = "not_optional"
	// CodeTooManyFriends means that one of two users has no room for another friend.
	CodeTooManyFriends   Code = "too_many_friends"
	CodeScanNotCompleted Code = "scan_not_completed"
	// CodeOriginalGone means that a scan's photo is deleted, and CodeAlreadyCurrent that measuring it
	// again would give the same result.
	CodeOriginalGone   Code = "original_gone"
	CodeAlreadyCurrent Code = "already_current"

	CodeEventMalformed    Code = "event_malformed"
	CodeEventUnauthorized Code = "event_unauthorized"
	CodeAnalysisCrashed   Code = "analysis_crashed"
)

// Kind returns the kind of the code. A code that is not in the list is internal.
func (c Code) Kind() Kind { return byCode[c].Kind }
