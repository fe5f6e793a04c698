package notify

import "cloud.google.com/go/firestore"

// Deliveries returns the collection of what was delivered to the user, which package deliver keeps.
func Deliveries(user *firestore.DocumentRef) *firestore.CollectionRef {
	return user.Collection("deliveries")
}
