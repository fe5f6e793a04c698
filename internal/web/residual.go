package web

// residual returns the name of a copy that goes by itself in the language. Receipts and the schema
// have it in English; what has no translation stays so.
func residual(lang, what string) string {
	if lang == "de" && germanResiduals[what] != "" {
		return germanResiduals[what]
	}
	return what
}

var germanResiduals = map[string]string{
	"point-in-time recovery of the database": "die Wiederherstellung der Datenbank zu einem Zeitpunkt",
	"backups of the database":                "Sicherungen der Datenbank",
	"messages in topics, which bear ids, numbers and sealed addresses": "" +
		"Nachrichten zwischen den Diensten, mit Kennungen, Zahlen und verschlüsselten Adressen",
	"messages that could not be delivered, which bear the same": "" +
		"Nachrichten, die nicht zugestellt werden konnten, mit denselben Angaben",
	"events kept for an operator because they could not be read": "" +
		"Ereignisse, die für den Betreiber aufbewahrt werden, weil sie nicht zu lesen waren",
	"logs, which bear a keyed hash of the id": "Protokolle, mit einem geschlüsselten Hash der Kennung",
	"logs of requests that looked like an attack, or of all while a fault is looked for, which bear address and path": "" +
		"Protokolle von Anfragen, die wie ein Angriff aussahen, oder aller während einer Fehlersuche, mit Adresse und Pfad",
	"notes under a keyed hash of the id, to erase what a restored backup brings back": "" +
		"Vermerke unter einem geschlüsselten Hash der Kennung, um zu löschen, was eine eingespielte Sicherung zurückbringt",
	"what was done to the account and when, under a pseudonym to which nothing leads any more": "" +
		"was mit dem Konto wann geschah, unter einem Pseudonym, zu dem nichts mehr führt",
	"Google's own copies of what was deleted from database and storage, which we cannot read": "" +
		"Googles eigene Kopien dessen, was aus Datenbank und Speicher gelöscht wurde, die wir nicht lesen können",
	"Firebase Authentication's live and backup systems": "die Systeme und Sicherungen von Firebase Authentication",
}
