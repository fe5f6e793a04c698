package web

// storeName returns what people call the store of a receipt, in the language. Receipts, which are
// signed, have its name in the database; what has no other stays so.
func storeName(lang, store string) string {
	names, ok := storeNames[store]
	switch {
	case !ok:
		return store
	case lang == "de":
		return names.german
	}
	return names.english
}

var storeNames = map[string]struct{ english, german string }{
	"audit":        {"Notes of staff that named you", "Vermerke unserer Leute, die dich nannten"},
	"blocked":      {"Blocked users", "Blockierte"},
	"consents":     {"Consents", "Einwilligungen"},
	"deliveries":   {"Notes of pushes and mails", "Vermerke über Pushs und Mails"},
	"devices":      {"Devices", "Geräte"},
	"entries":      {"Places on leaderboards", "Plätze auf Bestenlisten"},
	"erasures":     {"Withdrawals under way", "Laufende Widerrufe"},
	"export files": {"Files of exports", "Dateien von Exporten"},
	"exports":      {"Exports", "Exporte"},
	"friendcodes":  {"Friend codes", "Freundescodes"},
	"friends":      {"Friends", "Freunde"},
	"guard":        {"Marks of earlier photos", "Merkmale früherer Fotos"},
	"inbox":        {"Notifications", "Benachrichtigungen"},
	"limits":       {"Counters of requests", "Zähler von Anfragen"},
	"namereports":  {"Reports of the name", "Meldungen des Namens"},
	"outbox":       {"Messages between our services", "Nachrichten zwischen unseren Diensten"},
	"pace":         {"Times of notifications", "Zeiten von Benachrichtigungen"},
	"parked":       {"Messages that could not be handled", "Nachrichten, die nicht zu bearbeiten waren"},
	"photos":       {"Photos", "Fotos"},
	"ratings":      {"Ratings", "Wertungen"},
	"reported":     {"Your reports of names", "Deine Meldungen von Namen"},
	"results":      {"Pictures of results", "Bilder der Ergebnisse"},
	"scans":        {"Scans", "Scans"},
	"series":       {"Series of photos", "Fotoserien"},
	"sharing":      {"Secrets of friend codes", "Geheimnisse der Freundescodes"},
	"sign-in":      {"Sign-in", "Anmeldung"},
	"usernames":    {"Usernames", "Benutzernamen"},
	"users":        {"Account", "Konto"},
}
