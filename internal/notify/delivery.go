package notify

import "cloud.google.com/go/firestore"

// Channel is a way to the user besides the inbox.
type Channel string

// The channels.
const (
	Push  Channel = "push"
	Email Channel = "email"
)

// DeliveryRef returns users/{uid}/deliveries/{eventID_channel}, which package deliver keeps.
func DeliveryRef(user *firestore.DocumentRef, eventID string, c Channel) *firestore.DocumentRef {
	return user.Collection("deliveries").Doc(eventID + "_" + string(c))
}
