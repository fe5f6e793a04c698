package event

// DeliveryDueV1 requests that what was put off for a user be delivered, as far as it is due. The
// sweep publishes it again each minute while anything is. Id: (type, uid, minute of the sweep).
type DeliveryDueV1 struct {
	UID string `json:"uid"`
}

// EventType returns "delivery.due.v1".
func (DeliveryDueV1) EventType() string { return "delivery.due.v1" }

// Validate requires uid.
func (e DeliveryDueV1) Validate() error { return require("uid", e.UID) }
