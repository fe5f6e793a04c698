package sentence

// Title returns the short title of a kind of errors, which is given in English, in the language.
func Title(lang Lang, english string) string {
	if german, ok := titles[english]; ok && lang == German {
		return german
	}
	return english
}

// titles are the German titles by the English ones of package fault.
var titles = map[string]string{
	"Internal error":         "Interner Fehler",
	"Invalid request":        "Ungültige Anfrage",
	"Not authenticated":      "Nicht angemeldet",
	"Forbidden":              "Nicht erlaubt",
	"Not found":              "Nicht gefunden",
	"Method not allowed":     "Methode nicht erlaubt",
	"Conflict":               "Konflikt",
	"Gone":                   "Nicht mehr da",
	"Precondition failed":    "Vorbedingung nicht erfüllt",
	"Too large":              "Zu groß",
	"Unsupported media type": "Medientyp nicht unterstützt",
	"Unprocessable":          "Nicht verarbeitbar",
	"Too many requests":      "Zu viele Anfragen",
	"Unavailable":            "Nicht verfügbar",
}
