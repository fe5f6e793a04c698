package event

import "time"

// DeviceAddedV1 reports that an installation of the app which the account did not have, or had as
// one of another platform, was added to it. Id: (type, uid, device id, platform), without the time:
// an installation that leaves and comes back makes the same event, which a consumer drops for as
// long as it remembers the id.
type DeviceAddedV1 struct {
	UID string `json:"uid"`
	// DeviceID is the id that the app chose for its installation.
	DeviceID string `json:"deviceId"`
	// Platform is "android", "ios" or "web".
	Platform string    `json:"platform"`
	AddedAt  time.Time `json:"addedAt"`
}

// EventType returns "device.added.v1".
func (DeviceAddedV1) EventType() string { return "device.added.v1" }

// Validate requires all members.
func (e DeviceAddedV1) Validate() error {
	return require("uid", e.UID, "deviceId", e.DeviceID, "platform", e.Platform, "addedAt", written(e.AddedAt))
}
